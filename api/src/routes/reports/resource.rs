//! A report on the wire.

use crate::page::{Page, PageLinks, PageMeta};
use chrono::{DateTime, Utc};
use gotong_shared::{
    db::models::Report,
    jobs::{ReportDelivery, ReportSource},
    mail::template::Locale,
    reports::{ReportFormat, ReportState, filename_of},
};
use poem_openapi::Object;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Why a report could not be made.
#[derive(Clone, Debug, Object)]
pub struct ReportFailure {
    /// A stable word, such as `query_timeout`.
    pub class: String,
    /// A sentence.
    pub message: String,
}

/// Where to go from a report.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct ReportLinks {
    /// This report.
    #[oai(rename = "self")]
    pub this: String,
    /// Its file, when it is made.
    pub content: Option<String>,
    /// The job that makes it.
    pub job: String,
    /// The e-mail that tells of it.
    pub email: Option<String>,
    /// The definition that it is made of.
    pub definition: Option<String>,
}

/// A report and how it was made.
#[derive(Clone, Debug, Object)]
#[oai(rename = "Report", skip_serializing_if_is_none)]
pub struct ReportResource {
    /// Its id, which is also that of its job.
    pub id: Uuid,
    /// Whether it is the platform's own.
    pub platform: bool,
    /// What has become of it.
    pub state: ReportState,
    /// What its file is called.
    pub filename: String,
    /// The data set that it is about.
    pub data_set: Option<String>,
    /// Or the version of a definition.
    pub definition: Option<ReportSource>,
    /// What it is called, if not after its source.
    pub title: Option<String>,
    /// The value of every parameter; null where none was given.
    pub parameters: BTreeMap<String, Value>,
    /// From when on.
    pub from: DateTime<Utc>,
    /// Until when; that moment is not part of it.
    pub to: DateTime<Utc>,
    /// The kind of file.
    pub format: ReportFormat,
    /// The language.
    pub locale: Locale,
    /// The zone of its days.
    pub time_zone: String,
    /// Who gets it by e-mail.
    pub delivery: Option<ReportDelivery>,
    /// Whether nothing is kept and sent when there are no rows.
    pub only_if_rows: bool,
    /// The most rows.
    pub row_limit: i64,
    /// How many rows it has.
    pub row_count: Option<i64>,
    /// Whether there were more rows than its limit, which it then does not hold.
    pub truncated: Option<bool>,
    /// What a reader should know, in its language.
    pub notices: Vec<String>,
    /// Of when its data are: all were read in one snapshot.
    pub snapshot_at: Option<DateTime<Utc>>,
    /// The size of its file, in bytes.
    pub byte_size: Option<i64>,
    /// SHA-256 of its file, in hexadecimal. The same question about the same data has the same.
    pub sha256: Option<String>,
    /// Why it could not be made.
    pub error: Option<ReportFailure>,
    /// Who asked for it.
    pub created_by: Option<Uuid>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When its job ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// When it goes.
    pub expires_at: DateTime<Utc>,
    /// Where to go from here.
    pub links: ReportLinks,
}

/// A page of reports, newest first.
#[derive(Clone, Debug, Object)]
pub struct ReportList {
    data: Vec<ReportResource>,
    meta: PageMeta,
    links: PageLinks,
}

/// How long a link is to be valid.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct ReportLinkRequest {
    /// For how long, in seconds, from 1 to 30 days; never longer than the report is kept.
    #[serde(default = "a_day")]
    #[oai(default = "a_day")]
    pub expires_in_s: i64,
}

fn a_day() -> i64 {
    86_400
}

/// A link that needs no key.
#[derive(Clone, Debug, Object)]
#[oai(rename = "ReportLink")]
pub struct ReportAddress {
    /// The address. Whoever has it can download the report.
    pub url: String,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

impl ReportResource {
    /// Of its row.
    #[must_use]
    pub fn of(report: Report) -> Self {
        let here = format!("/api/v1/reports/{}", report.id);
        let error = report.failure_class.clone().or_else(|| report.failure_message.as_ref().map(|_| "failed".into()));
        Self {
            filename: filename_of(&report),
            links: ReportLinks {
                content: report.object_key.is_some().then(|| format!("{here}/content")),
                job: format!("/api/v1/jobs/{}", report.id),
                email: report.email_id.map(|id| format!("/api/v1/emails/{id}")),
                definition: report.definition_id.map(|id| format!("/api/v1/report-definitions/{id}")),
                this: here,
            },
            id: report.id,
            platform: report.workspace_id.is_none(),
            state: ReportState::of(&report.state).unwrap_or(ReportState::Queued),
            data_set: report.data_set,
            definition: report.definition_id.map(|id| ReportSource { id, version: report.definition_version }),
            title: report.title,
            parameters: serde_json::from_value(report.parameters).unwrap_or_default(),
            from: report.range_from,
            to: report.range_to,
            format: ReportFormat::of(&report.format).unwrap_or_default(),
            locale: if report.locale == "id" { Locale::Id } else { Locale::En },
            time_zone: report.zone,
            delivery: report.delivery.and_then(|delivery| serde_json::from_value(delivery).ok()),
            only_if_rows: report.only_if_rows,
            row_limit: report.row_limit,
            row_count: report.row_count,
            truncated: report.truncated,
            notices: report.notices,
            snapshot_at: report.snapshot_at,
            byte_size: report.byte_size,
            sha256: report.sha256.map(hex::encode),
            error: error.map(|class| ReportFailure { class, message: report.failure_message.unwrap_or_default() }),
            created_by: report.created_by,
            created_at: report.created_at,
            finished_at: report.finished_at,
            expires_at: report.expires_at,
        }
    }
}

impl ReportList {
    /// Of a page of rows.
    #[must_use]
    pub fn of(page: Page<Report>) -> Self {
        Self { data: page.rows.into_iter().map(ReportResource::of).collect(), meta: page.meta, links: page.links }
    }
}
