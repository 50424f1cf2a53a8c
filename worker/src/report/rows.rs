//! A report in the ledger.

use super::{make::Made, shape::Source, tell::Letter};
use crate::{outcome::Failure, runner::Resources};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, result::Error as DieselError};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use gotong_queue::Job;
use gotong_shared::{
    db::{
        models::{NewReport, Report, ReportOutcome},
        schema::{email_recipients, emails, jobs, reports},
    },
    enqueue::{EnqueueError, enqueue},
    jobs::ReportGenerate,
    reports::{
        ReportState,
        accept::{self, AcceptError},
        data_sets, definitions,
    },
};
use uuid::Uuid;

/// The report of a job. That of a schedule's job is made here, for nobody else knows of it before.
///
/// # Errors
/// [`Failure::Dead`] when it cannot be made as it is asked for, or when PostgreSQL does not answer.
pub async fn begin(resources: &Resources, job: &Job, request: &ReportGenerate) -> Result<Report, Failure> {
    let mut connection = resources.database.connection().await?;
    if let Some(report) = find(&mut connection, job.id).await? {
        return reopened(&mut connection, report).await;
    }
    let of_job = jobs::table.find(job.id).select((jobs::workspace_id, jobs::created_by));
    let found: Option<(Uuid, Option<Uuid>)> = of_job.first(&mut connection).await.optional()?;
    let (workspace, created_by) =
        found.ok_or_else(|| Failure::dead("job_missing", "the ledger has no such job any more"))?;
    let workspace = (!workspace.is_nil()).then_some(workspace);
    let row = accept::row(&mut connection, job.id, workspace, request, moment_of(job.id)).await;
    let row = row.map_err(|error| match error {
        AcceptError::Payload(error) => Failure::dead("invalid_report", error.to_string()),
        AcceptError::Database(error) => error.into(),
    })?;
    let row = NewReport { created_by, ..row };
    let insert = diesel::insert_into(reports::table).values(&row).on_conflict_do_nothing();
    insert.execute(&mut connection).await?;
    let report = find(&mut connection, job.id).await?;
    report.ok_or_else(|| Failure::retry("report_missing", "the report was removed while it was made"))
}

/// When a job was asked for, which its id tells; so every attempt means the same week.
fn moment_of(id: Uuid) -> DateTime<Utc> {
    let time = id.get_timestamp().map(|time| time.to_unix());
    let time = time.and_then(|(seconds, nanos)| DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos));
    time.unwrap_or_else(Utc::now)
}

async fn find(connection: &mut AsyncPgConnection, id: Uuid) -> QueryResult<Option<Report>> {
    reports::table.find(id).select(Report::as_select()).first(connection).await.optional()
}

/// A job that failed and is tried again by hand: its report waits again.
async fn reopened(connection: &mut AsyncPgConnection, report: Report) -> Result<Report, Failure> {
    let ended = ["failed", "cancelled"];
    if !ended.contains(&report.state.as_str()) {
        return Ok(report);
    }
    let nothing: Option<String> = None;
    let again = diesel::update(reports::table.find(report.id).filter(reports::state.eq_any(ended))).set((
        reports::state.eq(ReportState::Queued.as_str()),
        reports::failure_class.eq(&nothing),
        reports::failure_message.eq(&nothing),
        reports::finished_at.eq(None::<DateTime<Utc>>),
    ));
    again.execute(connection).await?;
    Ok(Report { state: ReportState::Queued.as_str().into(), ..report })
}

/// What the report is made of.
///
/// # Errors
/// [`Failure::Dead`] when it is gone, or when PostgreSQL does not answer.
pub async fn source(resources: &Resources, report: &Report) -> Result<Source, Failure> {
    let gone = || Failure::dead("source_missing", "what the report is made of is not there any more");
    if let Some(name) = &report.data_set {
        return data_sets::find(name).map(Source::Set).ok_or_else(gone);
    }
    let (Some(id), Some(version)) = (report.definition_id, report.definition_version) else { return Err(gone()) };
    let mut connection = resources.database.connection().await?;
    let found = definitions::of_report(&mut connection, id, version).await?;
    Ok(Source::Definition(Box::new(found.ok_or_else(gone)?)))
}

/// Notes what came of the report, and accepts the e-mail about it, in one transaction. Answers whether the report still
/// waited for that; if not, somebody else has made it, or nobody wants it any more.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn finish(
    resources: &Resources,
    report: &Report,
    made: &Made,
    letter: Option<Letter>,
) -> Result<bool, Failure> {
    let outcome = outcome(made, letter.as_ref());
    let mut connection = resources.database.connection().await?;
    let noted = connection
        .transaction(async |connection| {
            let waiting = reports::table.find(report.id).filter(reports::state.eq(ReportState::Queued.as_str()));
            if diesel::update(waiting).set(&outcome).execute(connection).await? == 0 {
                return Ok(false);
            }
            if let Some(letter) = letter {
                diesel::insert_into(emails::table).values(&letter.email).execute(connection).await?;
                diesel::insert_into(email_recipients::table).values(&letter.recipients).execute(connection).await?;
                // The relay pushes it.
                drop(enqueue(connection, &[letter.job]).await.map_err(Unaccepted::Job)?);
            }
            Ok(true)
        })
        .await;
    noted.map_err(|error: Unaccepted| match error {
        Unaccepted::Database(error) => error.into(),
        Unaccepted::Job(error) => Failure::retry("email_refused", error.to_string()),
    })
}

enum Unaccepted {
    Database(DieselError),
    Job(EnqueueError),
}

impl From<DieselError> for Unaccepted {
    fn from(error: DieselError) -> Self {
        Self::Database(error)
    }
}

fn outcome(made: &Made, letter: Option<&Letter>) -> ReportOutcome {
    let state = if made.object_key.is_some() { ReportState::Ready } else { ReportState::Empty };
    let is_there = made.object_key.is_some();
    ReportOutcome {
        state: state.as_str(),
        object_key: made.object_key.clone(),
        row_count: i64::try_from(made.written.rows).ok(),
        truncated: Some(made.written.truncated.is_some()),
        notices: made.written.notices.clone(),
        byte_size: i64::try_from(made.written.bytes).ok().filter(|_| is_there),
        sha256: is_there.then(|| made.written.sha256.to_vec()),
        snapshot_at: Some(made.snapshot_at),
        email_id: letter.map(|letter| letter.email.id),
        finished_at: Some(Utc::now()),
    }
}
