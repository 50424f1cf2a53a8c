//! Statements on `media` and `media_thumbnails`. Each names the caller's workspace.

use super::{MediaCategory, MediaResource, MediaState};
use crate::{AppState, auth::Actor, page::Cursor, problem::Problem};
use diesel::{IntoSql, dsl::now, prelude::*, sql_types::Timestamptz};
use diesel_async::RunQueryDsl;
use gotong_shared::db::{
    models::{Media, Thumbnail},
    schema::{media, media_thumbnails},
};
use std::collections::HashMap;
use uuid::Uuid;

/// A file and its thumbnails.
pub struct Row {
    pub(super) media: Media,
    pub(super) thumbnails: Vec<Thumbnail>,
}

/// Which files are listed.
pub(super) struct Filter {
    pub(super) category: Option<MediaCategory>,
    pub(super) state: Option<MediaState>,
}

impl Filter {
    /// Its query parameters.
    pub(super) fn parameters(&self) -> Vec<(&'static str, &'static str)> {
        let category = self.category.map(|category| ("category", category_word(category)));
        category.into_iter().chain(self.state.map(|state| ("state", state.as_str()))).collect()
    }
}

fn category_word(category: MediaCategory) -> &'static str {
    match category {
        MediaCategory::Image => "image",
        MediaCategory::Audio => "audio",
    }
}

/// A file that is not deleted, with its thumbnails.
///
/// # Errors
/// 404 when there is none in the caller's workspace, 503 when the database does not answer.
pub async fn find(state: &AppState, actor: &Actor, id: Uuid) -> Result<MediaResource, Problem> {
    let media = find_row(state, actor, id).await?;
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    let thumbnails = media_thumbnails::table.filter(media_thumbnails::media_id.eq(id)).select(Thumbnail::as_select());
    let thumbnails = deadline.bound(thumbnails.order(media_thumbnails::variant).limit(100).load(connection)).await?;
    Ok(MediaResource::of(media, thumbnails))
}

/// The row of a file that is not deleted.
pub(super) async fn find_row(state: &AppState, actor: &Actor, id: Uuid) -> Result<Media, Problem> {
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    let query = media::table
        .find(id)
        .filter(media::workspace_id.eq(actor.workspace_id).and(media::deleted_at.is_null()))
        .select(Media::as_select());
    let row = deadline.bound(async { query.first(connection).await.optional() }).await?;
    row.ok_or_else(|| Problem::not_found("file"))
}

/// One thumbnail, if it is made.
pub(super) async fn find_thumbnail(state: &AppState, id: Uuid, variant: &str) -> Result<Option<Thumbnail>, Problem> {
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    let query = media_thumbnails::table.find((id, variant)).select(Thumbnail::as_select());
    Ok(deadline.bound(async { query.first(connection).await.optional() }).await?)
}

/// Up to `per_page + 1` files: newest first, or, before a cursor, oldest first.
pub(super) async fn list(
    state: &AppState,
    actor: &Actor,
    filter: &Filter,
    per_page: u32,
    cursor: Option<Cursor>,
) -> Result<Vec<Row>, Problem> {
    let mut query = media::table
        .filter(media::workspace_id.eq(actor.workspace_id).and(media::deleted_at.is_null()))
        .select(Media::as_select())
        .limit(i64::from(per_page) + 1)
        .into_boxed();
    if let Some(category) = filter.category {
        query = query.filter(media::category.eq(category_word(category)));
    }
    if let Some(state) = filter.state {
        query = query.filter(media::state.eq(state.as_str()));
    }
    query = match cursor {
        None => query.order(media::id.desc()),
        Some(Cursor::After(id)) => query.filter(media::id.lt(id)).order(media::id.desc()),
        Some(Cursor::Before(id)) => query.filter(media::id.gt(id)).order(media::id.asc()),
    };
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    let rows = deadline.bound(query.load(connection)).await?;
    let ids: Vec<Uuid> = rows.iter().map(|row: &Media| row.id).collect();
    let thumbnails = media_thumbnails::table
        .filter(media_thumbnails::media_id.eq_any(ids))
        .order((media_thumbnails::media_id, media_thumbnails::variant))
        .select(Thumbnail::as_select());
    let mut by_media: HashMap<Uuid, Vec<Thumbnail>> = HashMap::new();
    for thumbnail in deadline.bound(thumbnails.load(connection)).await? {
        by_media.entry(thumbnail.media_id).or_default().push(thumbnail);
    }
    let with_thumbnails = |media: Media| Row { thumbnails: by_media.remove(&media.id).unwrap_or_default(), media };
    Ok(rows.into_iter().map(with_thumbnails).collect())
}

/// Deletes a file softly.
pub(super) async fn delete(state: &AppState, actor: &Actor, id: Uuid) -> Result<(), Problem> {
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    let row = media::table.find(id).filter(media::workspace_id.eq(actor.workspace_id).and(media::deleted_at.is_null()));
    let this_moment = now.into_sql::<Timestamptz>().nullable();
    let delete = diesel::update(row).set((media::deleted_at.eq(this_moment), media::updated_at.eq(now)));
    match deadline.bound(delete.execute(connection)).await? {
        0 => Err(Problem::not_found("file")),
        _ => Ok(()),
    }
}

/// Takes a soft deletion back; a file that is not deleted stays as it is.
pub(super) async fn restore(state: &AppState, actor: &Actor, id: Uuid) -> Result<(), Problem> {
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    let row =
        media::table.find(id).filter(media::workspace_id.eq(actor.workspace_id).and(media::deleted_at.is_not_null()));
    let none: Option<chrono::DateTime<chrono::Utc>> = None;
    let restore = diesel::update(row).set((media::deleted_at.eq(none), media::updated_at.eq(now)));
    // No row changed: the caller's look-up tells whether it is not deleted or not there.
    deadline.bound(restore.execute(connection)).await?;
    Ok(())
}
