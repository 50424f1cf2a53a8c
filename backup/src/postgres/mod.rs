//! PostgreSQL: addresses, connections, its programs, and what a database holds.

pub(crate) mod census;
pub(crate) mod connection;
pub(crate) mod facts;
pub(crate) mod process;
pub(crate) mod programs;
mod url;

pub use programs::Programs;
pub use url::DatabaseUrl;
