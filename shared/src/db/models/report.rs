//! `reports`, `report_definitions` and `report_definition_versions`.

use crate::db::schema::{report_definition_versions, report_definitions, reports};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::Value;
use uuid::Uuid;

/// A report and how it was made.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = reports)]
pub struct Report {
    /// Its id, which is that of its job.
    pub id: Uuid,
    /// Whose it is; the platform's own have none.
    pub workspace_id: Option<Uuid>,
    /// The data set it is about.
    pub data_set: Option<String>,
    /// Or the definition.
    pub definition_id: Option<Uuid>,
    /// And its version.
    pub definition_version: Option<i32>,
    /// What it is called, if not after its source.
    pub title: Option<String>,
    /// The value of every parameter.
    pub parameters: Value,
    /// From when on.
    pub range_from: DateTime<Utc>,
    /// Until when.
    pub range_to: DateTime<Utc>,
    /// See [`crate::reports::ReportFormat`].
    pub format: String,
    /// See [`crate::mail::template::Locale`].
    pub locale: String,
    /// The zone of its days.
    pub zone: String,
    /// Who gets it by e-mail, as in [`crate::jobs::ReportDelivery`].
    pub delivery: Option<Value>,
    /// Whether nothing is kept when there are no rows.
    pub only_if_rows: bool,
    /// The most rows.
    pub row_limit: i64,
    /// See [`crate::reports::ReportState`].
    pub state: String,
    /// Where its bytes are.
    pub object_key: Option<String>,
    /// How many rows it has.
    pub row_count: Option<i64>,
    /// Whether there were more.
    pub truncated: Option<bool>,
    /// What a reader should know, in its language.
    pub notices: Vec<String>,
    /// Its size.
    pub byte_size: Option<i64>,
    /// SHA-256 of its bytes.
    pub sha256: Option<Vec<u8>>,
    /// Of when its data are.
    pub snapshot_at: Option<DateTime<Utc>>,
    /// The e-mail that tells of it.
    pub email_id: Option<Uuid>,
    /// Why it failed: a stable word.
    pub failure_class: Option<String>,
    /// Why it failed: a sentence.
    pub failure_message: Option<String>,
    /// What its links are signed with.
    pub link_secret: Vec<u8>,
    /// How long it is kept, in days.
    pub keep_days: i32,
    /// Who asked for it.
    pub created_by: Option<Uuid>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When its job ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// When it goes.
    pub expires_at: DateTime<Utc>,
}

/// A report that is asked for.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = reports)]
pub struct NewReport {
    /// The id of its job.
    pub id: Uuid,
    /// Whose it is.
    pub workspace_id: Option<Uuid>,
    /// The data set it is about.
    pub data_set: Option<String>,
    /// Or the definition.
    pub definition_id: Option<Uuid>,
    /// And its version.
    pub definition_version: Option<i32>,
    /// What it is called.
    pub title: Option<String>,
    /// The value of every parameter.
    pub parameters: Value,
    /// From when on.
    pub range_from: DateTime<Utc>,
    /// Until when.
    pub range_to: DateTime<Utc>,
    /// The kind of file.
    pub format: &'static str,
    /// The language.
    pub locale: &'static str,
    /// The zone of its days.
    pub zone: String,
    /// Who gets it by e-mail.
    pub delivery: Option<Value>,
    /// Whether nothing is kept when there are no rows.
    pub only_if_rows: bool,
    /// The most rows.
    pub row_limit: i64,
    /// How long it is kept, in days.
    pub keep_days: i32,
    /// Who asked for it.
    pub created_by: Option<Uuid>,
    /// When it goes.
    pub expires_at: DateTime<Utc>,
}

/// What came of a report.
#[derive(Clone, Debug, AsChangeset)]
#[diesel(table_name = reports, treat_none_as_null = true)]
pub struct ReportOutcome {
    /// See [`crate::reports::ReportState`].
    pub state: &'static str,
    /// Where its bytes are.
    pub object_key: Option<String>,
    /// How many rows it has.
    pub row_count: Option<i64>,
    /// Whether there were more.
    pub truncated: Option<bool>,
    /// What a reader should know.
    pub notices: Vec<String>,
    /// Its size.
    pub byte_size: Option<i64>,
    /// SHA-256 of its bytes.
    pub sha256: Option<Vec<u8>>,
    /// Of when its data are.
    pub snapshot_at: Option<DateTime<Utc>>,
    /// The e-mail that tells of it.
    pub email_id: Option<Uuid>,
    /// When its job ended.
    pub finished_at: Option<DateTime<Utc>>,
}

/// A query of a workspace's own.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = report_definitions)]
pub struct ReportDefinition {
    /// Its id, a UUIDv7.
    pub id: Uuid,
    /// Whose it is.
    pub workspace_id: Uuid,
    /// Its name, of which a workspace has one.
    pub name: String,
    /// The latest version.
    pub version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When its latest version was made.
    pub updated_at: DateTime<Utc>,
    /// When it was deleted.
    pub deleted_at: Option<DateTime<Utc>>,
}

/// A version of a definition, which never changes.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = report_definition_versions)]
pub struct ReportDefinitionVersion {
    /// The definition.
    pub definition_id: Uuid,
    /// Its number, from 1.
    pub version: i32,
    /// What it is for.
    pub description: Option<String>,
    /// The query.
    pub sql: String,
    /// A list of [`crate::reports::parameters::Parameter`].
    pub parameters: Value,
    /// A list of [`crate::reports::source::QueryColumn`].
    pub answers: Value,
    /// The most rows of one report.
    pub row_limit: i64,
    /// The longest that the query may take, in seconds.
    pub timeout_s: i32,
    /// Who made it.
    pub created_by: Option<Uuid>,
    /// When.
    pub created_at: DateTime<Utc>,
}
