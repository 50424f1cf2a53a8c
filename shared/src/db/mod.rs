//! PostgreSQL, the ledger: pool, migrations, rows.

pub mod models;
mod pool;
pub mod schema;

pub use pool::{Connection, Database, DatabaseError, MIGRATIONS};
