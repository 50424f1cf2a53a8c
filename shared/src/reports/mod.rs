//! Reports: what they can be about, of when, in which form.
//!
//! - [`data_sets`]: what the platform itself can be asked about. [`statement`], [`parameters`]: queries of workspaces.
//! - [`definitions`]: those queries in the ledger. [`accept`]: what a request means, as a row.
//! - [`Period`]: of when.
//! - [`source`]: the connection on which a report is read.
//! - [`link`]: the signed part of an address under which anybody may fetch a report for a while.
//!
//! The files are written by the worker.

pub mod accept;
pub mod data_sets;
pub mod definitions;
pub mod link;
pub mod parameters;
mod period;
pub mod source;
pub mod statement;

pub use period::Period;

use crate::db::models::Report;
use chrono::{DateTime, Utc};
use poem_openapi::Enum;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The most rows of any report.
pub const MOST_ROWS: i64 = 5_000_000;
/// The most rows of a report whose source declares no limit of its own.
pub const USUAL_ROWS: i64 = 1_000_000;
/// The longest that PostgreSQL works on the query of a report, in seconds.
pub const LONGEST_QUERY_S: u32 = 600;
/// The largest file that goes with a message, in bytes; base64 makes it a third longer.
pub const LARGEST_ATTACHED: i64 = 5_000_000;
/// What the keys of reports begin with in the object store.
pub const OBJECTS: &str = "reports/";

/// The kind of file that a report is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Enum)]
#[serde(rename_all = "lowercase")]
#[oai(rename_all = "lowercase")]
pub enum ReportFormat {
    /// Comma-separated values (RFC 4180).
    #[default]
    Csv,
    /// A JSON object a line.
    Jsonl,
    /// An Excel workbook.
    Xlsx,
    /// A page that needs nothing else.
    Html,
    /// Pages to print.
    Pdf,
}

impl ReportFormat {
    /// Every format.
    pub const ALL: [Self; 5] = [Self::Csv, Self::Jsonl, Self::Xlsx, Self::Html, Self::Pdf];

    /// The word on the wire, and the extension of a file's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Xlsx => "xlsx",
            Self::Html => "html",
            Self::Pdf => "pdf",
        }
    }

    /// The format of that word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == word)
    }

    /// The media type of its files.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Jsonl => "application/jsonl",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Html => "text/html; charset=utf-8",
            Self::Pdf => "application/pdf",
        }
    }

    /// The most rows that one of its files holds.
    #[must_use]
    pub fn most_rows(self) -> u32 {
        match self {
            Self::Csv | Self::Jsonl => 5_000_000,
            Self::Xlsx => 2_000_000,
            Self::Html => 20_000,
            Self::Pdf => 10_000,
        }
    }

    /// Whether its files hold more than one table.
    #[must_use]
    pub fn holds_document(self) -> bool {
        matches!(self, Self::Xlsx | Self::Html | Self::Pdf)
    }
}

/// What has become of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum ReportState {
    /// Its job has not ended.
    Queued,
    /// Its file is there.
    Ready,
    /// There were no rows, and it was asked for only if there are some.
    Empty,
    /// Its job did not succeed.
    Failed,
    /// Its job was cancelled.
    Cancelled,
}

impl ReportState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Queued, Self::Ready, Self::Empty, Self::Failed, Self::Cancelled];

    /// The word in the ledger.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Ready => "ready",
            Self::Empty => "empty",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of that word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// What the keys of one report's objects begin with.
#[must_use]
pub fn object_prefix(report: Uuid) -> String {
    format!("{OBJECTS}{report}/")
}

/// The key of what one attempt writes: no attempt overwrites what another has written.
#[must_use]
pub fn object_key(report: Uuid, attempt: Uuid, format: ReportFormat) -> String {
    format!("{}{}.{}", object_prefix(report), attempt.simple(), format.as_str())
}

/// What the file of a report is called.
#[must_use]
pub fn filename_of(report: &Report) -> String {
    let set = report.data_set.as_deref().and_then(data_sets::find);
    let of_set = set.map(|set| if report.locale == "id" { set.title[1] } else { set.title[0] });
    let title = report.title.as_deref().or(of_set).unwrap_or("report");
    filename(title, report.range_to, &report.format)
}

/// What a report's file is called: its title, and the day on which its range ends.
#[must_use]
pub fn filename(title: &str, range_to: DateTime<Utc>, format: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() { c } else { '-' };
    let title: String = title.chars().take(80).map(plain).collect();
    let words: Vec<&str> = title.split('-').filter(|word| !word.is_empty()).collect();
    format!("{}-{}.{format}", words.join("-").to_lowercase(), range_to.format("%Y-%m-%d"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_called_after_its_report() {
        let day = "2026-10-31T00:00:00Z".parse().unwrap();
        assert_eq!(filename("Jobs: by kind / outcome", day, "pdf"), "jobs-by-kind-outcome-2026-10-31.pdf");
    }

    #[test]
    fn words_are_read_back() {
        assert!(ReportFormat::ALL.iter().all(|format| ReportFormat::of(format.as_str()) == Some(*format)));
        assert!(ReportState::ALL.iter().all(|state| ReportState::of(state.as_str()) == Some(*state)));
    }
}
