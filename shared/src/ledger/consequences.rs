//! What the end of a job means for what it was about, committed with that end.

use super::record::Changed;
use crate::{
    db::schema::media,
    jobs::{Contract, ThumbnailGenerate},
    scheduled::{End, note_ends},
};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// Tells the subjects of jobs that ended without success, and counts the failures of schedules.
pub(super) async fn settle(connection: &mut AsyncPgConnection, ended: &[&Changed]) -> QueryResult<()> {
    let failed = ended.iter().filter(|row| row.state != super::State::Completed.as_str());
    for row in failed.filter(|row| row.kind == ThumbnailGenerate::KIND) {
        fail_media(connection, row).await?;
    }
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
