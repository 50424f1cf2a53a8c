//! What integration tests stand on: a platform of their own on real servers.
//!
//! Every [`Platform`] has its own database (cloned from a migrated template), key prefix and bucket, so all tests run
//! at once. A test that stops, flushes, pauses or reconfigures a server starts its own with
//! [`gotong_xtask::servers`] and hands its address to [`Platform::on`].

mod backups;
mod database;
mod forwarder;
mod images;
pub mod mail;
mod platform;
mod processes;
mod receiver;
mod redis;
mod search_index;
mod services;
mod waiting;

pub use backups::BackupKey;
pub use database::TestDatabase;
pub use forwarder::Forwarder;
pub use images::{header_only_png, jpeg, png_with_alpha, turned_jpeg};
pub use platform::{Client, Platform, Running, Servers, answer};
pub use processes::{Binary, Process};
pub use receiver::{Received, Receiver};
pub use redis::{port_of, redis_command};
pub use search_index::{Contents, SearchIndexes, documents};
pub use services::Services;
pub use waiting::{LONG, eventually};
