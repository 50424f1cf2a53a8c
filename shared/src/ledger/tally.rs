//! What of a batch is counted, and as what.
//!
//! An event counts when it is new to the ledger: an attempt by having become a row of `job_attempts`, anything else by
//! having changed its job's row. Either happens once, however often the event is delivered.

use super::{
    attempts::{Run, is_kept},
    record::{Changed, ended, order, time},
};
use crate::statistics::{self, Failure, Minute, Outcome, fingerprint};
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use gotong_queue::{Event, EventKind};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};
use uuid::Uuid;

/// What an event does not tell of its job.
pub(super) struct Subject {
    pub workspace_id: Uuid,
    pub kind: String,
    pub run_at: DateTime<Utc>,
}

/// The jobs of all events but plain successes, as they stand before the batch; those get what is needed from the row
/// that they change, so that most jobs cost no look-up.
pub(super) async fn subjects(
    connection: &mut AsyncPgConnection,
    events: &[Event],
) -> QueryResult<HashMap<Uuid, Subject>> {
    use crate::db::schema::jobs;
    let mut ids: Vec<Uuid> = events.iter().filter(|event| !is_plain(event)).map(|event| event.job_id).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Uuid, Uuid, String, DateTime<Utc>)> = jobs::table
        .filter(jobs::id.eq_any(ids))
        .select((jobs::id, jobs::workspace_id, jobs::kind, jobs::run_at))
        .load(connection)
        .await?;
    let subject = |(id, workspace_id, kind, run_at)| (id, Subject { workspace_id, kind, run_at });
    Ok(rows.into_iter().map(subject).collect())
}

/// A first attempt that succeeded.
fn is_plain(event: &Event) -> bool {
    event.kind == EventKind::Completed && !is_kept(event)
}

/// The fingerprint of a failure; `None` for what is none.
pub(super) fn fingerprint_of(event: &Event, subjects: &HashMap<Uuid, Subject>) -> Option<String> {
    if !is_failure(event.kind) {
        return None;
    }
    let subject = subjects.get(&event.job_id)?;
    Some(fingerprint(&subject.kind, class(event), event.error_message.as_deref().unwrap_or_default()))
}

fn is_failure(kind: EventKind) -> bool {
    use EventKind::{Crashed, Dead, Expired, Quarantined, Retried};
    matches!(kind, Retried | Dead | Crashed | Quarantined | Expired)
}

fn class(event: &Event) -> &str {
    event.error_class.as_deref().unwrap_or(outcome(event.kind).as_str())
}

/// Counts the events of a queue that are new.
pub(super) async fn count(
    connection: &mut AsyncPgConnection,
    queue: &str,
    events: &[Event],
    subjects: &HashMap<Uuid, Subject>,
    changed: &[Changed],
    runs: &HashSet<Run>,
) -> QueryResult<()> {
    let changed: HashMap<Uuid, &Changed> = changed.iter().map(|row| (row.id, row)).collect();
    let postponed = postponed(events);
    let mut seen = HashSet::with_capacity(events.len());
    let mut minutes: BTreeMap<(DateTime<Utc>, String), Minute> = BTreeMap::new();
    let mut failures: BTreeMap<(Uuid, String), Failure> = BTreeMap::new();
    for event in events {
        let run = Run::of(event);
        let row = changed.get(&event.job_id).filter(|row| (row.generation, row.version) == order(event));
        let is_new = if is_kept(event) { runs.contains(&run) } else { row.is_some() };
        if !is_new || !seen.insert(run) {
            continue;
        }
        let subject = subjects.get(&event.job_id);
        let Some(kind) = subject.map(|subject| &subject.kind).or(row.map(|row| &row.kind)) else { continue };
        let known = subject.map(|subject| subject.run_at).or(row.map(|row| row.run_at));
        let due = due_in(&postponed, event).or(known);
        add_to(minutes.entry((minute_of(event), kind.clone())).or_default(), event, due);
        if let Some(subject) = subject.filter(|_| is_failure(event.kind)) {
            note(&mut failures, event, subject);
        }
    }
    statistics::add_minutes(connection, queue, &minutes).await?;
    statistics::add_failures(connection, &failures).await
}

fn minute_of(event: &Event) -> DateTime<Utc> {
    let at = ended(event);
    at.duration_trunc(TimeDelta::minutes(1)).unwrap_or(at)
}

/// Where events of the batch put jobs off: the orders of these events, and when the jobs were due again.
type Postponed = HashMap<Uuid, Vec<((i32, i64), DateTime<Utc>)>>;

fn postponed(events: &[Event]) -> Postponed {
    let mut postponed = Postponed::new();
    for event in events {
        if let Some(due) = event.run_at.and_then(time) {
            postponed.entry(event.job_id).or_default().push((order(event), due));
        }
    }
    postponed
}

/// When the attempt was due, if an earlier event of the batch says so.
fn due_in(postponed: &Postponed, event: &Event) -> Option<DateTime<Utc>> {
    let earlier = postponed.get(&event.job_id)?.iter().filter(|(at, _)| *at < order(event));
    earlier.max_by_key(|(at, _)| *at).map(|(_, due)| *due)
}

fn add_to(minute: &mut Minute, event: &Event, due: Option<DateTime<Utc>>) {
    use EventKind::{Crashed, Quarantined, StaleReport};
    minute.outcomes[outcome(event.kind) as usize] += 1;
    let Some(started) = event.started_at.and_then(time).filter(|_| event.kind != StaleReport) else { return };
    // The ledger's clock and that of Redis may differ a little.
    let between = |from: DateTime<Utc>, to: DateTime<Utc>| (to - from).to_std().unwrap_or(Duration::ZERO);
    if let Some(due) = due {
        minute.waiting.add(between(due, started));
    }
    // When a lost run really ended, nobody knows.
    if !matches!(event.kind, Crashed | Quarantined) {
        minute.running.add(between(started, ended(event)));
    }
}

fn note(failures: &mut BTreeMap<(Uuid, String), Failure>, event: &Event, subject: &Subject) {
    let (class, message) = (class(event), event.error_message.as_deref().unwrap_or_default());
    let (at, fingerprint) = (ended(event), fingerprint(&subject.kind, class, message));
    let failure = failures.entry((subject.workspace_id, fingerprint)).or_insert_with(|| Failure {
        kind: subject.kind.clone(),
        class: class.to_owned(),
        message: message.to_owned(),
        first: at,
        last: at,
        count: 0,
    });
    failure.count += 1;
    failure.first = failure.first.min(at);
    if at > failure.last {
        failure.last = at;
        message.clone_into(&mut failure.message);
    }
}

fn outcome(kind: EventKind) -> Outcome {
    match kind {
        EventKind::Completed => Outcome::Completed,
        EventKind::Retried => Outcome::Retried,
        EventKind::Dead => Outcome::Dead,
        EventKind::Cancelled => Outcome::Cancelled,
        EventKind::Snoozed => Outcome::Snoozed,
        EventKind::Crashed => Outcome::Crashed,
        EventKind::Quarantined => Outcome::Quarantined,
        EventKind::Expired => Outcome::Expired,
        EventKind::StaleReport => Outcome::Stale,
    }
}
