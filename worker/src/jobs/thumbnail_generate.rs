//! `thumbnail.generate`.

use super::Handler;
use crate::{
    outcome::Failure,
    runner::Resources,
    thumbnail::{self, Made},
};
use bytes::Bytes;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use gotong_queue::Job;
use gotong_shared::{
    db::{
        models::{Media, Thumbnail},
        schema::{media, media_thumbnails},
    },
    jobs::ThumbnailGenerate,
    media::{VARIANTS, thumbnail_key},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Larger objects are never read whole.
const SOURCE_LIMIT: u64 = 100_000_000;

impl Handler for ThumbnailGenerate {
    async fn handle(self, job: &Job, resources: &Resources) -> Result<Option<Value>, Failure> {
        let Some(image) = find(resources, self.media_id).await? else {
            return Err(Failure::Cancel("the image was removed".into()));
        };
        let bytes = resources.storage.get(&image.object_key, None).await?.collect(SOURCE_LIMIT).await?;
        let made = make(bytes).await?;
        let mut thumbnails = Vec::new();
        for made in made {
            thumbnails.push(store(resources, image.id, made).await?);
        }
        if !job.is_current() {
            return Err(Failure::retry("lease_lost", "another worker took the job over"));
        }
        let stale = keep(resources, image.id, &thumbnails).await?;
        resources.storage.delete(&stale).await?;
        let sizes = thumbnails.iter().map(|t| json!({"variant": t.variant, "width": t.width, "height": t.height}));
        Ok(Some(json!({"thumbnails": sizes.collect::<Vec<_>>()})))
    }
}

async fn find(resources: &Resources, id: uuid::Uuid) -> Result<Option<Media>, Failure> {
    let mut connection = resources.database.connection().await?;
    let row = media::table.find(id).select(Media::as_select()).first(&mut connection).await;
    Ok(row.optional()?)
}

/// Decodes and scales off the threads that serve I/O.
async fn make(bytes: Bytes) -> Result<Vec<Made>, Failure> {
    let made = tokio::task::spawn_blocking(move || thumbnail::make(&bytes, &VARIANTS)).await;
    let made = made.map_err(|panic| Failure::retry("panic", panic.to_string()))?;
    made.map_err(|error| Failure::dead("invalid_image", error.to_string()))
}

async fn store(resources: &Resources, media_id: uuid::Uuid, made: Made) -> Result<Thumbnail, Failure> {
    let sha256 = Sha256::digest(&made.jpeg).to_vec();
    let object_key = thumbnail_key(media_id, made.variant, &hex::encode(&sha256[..8]));
    let pixels = |side: u32| i32::try_from(side).unwrap_or(i32::MAX);
    let thumbnail = Thumbnail {
        media_id,
        variant: made.variant.to_owned(),
        width: pixels(made.width),
        height: pixels(made.height),
        byte_size: i64::try_from(made.jpeg.len()).unwrap_or(i64::MAX),
        object_key,
        sha256,
    };
    resources.storage.put(&thumbnail.object_key, "image/jpeg", made.jpeg.into()).await?;
    Ok(thumbnail)
}

/// Notes the thumbnails; answers the keys of those that they replace.
async fn keep(resources: &Resources, id: uuid::Uuid, thumbnails: &[Thumbnail]) -> Result<Vec<String>, Failure> {
    let mut connection = resources.database.connection().await?;
    let stale = connection.transaction(async |connection| keep_rows(connection, id, thumbnails).await).await?;
    stale.ok_or_else(|| Failure::Cancel("the image was removed".into()))
}

async fn keep_rows(
    connection: &mut AsyncPgConnection,
    id: uuid::Uuid,
    thumbnails: &[Thumbnail],
) -> QueryResult<Option<Vec<String>>> {
    let ready = (
        media::state.eq("ready"),
        media::failure_class.eq(None::<String>),
        media::failure_message.eq(None::<String>),
        media::updated_at.eq(diesel::dsl::now),
    );
    if diesel::update(media::table.find(id)).set(ready).execute(connection).await? == 0 {
        return Ok(None);
    }
    let known = media_thumbnails::table.filter(media_thumbnails::media_id.eq(id));
    let before: Vec<String> = known.select(media_thumbnails::object_key).load(connection).await?;
    diesel::delete(known).execute(connection).await?;
    diesel::insert_into(media_thumbnails::table).values(thumbnails).execute(connection).await?;
    let kept = |key: &String| thumbnails.iter().any(|thumbnail| thumbnail.object_key == *key);
    Ok(Some(before.into_iter().filter(|key| !kept(key)).collect()))
}
