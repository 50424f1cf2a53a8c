//! The integration tests. Folders mirror the source. `serial` holds what starts servers of its own and breaks them:
//! `cargo xtask test` runs it apart, one test after the other.

mod api;
mod ledger;
mod scheduler;
mod search;
mod serial;
mod worker;
