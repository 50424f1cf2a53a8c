//! `report.generate`: a query to a file, and that file to people. `POST /reports` asks for one; a schedule for many.

use super::contract::{Contract, Limits, PayloadError, QueueProfile, REPORTS, USUAL};
use crate::{
    mail::{RECIPIENTS, RecipientAddress, template::Locale},
    reports::{self, Period, ReportFormat, data_sets, parameters},
};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use poem_openapi::Object;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};
use uuid::Uuid;

/// A definition of the workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(skip_serializing_if_is_none)]
pub struct ReportSource {
    /// The definition.
    pub id: Uuid,
    /// Which version of it; the latest if none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
}

/// Who gets a report by e-mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct ReportDelivery {
    /// Their addresses: 1 to 50, each once.
    pub to: Vec<String>,
    /// Whether the file goes with the message where it has at most 5 MB; a link does in any case.
    #[serde(default = "yes")]
    #[oai(default = "yes")]
    pub attach: bool,
}

/// Payload of `report.generate`: about what, of when, in which form, to whom. It names either a data set or a definition.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(skip_serializing_if_is_none)]
pub struct ReportGenerate {
    /// One of the platform's data sets, such as `jobs_by_kind`; `GET /report-data-sets` lists them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_set: Option<String>,
    /// A query of the workspace's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub definition: Option<ReportSource>,
    /// What it is called, 1 to 200 characters; else after its source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Of when, seen from the moment at which it is asked for; `last_7_days` if nothing else says of when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    /// In place of a period: from when on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    /// In place of a period: until when; that moment is not part of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<DateTime<Utc>>,
    /// Values for the parameters of the data set or definition, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[oai(default)]
    pub parameters: BTreeMap<String, Value>,
    /// The kind of file.
    #[serde(default)]
    #[oai(default)]
    pub format: ReportFormat,
    /// The language of titles, numbers and dates.
    #[serde(default)]
    #[oai(default)]
    pub locale: Locale,
    /// In which zone days begin and times are shown, such as `Asia/Jakarta`.
    #[serde(default = "utc")]
    #[oai(default = "utc")]
    pub time_zone: String,
    /// The most rows; at most, and if none is said, what the source and the format allow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row_limit: Option<u32>,
    /// Whether nothing is kept and sent when there are no rows.
    #[serde(default)]
    #[oai(default)]
    pub only_if_rows: bool,
    /// How long it is kept, in days, 1 to 366.
    #[serde(default = "usual_days")]
    #[oai(default = "usual_days")]
    pub keep_days: i32,
    /// Who gets it by e-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<ReportDelivery>,
}

fn yes() -> bool {
    true
}

fn utc() -> String {
    "UTC".into()
}

fn usual_days() -> i32 {
    30
}

/// The longest range, in days: ten years.
const LONGEST_RANGE: i64 = 3_660;

impl Contract for ReportGenerate {
    const KIND: &'static str = "report.generate";
    const QUEUE: QueueProfile = REPORTS;
    /// A query may take ten minutes; what it answered must be written, too.
    const LIMITS: Limits = Limits { timeout: Duration::from_mins(30), max_attempts: 5, ..USUAL };
    const SEARCHABLE: &'static [&'static str] = &["data_set", "definition.id"];

    fn validate(&self) -> Result<(), PayloadError> {
        self.check_source()?;
        self.check_range()?;
        let wrong = |pointer: &str, why: String| Err(PayloadError::at(pointer, why));
        if self.time_zone.parse::<Tz>().is_err() {
            return wrong("/time_zone", format!("there is no time zone {:?}", self.time_zone));
        }
        if self.title.as_deref().is_some_and(|title| !(1..=200).contains(&title.trim().chars().count())) {
            return wrong("/title", "has 1 to 200 characters".into());
        }
        if self.row_limit.is_some_and(|limit| !(1..=self.format.most_rows()).contains(&limit)) {
            let (most, format) = (self.format.most_rows(), self.format.as_str());
            return wrong("/row_limit", format!("is not from 1 to {most}, which is what {format} holds"));
        }
        if !(1..=366).contains(&self.keep_days) {
            return wrong("/keep_days", "is not from 1 to 366".into());
        }
        self.delivery.as_ref().map_or(Ok(()), ReportDelivery::check)
    }
}

impl ReportGenerate {
    fn check_source(&self) -> Result<(), PayloadError> {
        match (&self.data_set, &self.definition) {
            (Some(name), None) => {
                let set = data_sets::find(name).ok_or_else(|| {
                    let known = data_sets::all().map(|set| set.name).collect::<Vec<_>>().join(", ");
                    PayloadError::at("/data_set", format!("there is no data set {name:?}; there are: {known}"))
                })?;
                if set.is_document && !self.format.holds_document() {
                    let why = format!(
                        "{} holds a single table; {name} has several and needs html, pdf or xlsx",
                        self.format.as_str()
                    );
                    return Err(PayloadError::at("/format", why));
                }
                parameters::check(&set.parameters(), &self.parameters).map(|_| ())
            }
            (None, Some(source)) if source.version.is_some_and(|version| version < 1) => {
                Err(PayloadError::at("/definition/version", "is not 1 or more"))
            }
            (None, Some(_)) if self.parameters.len() > parameters::MOST => {
                Err(PayloadError::at("/parameters", format!("holds more than {} values", parameters::MOST)))
            }
            (None, Some(_)) => Ok(()),
            (Some(_), Some(_)) => {
                Err(PayloadError::at("/definition", "a report is about a data set or a definition, not both"))
            }
            (None, None) => Err(PayloadError::at("/data_set", "is missing; or name a definition")),
        }
    }

