//! Configuration: one struct per concern, each reading its own `GOTONG_…` variables.
//!
//! Values come from the environment, then from `.env.$GOTONG_ENV` and `.env` in the working directory. A wrong or
//! missing value stops the start with a message naming the variable; `.env.example` documents every one.

mod api;
mod backup;
mod database;
mod mail;
mod process;
mod queue;
mod reader;
mod report;
mod restore;
mod search;
mod storage;
mod worker;

pub use api::{ApiConfig, UploadLimits};
pub use backup::{
    BackupConfig, BackupIdentity, BackupPromise, BackupRetention, BackupTarget, MediaCopyConfig, PLATFORM_TARGET,
    SecretUrl,
};
pub use database::DatabaseConfig;
pub use mail::{DkimConfig, MailConfig};
pub use process::{Environment, LogFormat, ProcessConfig};
pub use queue::QueueConfig;
pub use reader::{ByteSize, ConfigError, Reader};
pub use report::ReportConfig;
pub use restore::RestoreConfig;
pub use search::SearchConfig;
pub use storage::StorageConfig;
pub use worker::{QueueSlots, WorkerConfig};
