#![doc = include_str!("../README.md")]

mod copy;
mod create;
mod databases;
mod difference;
mod digest;
mod error;
mod inventory;
mod keys;
mod manifest;
mod names;
mod postgres;
mod progress;
mod restore;
mod retention;
mod sealing;
mod store;
mod unsealing;
mod verify;

pub use copy::{Copy, CopyReport, FailedCopy, copy};
pub use create::{Create, create};
pub use difference::Difference;
pub use error::Error;
pub use inventory::{Listing, Swept, Unreadable, find, list, remove, sweep};
pub use keys::{Identity, Recipient, identities};
pub use manifest::{
    DatabaseFacts, Digested, Extension, FORMAT_VERSION, LargeObjectCensus, Manifest, StoredObject, TableCensus,
};
pub use names::{BackupId, BackupUrl, Selector, TargetName};
pub use postgres::{DatabaseUrl, Programs};
pub use progress::{Observer, Progress, Stage};
pub use restore::{Restore, Restored, restore};
pub use retention::{Candidate, Policy, Reason, Verdict, plan};
pub use sealing::Compression;
pub use store::{Store, StoreConfig, UnfinishedUpload};
pub use verify::{Drill, Verify, sweep_scratch, verify};