    fn check_range(&self) -> Result<(), PayloadError> {
        match (self.period, self.from, self.to) {
            (_, None, None) => Ok(()),
            (Some(_), ..) => Err(PayloadError::at("/period", "is given in place of from and to, not with them")),
            (None, None, Some(_)) => Err(PayloadError::at("/from", "is missing")),
            (None, Some(_), None) => Err(PayloadError::at("/to", "is missing")),
            (None, Some(from), Some(to)) if from >= to => Err(PayloadError::at("/to", "is not behind from")),
            (None, Some(from), Some(to)) if to - from > TimeDelta::days(LONGEST_RANGE) => {
                Err(PayloadError::at("/to", format!("is more than {LONGEST_RANGE} days behind from")))
            }
            _ => Ok(()),
        }
    }

    /// The zone, which a check has found to be one.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.time_zone.parse().unwrap_or(Tz::UTC)
    }

    /// Of when it is, asked for at that moment.
    #[must_use]
    pub fn range(&self, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
        match (self.from, self.to) {
            (Some(from), Some(to)) => (from, to),
            _ => self.period.unwrap_or_default().range(now, self.zone()),
        }
    }

    /// The most rows of a report whose source allows that many.
    #[must_use]
    pub fn limit(&self, of_source: i64) -> i64 {
        let asked = self.row_limit.map_or(of_source, i64::from);
        asked.min(of_source).min(self.format.most_rows().into()).min(reports::MOST_ROWS)
    }
}

impl ReportDelivery {
    fn check(&self) -> Result<(), PayloadError> {
        if !(1..=RECIPIENTS).contains(&self.to.len()) {
            return Err(PayloadError::at("/delivery/to", format!("names 1 to {RECIPIENTS} addresses")));
        }
        let mut known = std::collections::HashSet::new();
        for (place, address) in self.to.iter().enumerate() {
            let pointer = format!("/delivery/to/{place}");
            let address =
                RecipientAddress::parse(address).map_err(|error| PayloadError::at(&pointer, error.to_string()))?;
            if !known.insert(address.key()) {
                return Err(PayloadError::at(&pointer, "is named twice"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    fn fault(change: impl FnOnce(&mut Value)) -> Option<String> {
        let mut payload = json!({ "data_set": "jobs", "format": "csv", "period": "yesterday" });
        change(&mut payload);
        crate::jobs::kind("report.generate").unwrap().check(&payload).err().map(|error| error.pointer)
    }

    #[test]
    fn a_good_payload_passes() {
        assert_eq!(fault(|_| {}), None);
        assert_eq!(fault(|payload| payload["parameters"] = json!({ "kind": "email.send" })), None);
        let definition =
            json!({ "definition": { "id": "0193b5a0-0000-7000-8000-000000000000" }, "parameters": { "n": 1 } });
        assert_eq!(fault(|payload| *payload = definition), None);
    }

    #[test]
    fn each_mistake_names_its_field() {
        let id = "0193b5a0-0000-7000-8000-000000000000";
        let cases = [
            ("data_set", json!("tea"), "/data_set"),
            ("data_set", json!(null), "/data_set"),
            ("data_set", json!("weekly"), "/format"),
            ("definition", json!({ "id": id }), "/definition"),
            ("format", json!("docx"), "/format"),
            ("time_zone", json!("Asia/Atlantis"), "/time_zone"),
            ("title", json!(" "), "/title"),
            ("row_limit", json!(0), "/row_limit"),
            ("keep_days", json!(400), "/keep_days"),
            ("from", json!("2026-01-01T00:00:00Z"), "/period"),
            ("parameters", json!({ "kinds": "x" }), "/parameters/kinds"),
            ("parameters", json!({ "kind": 3 }), "/parameters/kind"),
            ("delivery", json!({ "to": [] }), "/delivery/to"),
            ("delivery", json!({ "to": ["siti@example.org", "budi"] }), "/delivery/to/1"),
            ("delivery", json!({ "to": ["siti@example.org", "SITI@example.org"] }), "/delivery/to/1"),
        ];
        for (field, value, pointer) in cases {
            assert_eq!(fault(|payload| payload[field] = value.clone()).as_deref(), Some(pointer), "{field} {value}");
        }
        let range = |from: &str, to: &str| {
            let payload = json!({ "data_set": "jobs", "from": from, "to": to });
            fault(|whole| *whole = payload)
        };
        assert_eq!(range("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"), None);
        assert_eq!(range("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z").as_deref(), Some("/to"));
        assert_eq!(range("2000-01-01T00:00:00Z", "2026-01-01T00:00:00Z").as_deref(), Some("/to"));
    }
}
