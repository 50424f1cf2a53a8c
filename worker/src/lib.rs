//! Gotong's worker.
//!
//! - [`backup`]: what backups work with; [`restore`]: restoring one without the platform.
//! - [`runner`]: one apalis worker per queue, under one monitor, until the process is told to stop.
//! - [`jobs`]: the handler of every kind, one file each, named as the contract in `gotong_shared::jobs`.
//! - [`outcome`]: what a handler can end in, and what that means for its job.
//! - [`import`]: moves the jobs of an apalis-redis queue into Gotong.
//! - [`mail`]: from the rows of an e-mail to the mail server's answers.
//! - [`report`]: from a query to a file in the object store, and to people.
//! - [`search`]: many documents in one write, whole indices, their comparison with the ledger.
//! - [`thumbnail`]: from the bytes of an upload to the bytes of a thumbnail, within declared limits.

pub mod backup;
pub mod import;
pub mod jobs;
pub mod mail;
pub mod outcome;
pub mod report;
pub mod restore;
pub mod runner;
pub mod search;
pub mod thumbnail;
pub mod webhook;

pub use runner::{Resources, Settings, run};
