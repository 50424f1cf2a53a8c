//! What the end of a job means for what it was about, committed with that end.

use super::record::Changed;
use crate::{
    backups,
    db::schema::{email_recipients, media, reports},
    jobs::{
        BackupCreate, BackupRestore, BackupVerify, Contract, EmailSend, ReportGenerate, SearchIndex, ThumbnailGenerate,
    },
    scheduled::{End, note_ends},
};
use diesel::{
    prelude::*,
    sql_types::{Array, Nullable, Text, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// Tells the subjects of jobs that ended without success, and counts the failures of schedules.
pub(super) async fn settle(connection: &mut AsyncPgConnection, ended: &[&Changed]) -> QueryResult<()> {
    let failed = ended.iter().filter(|row| row.state != super::State::Completed.as_str());
    for row in failed {
        match row.kind.as_str() {
            ThumbnailGenerate::KIND => fail_media(connection, row).await?,
            EmailSend::KIND => fail_recipients(connection, row).await?,
            ReportGenerate::KIND => fail_report(connection, row).await?,
            BackupCreate::KIND | BackupVerify::KIND | BackupRestore::KIND => fail_backup(connection, row).await?,
            _ => {}
        }
    }
    let unindexed =
        ended.iter().filter(|row| row.kind == SearchIndex::KIND && row.state != super::State::Completed.as_str());
    release_documents(connection, &unindexed.map(|row| row.id).collect::<Vec<_>>()).await?;
    let of_schedules = ended.iter().filter_map(|row| {
        let succeeded = match row.state.as_str() {
            state if state == super::State::Cancelled.as_str() => None,
            state => Some(state == super::State::Completed.as_str()),
        };
        Some(End { schedule_id: row.schedule_id?, succeeded, at: row.finished_at? })
    });
    note_ends(connection, &of_schedules.collect::<Vec<_>>()).await
}

async fn fail_media(connection: &mut AsyncPgConnection, row: &Changed) -> QueryResult<()> {
    let class = row.error_class.as_deref().unwrap_or(&row.state);
    let message = row.error_message.as_deref().unwrap_or("the job that makes its thumbnails did not succeed");
    diesel::update(media::table.filter(media::job_id.eq(row.id).and(media::state.eq("processing"))))
        .set((
            media::state.eq("failed"),
            media::failure_class.eq(class),
            media::failure_message.eq(message),
            media::updated_at.eq(diesel::dsl::now),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

/// A report that is ready stays so.
async fn fail_report(connection: &mut AsyncPgConnection, row: &Changed) -> QueryResult<()> {
    let is_cancelled = row.state == super::State::Cancelled.as_str();
    let message = row.error_message.as_deref().unwrap_or("its job did not succeed");
    diesel::update(reports::table.filter(reports::id.eq(row.id).and(reports::state.eq("queued"))))
        .set((
            reports::state.eq(if is_cancelled { "cancelled" } else { "failed" }),
            reports::failure_class.eq(row.error_class.as_deref().filter(|_| !is_cancelled)),
            reports::failure_message.eq(Some(message).filter(|_| !is_cancelled)),
            reports::finished_at.eq(row.finished_at),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

/// Recipients that have no outcome yet get none any more. The reply that a server gave stays.
async fn fail_recipients(connection: &mut AsyncPgConnection, row: &Changed) -> QueryResult<()> {
    let why = row.error_message.as_deref().unwrap_or("the job that sends it was cancelled");
    let why: String = why.chars().take(500).collect();
    let open = email_recipients::table
        .filter(email_recipients::email_id.eq(row.id))
        .filter(email_recipients::state.eq_any(["queued", "sending", "deferred"]));
    diesel::update(open)
        .set((
            email_recipients::state.eq("failed"),
            email_recipients::reply.eq(coalesce(email_recipients::reply, why)),
            email_recipients::updated_at.eq(diesel::dsl::now),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

async fn fail_backup(connection: &mut AsyncPgConnection, row: &Changed) -> QueryResult<()> {
    let class = row.error_class.as_deref().unwrap_or(&row.state);
    let message = row.error_message.as_deref().unwrap_or("its job did not succeed");
    backups::fail(connection, row.id, class, message).await
}

diesel::define_sql_function! {
    /// The first value that is not null.
    fn coalesce(first: Nullable<Text>, second: Text) -> Nullable<Text>;
}

/// Takes the names of jobs off documents that they will not bring to the index any more, so that the next change brings
/// a job of its own.
async fn release_documents(connection: &mut AsyncPgConnection, jobs: &[Uuid]) -> QueryResult<()> {
    if jobs.is_empty() {
        return Ok(());
    }
    let statement = "
        with held as (
            select d.workspace_id, d.type, d.id from jobs
            join documents d on d.workspace_id = jobs.workspace_id
                and d.type = jobs.payload ->> 'type' and d.id = jobs.payload ->> 'id'
            where jobs.id = any ($1) and d.pending_job_id = jobs.id
            order by d.workspace_id, d.type, d.id for no key update of d)
        update documents d set pending_job_id = null from held
        where d.workspace_id = held.workspace_id and d.type = held.type and d.id = held.id
          and d.pending_job_id = any ($1)";
    diesel::sql_query(statement).bind::<Array<SqlUuid>, _>(jobs).execute(connection).await?;
    Ok(())
}
