//! What the end of a job means for what it was about, committed with that end.

use super::record::Changed;
use crate::{
    db::schema::media,
    jobs::{Contract, ThumbnailGenerate},
};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// Tells the subjects of jobs that ended without success.
pub(super) async fn settle(connection: &mut AsyncPgConnection, ended: &[&Changed]) -> QueryResult<()> {
    let failed = ended.iter().filter(|row| row.state != super::State::Completed.as_str());
    for row in failed.filter(|row| row.kind == ThumbnailGenerate::KIND) {
        fail_media(connection, row).await?;
    }
    Ok(())
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
