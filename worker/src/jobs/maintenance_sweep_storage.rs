//! `maintenance.sweep_storage`.
//!
//! An object is written before the row that names it commits, so only what is older than the grace time is looked at.
//! Keys whose form is not known are left alone.

use super::Handler;
use crate::{outcome::Failure, runner::Resources};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::{
    QueryableByName,
    sql_types::{Array, Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use gotong_queue::Job;
use gotong_shared::{enqueue::CLAIMS, jobs::MaintenanceSweepStorage, reports::OBJECTS};
use serde_json::{Value, json};
use std::collections::HashSet;
use uuid::Uuid;

/// Where objects lie, which part of their keys names their row, and which of some keys the rows of some ids name.
const PLACES: [Place; 4] = [
    Place {
        prefix: "media/",
        id_at: 1,
        named: "select object_key as key from media where id = any($1) and object_key = any($2)",
    },
    Place {
        prefix: "thumbnails/",
        id_at: 1,
        named: "select object_key as key from media_thumbnails where media_id = any($1) and object_key = any($2)",
    },
    Place {
        prefix: CLAIMS,
        id_at: 2,
        named: "select payload->'$claim'->>'key' as key from jobs
            where id = any($1) and payload->'$claim'->>'key' = any($2)",
    },
    Place {
        prefix: OBJECTS,
        id_at: 1,
        named: "select object_key as key from reports where id = any($1) and object_key = any($2)",
    },
];

struct Place {
    prefix: &'static str,
    id_at: usize,
    named: &'static str,
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    key: String,
}

impl Handler for MaintenanceSweepStorage {
    async fn handle(self, job: &Job, resources: &Resources) -> Result<Option<Value>, Failure> {
        let before = Utc::now() - TimeDelta::seconds(self.grace_s.into());
        let mut objects = 0;
        for place in &PLACES {
            objects += sweep(place, before, job, resources).await?;
        }
        let uploads = abort_unfinished(before, resources).await?;
        Ok(Some(json!({ "objects": objects, "uploads": uploads })))
    }
}

async fn sweep(place: &Place, before: DateTime<Utc>, job: &Job, resources: &Resources) -> Result<usize, Failure> {
    let (mut removed, mut after) = (0, None);
    loop {
        let page = resources.storage.objects_after(place.prefix, after.as_deref()).await?;
        after = page.last().map(|object| object.key.clone());
        if after.is_none() || job.cancelled().is_cancelled() {
            return Ok(removed);
        }
        let old = page.into_iter().filter(|object| object.written_at < before);
        let old: Vec<(Uuid, String)> = old.filter_map(|object| Some((place.id(&object.key)?, object.key))).collect();
        let orphans = orphans(place, old, resources).await?;
        resources.storage.delete(&orphans).await?;
        removed += orphans.len();
    }
}

impl Place {
    /// The id of the row that names the object, if the key has the form it is written in.
    fn id(&self, key: &str) -> Option<Uuid> {
        key.split('/').nth(self.id_at)?.parse().ok()
    }
}

/// The keys that no row names.
async fn orphans(place: &Place, old: Vec<(Uuid, String)>, resources: &Resources) -> Result<Vec<String>, Failure> {
    if old.is_empty() {
        return Ok(Vec::new());
    }
    let (ids, keys): (Vec<Uuid>, Vec<String>) = old.into_iter().unzip();
    let mut connection = resources.database.connection().await?;
    let query = diesel::sql_query(place.named).bind::<Array<SqlUuid>, _>(ids).bind::<Array<Text>, _>(&keys);
    let named: Vec<Named> = query.load(&mut connection).await?;
    let named: HashSet<String> = named.into_iter().map(|row| row.key).collect();
    Ok(keys.into_iter().filter(|key| !named.contains(key)).collect())
}

/// A thousand at most; the next run takes the others.
async fn abort_unfinished(before: DateTime<Utc>, resources: &Resources) -> Result<usize, Failure> {
    let unfinished = resources.storage.unfinished().await?;
    let mut aborted = 0;
    for upload in unfinished.iter().filter(|upload| upload.started_at < before) {
        resources.storage.abort(upload).await?;
        aborted += 1;
    }
    Ok(aborted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_its_row_or_is_left_alone() {
        let id = Uuid::from_u128(7);
        let keys = [
            format!("media/{id}/original"),
            format!("thumbnails/{id}/x.jpg"),
            format!("{CLAIMS}20260101/{id}/a.json"),
            format!("{OBJECTS}{id}/a.csv"),
        ];
        for (place, key) in PLACES.iter().zip(&keys) {
            assert_eq!(place.id(key), Some(id), "{key}");
            assert_eq!(place.id(&format!("{}readme", place.prefix)), None);
        }
    }
}
