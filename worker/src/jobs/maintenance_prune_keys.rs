//! `maintenance.prune_keys`.

use super::Handler;
use crate::{outcome::Failure, runner::Resources};
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;
use gotong_queue::Job;
use gotong_shared::jobs::MaintenancePruneKeys;
use serde_json::{Value, json};

/// Rows that go in one statement.
const BATCH: i64 = 1_000;

const KEYS: &str = "
    delete from idempotency_keys where (scope, key) in
        (select scope, key from idempotency_keys where expires_at < now() limit $1)";
const SESSIONS: &str = "
    delete from sessions where hash in (select hash from sessions where expires_at < now() limit $1)";

impl Handler for MaintenancePruneKeys {
    async fn handle(self, job: &Job, resources: &Resources) -> Result<Option<Value>, Failure> {
        let (mut keys, mut sessions) = (0, 0);
        let mut connection = resources.database.connection().await?;
        loop {
            let some_keys = diesel::sql_query(KEYS).bind::<BigInt, _>(BATCH).execute(&mut connection).await?;
            let some_sessions = diesel::sql_query(SESSIONS).bind::<BigInt, _>(BATCH).execute(&mut connection).await?;
            keys += some_keys;
            sessions += some_sessions;
            if some_keys + some_sessions == 0 || job.cancelled().is_cancelled() {
                return Ok(Some(json!({ "idempotency_keys": keys, "sessions": sessions })));
            }
        }
    }
}
