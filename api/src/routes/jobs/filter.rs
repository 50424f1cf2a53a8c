//! The filters of a list of jobs.

use super::resource::JobResource;
use crate::problem::{Code, Problem};
use chrono::{DateTime, Utc};
use gotong_shared::{
    jobs::{self, Kind, LONGEST_SEARCHABLE},
    ledger::{JobFilter, State},
};
use uuid::Uuid;

/// The most values of one filter.
const MOST_VALUES: usize = 20;

/// A row of a list.
pub struct Listed {
    /// The job.
    pub id: Uuid,
    /// As it is shown; `None` if it is not what was asked for after all.
    pub job: Option<JobResource>,
}

/// The query parameters of a list.
pub struct Asked {
    /// `state`.
    pub states: Vec<State>,
    /// `kind`.
    pub kinds: Vec<String>,
    /// `queue`.
    pub queue: Option<String>,
    /// `schedule_id`.
    pub schedule_id: Option<Uuid>,
    /// `error_fingerprint`.
    pub error_fingerprint: Option<String>,
    /// `payload`.
    pub payload: Vec<String>,
    /// `created_from`.
    pub created_from: Option<DateTime<Utc>>,
    /// `created_before`.
    pub created_before: Option<DateTime<Utc>>,
}

impl Asked {
    /// The filter.
    ///
    /// # Errors
    /// 422 naming the parameter that means nothing.
    pub fn filter(&self, workspace_id: Uuid) -> Result<JobFilter, Problem> {
        for (name, count) in [("state", self.states.len()), ("kind", self.kinds.len()), ("payload", self.payload.len())]
        {
            if count > MOST_VALUES {
                return Err(refuse(name, format!("is given more than {MOST_VALUES} times")));
            }
        }
        for kind in &self.kinds {
            jobs::kind(kind).ok_or_else(|| refuse("kind", format!("there is no kind {kind:?}")))?;
        }
        if let Some(queue) = self.queue.as_deref().filter(|queue| !jobs::is_queue(queue)) {
            return Err(refuse("queue", format!("there is no queue {queue:?}")));
        }
        if self.error_fingerprint.as_ref().is_some_and(|text| text.len() > 64) {
            return Err(refuse("error_fingerprint", "is longer than 64 characters"));
        }
        for field in &self.payload {
            self.check_field(field)?;
        }
        Ok(JobFilter {
            workspace_id,
            states: self.states.clone(),
            kinds: self.kinds.clone(),
            queue: self.queue.clone(),
            schedule_id: self.schedule_id,
            error_fingerprint: self.error_fingerprint.clone(),
            fields: self.payload.clone(),
            among: None,
            accepted_from: self.created_from,
            accepted_before: self.created_before,
        })
    }

    fn check_field(&self, field: &str) -> Result<(), Problem> {
        let (path, value) = field.split_once(':').ok_or_else(|| refuse("payload", "is not of the form path:value"))?;
        if value.is_empty() || value.len() > LONGEST_SEARCHABLE {
            return Err(refuse("payload", format!("has a value of 1 to {LONGEST_SEARCHABLE} bytes")));
        }
        let asked: Vec<Kind> =
            jobs::kinds().filter(|kind| self.kinds.is_empty() || self.kinds.iter().any(|k| k == kind.name)).collect();
        if asked.iter().any(|kind| kind.searchable.contains(&path)) {
            return Ok(());
        }
        let known: Vec<String> = asked
            .iter()
            .flat_map(|kind| kind.searchable.iter().map(move |path| format!("{path} ({})", kind.name)))
            .collect();
        Err(refuse("payload", format!("{path:?} is not searchable; searchable are: {}", known.join(", "))))
    }

    /// The query parameters, for the links to the neighbours.
    #[must_use]
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        let text = |time: &DateTime<Utc>| time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
        let mut all: Vec<(&'static str, String)> = Vec::new();
        all.extend(self.states.iter().map(|state| ("state", state.to_string())));
        all.extend(self.kinds.iter().map(|kind| ("kind", kind.clone())));
        all.extend(self.queue.iter().map(|queue| ("queue", queue.clone())));
        all.extend(self.schedule_id.iter().map(|id| ("schedule_id", id.to_string())));
        all.extend(self.error_fingerprint.iter().map(|text| ("error_fingerprint", text.clone())));
        all.extend(self.payload.iter().map(|field| ("payload", field.clone())));
        all.extend(self.created_from.iter().map(|time| ("created_from", text(time))));
        all.extend(self.created_before.iter().map(|time| ("created_before", text(time))));
        all
    }
}

fn refuse(parameter: &str, message: impl Into<String>) -> Problem {
    Problem::new(Code::Invalid, "The filter is not acceptable.").at(format!("/query/{parameter}"), message)
}
