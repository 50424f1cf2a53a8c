//! PostgreSQL, the ledger: pool, migrations, rows.

mod cached;
pub mod models;
mod pool;
pub mod schema;

pub use cached::Cached;
pub use pool::{Connection, Database, DatabaseError, MIGRATIONS};
