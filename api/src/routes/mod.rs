//! One file, or folder, per resource.

pub mod alerts;
pub mod backups;
pub mod documents;
pub mod email_events;
pub mod email_templates;
pub mod emails;
pub mod events;
pub mod failures;
pub mod health;
pub mod jobs;
pub mod media;
pub mod operating;
pub mod queues;
pub mod report_data_sets;
pub mod report_definitions;
pub mod reports;
pub mod schedules;
pub mod search;
pub mod search_indexes;
pub mod session;
pub mod stats;
pub mod suppressions;
pub mod workers;

use crate::problem::Declares;
use poem_openapi::Tags;

/// How the reference groups operations.
#[derive(Tags)]
pub enum Tag {
    /// Uploaded files and their thumbnails.
    Media,
    /// How the work stands.
    Jobs,
    /// Queues: how full they are, what happened on them, pausing them.
    Queues,
    /// Who does the work.
    Workers,
    /// The platform as a whole.
    Platform,
    /// Recurring work.
    Schedules,
    /// E-mails, their templates, and who gets none.
    Emails,
    /// Questions about what happened, answered in files.
    Reports,
    /// Documents, and finding them.
    Search,
    /// Backups of databases, and the proof that they can be restored.
    Backups,
    /// Signing in in a browser.
    Session,
}

/// Problems of reading one thing that belongs to the whole platform.
pub struct Overseeing;

impl Declares for Overseeing {
    const STATUSES: &'static [u16] = &[400, 401, 403, 404, 422, 500, 503];
}

/// Problems of reading one thing.
pub struct Reading;

impl Declares for Reading {
    const STATUSES: &'static [u16] = &[400, 401, 404, 500, 503];
}

/// Problems of reading a list.
pub struct Listing;

impl Declares for Listing {
    const STATUSES: &'static [u16] = &[401, 422, 500, 503];
}

/// Problems of reading a file.
pub struct Downloading;

impl Declares for Downloading {
    const STATUSES: &'static [u16] = &[400, 401, 404, 416, 500, 503];
}

/// Problems of changing one thing.
pub struct Changing;

impl Declares for Changing {
    const STATUSES: &'static [u16] = &[400, 401, 403, 404, 500, 503];
}

/// Problems of an upload.
pub struct Uploading;

impl Declares for Uploading {
    const STATUSES: &'static [u16] = &[400, 401, 403, 408, 409, 413, 415, 422, 500, 503];
}

/// Problems of asking for one thing.
pub struct Asking;

impl Declares for Asking {
    const STATUSES: &'static [u16] = &[400, 401, 403, 409, 413, 415, 422, 500, 503];
}

/// Problems of doing something to many things.
pub struct Batching;

impl Declares for Batching {
    const STATUSES: &'static [u16] = &[400, 401, 403, 409, 413, 415, 422, 500, 503];
}

/// Problems of doing something to one thing.
pub struct Altering;

impl Declares for Altering {
    const STATUSES: &'static [u16] = &[400, 401, 403, 404, 409, 422, 500, 503];
}

/// Problems of editing one thing.
pub struct Patching;

impl Declares for Patching {
    const STATUSES: &'static [u16] = &[400, 401, 403, 404, 409, 412, 413, 415, 422, 428, 500, 503];
}

/// Problems of removing one thing as it was seen.
pub struct Removing;

impl Declares for Removing {
    const STATUSES: &'static [u16] = &[400, 401, 403, 404, 409, 412, 428, 500, 503];
}
