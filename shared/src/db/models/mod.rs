//! One file of rows per table. Their queries stand with whoever owns the table: `ledger` for jobs, the routes and
//! handlers for the rest.

mod api_key;
mod backup;
mod email;
mod job;
mod job_attempt;
mod media;
mod report;
mod schedule;
mod user;

pub use api_key::{ApiKey, NewApiKey};
pub use backup::{Backup, BackupDrill, BackupRestore, MediaCopy};
pub use email::{Email, EmailRecipient, Suppression};
pub use job::Job;
pub use job_attempt::JobAttempt;
pub use media::{Media, NewMedia, Thumbnail};
pub use report::{NewReport, Report, ReportDefinition, ReportDefinitionVersion, ReportOutcome};
pub use schedule::{Schedule, ScheduleDefinition, ScheduleTick};
pub use user::{NewUser, NewWorkspace, User};
