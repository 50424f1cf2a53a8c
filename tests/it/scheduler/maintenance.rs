//! What each maintenance job removes, and what it keeps.

use bytes::Bytes;
use diesel_async::AsyncConnection;
use gotong_shared::{
    enqueue::{NewJob, enqueue},
    jobs::{
        Contract, MaintenanceDropPartitions, MaintenancePruneHistory, MaintenancePruneKeys, MaintenanceSweepStorage,
    },
};
use harness::{LONG, Platform, eventually, jpeg};
use reqwest::StatusCode;
use serde_json::Value;
use uuid::Uuid;

/// Runs a job to its end, after `change` of the ledger, and answers its result.
async fn run<C: Contract>(platform: &Platform, payload: &C, change: &str) -> Value {
    let job = NewJob::of(platform.workspace, payload).unwrap();
    let mut connection = platform.database.pool().connection().await.unwrap();
    // Not pushed: the relay brings it to Redis as it stands then.
    drop(connection.transaction(async |c| enqueue(c, std::slice::from_ref(&job)).await).await.unwrap());
    if !change.is_empty() {
        platform.database.execute(change).await;
    }
    let done = format!("select result::text as value from jobs where id = '{}' and state = 'completed'", job.id);
    let result = eventually("the job completes", LONG, async || platform.database.values(&done).await.pop()).await;
    serde_json::from_str(&result).unwrap()
}

const JOB: &str = "insert into jobs (id, workspace_id, kind, queue, priority, state, payload, run_at, max_attempts,
    timeout_ms, backoff_base_ms, backoff_cap_ms, retention_s, finished_at)";

fn job(id: Uuid, state: &str, finished: &str) -> String {
    format!(
        "{JOB} values ('{id}', gen_random_uuid(), 'k', 'none', 2, '{state}', '{{}}', now(), 1, 1, 1, 1, 3600, {finished});
         insert into job_attempts (job_id, generation, version, attempt, outcome, ended_at)
            values ('{id}', 1, 1, 1, 'retried', now());
         insert into job_fields (workspace_id, field, job_id) values (gen_random_uuid(), 'a:b', '{id}');"
    )
}

#[tokio::test]
async fn history_goes_when_its_time_is_over() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let [over, retained, open] = [(); 3].map(|()| Uuid::now_v7());
    platform.database.execute(&job(over, "completed", "now() - interval '2 hours'")).await;
    platform.database.execute(&job(retained, "dead", "now()")).await;
    platform.database.execute(&job(open, "available", "null")).await;
    let ticks = "insert into schedules (id, name, interval_s, kind, payload, enabled)
            values ('00000000-0000-0000-0000-000000000001', 'test', 60, 'k', '{}', false);
        insert into schedule_ticks (schedule_id, tick, outcome, created_at)
        select '00000000-0000-0000-0000-000000000001', now() - n * interval '1 hour', outcome, now() - n * interval '1 hour'
        from (values (1, 'enqueued'), (3, 'enqueued'), (4, 'queued'), (5, 'missed')) as each (n, outcome)";
    platform.database.execute(ticks).await;
    let result = run(&platform, &MaintenancePruneHistory { ticks_kept_s: 7_200 }, "").await;
    assert_eq!(result, serde_json::json!({ "jobs": 1, "ticks": 2, "emails": 0 }));
    let mut expected = vec![retained.to_string(), open.to_string()];
    expected.sort();
    for query in [
        "select id::text as value from jobs where kind = 'k' order by 1",
        "select job_id::text as value from job_attempts order by 1",
        "select job_id::text as value from job_fields where field = 'a:b' order by 1",
    ] {
        assert_eq!(platform.database.values(query).await, expected, "{query}");
    }
    let kept = "select outcome as value from schedule_ticks t join schedules s on s.id = t.schedule_id
        where s.name = 'test' order by tick";
    assert_eq!(platform.database.values(kept).await, ["queued", "enqueued"], "what waits is kept, however old");
}

#[tokio::test]
async fn expired_keys_and_sessions_go() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    platform.client().await;
    let rows = "insert into idempotency_keys (scope, key, fingerprint, status, body, expires_at)
        values ('s', 'old', '\\x00', 201, '{}', now() - interval '1 second'),
            ('s', 'young', '\\x00', 201, '{}', now() + interval '1 hour');
        insert into sessions (hash, api_key_id, expires_at)
        select sha256(convert_to(age::text, 'UTF8')), (select id from api_keys limit 1), now() + age
        from unnest(array[interval '-1 second', interval '1 hour']) as age";
    platform.database.execute(rows).await;
    let result = run(&platform, &MaintenancePruneKeys {}, "").await;
    assert_eq!(result, serde_json::json!({ "idempotency_keys": 1, "sessions": 1 }));
    assert_eq!(platform.database.values("select key as value from idempotency_keys").await, ["young"]);
    assert_eq!(platform.database.count("select count(*) from sessions where expires_at > now()").await, 1);
    assert_eq!(platform.database.count("select count(*) from sessions").await, 1);
}

#[tokio::test]
async fn days_go_when_everything_in_them_is_over() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let rows = format!(
        "select create_job_partitions('2020-01-01'), create_job_partitions('2020-01-02'),
            create_job_partitions('2020-01-03');
         {JOB} select uuid_floor(timestamptz '2020-01-01 12:00+00'), gen_random_uuid(), 'k', 'none', 2, 'completed', '{{}}',
            now(), 1, 1, 1, 1, 3600, now() - interval '2 hours';
         {JOB} select uuid_floor(timestamptz '2020-01-02 12:00+00'), gen_random_uuid(), 'k', 'none', 2, 'completed', '{{}}',
            now(), 1, 1, 1, 1, 3600, now()"
    );
    platform.database.execute(&rows).await;
    let result = run(&platform, &MaintenanceDropPartitions {}, "").await;
    assert_eq!(result, serde_json::json!({ "dropped": ["20200101", "20200103"] }), "an empty day is over too");
    let left = "select count(*) from pg_class where relname in ('jobs_20200102', 'job_attempts_20200102')";
    assert_eq!(platform.database.count(left).await, 2, "a retained job keeps its day");
    let today =
        "select count(*) from pg_class where relname = 'jobs_' || to_char(now() at time zone 'UTC', 'YYYYMMDD')";
    assert_eq!(platform.database.count(today).await, 1);
}

#[tokio::test]
async fn objects_without_a_row_and_unfinished_uploads_go_when_they_are_old() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let (status, media) = client.upload("photo.jpg", jpeg(400, 300, 1)).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{media}");
    client.finished(media["job_id"].as_str().unwrap()).await;
    let mut kept = platform.storage.list("").await.unwrap();
    assert_eq!(kept.len(), 2, "an original and its thumbnail");
    let nobody = Uuid::now_v7();
    let owner = media["id"].as_str().unwrap();
    let orphans = [
        format!("media/{nobody}/original"),
        format!("thumbnails/{nobody}/300x300-0.jpg"),
        // One of an image that is there, but not the one that its row names.
        format!("thumbnails/{owner}/300x300-0.jpg"),
        format!("payloads/20260101/{nobody}/0.json"),
    ];
    let unknown = ["media/readme", "backups/one"].map(str::to_owned);
    for key in orphans.iter().chain(&unknown) {
        platform.storage.put(key, "text/plain", Bytes::from_static(b"x")).await.unwrap();
    }
    kept.extend(unknown);
    kept.sort();
    let mut upload = platform.storage.start_upload("media/unfinished", "text/plain");
    upload.write(Bytes::from(vec![0; 6 * 1024 * 1024])).await.unwrap();
    // As a process leaves it that is killed.
    std::mem::forget(upload);
    let careful = MaintenanceSweepStorage { grace_s: 3_600 };
    let result = run(&platform, &careful, "").await;
    assert_eq!(result, serde_json::json!({ "objects": 0, "uploads": 0 }), "all of it is young");
    // Nothing of the store can be made older, so the job takes what a client may not ask for.
    let eager = "update jobs set payload = '{\"grace_s\": 0}' where kind = 'maintenance.sweep_storage' and not pushed
        and finished_at is null";
    let aged = eventually("what was written is a second old", LONG, async || {
        let result = run(&platform, &careful, eager).await;
        let left = platform.storage.list("").await.ok()?.len();
        (left == kept.len()).then_some(result)
    })
    .await;
    assert!(aged["objects"].as_u64().unwrap() <= 4, "{aged}");
    let mut left = platform.storage.list("").await.unwrap();
    left.sort();
    assert_eq!(left, kept);
    assert!(platform.storage.unfinished_uploads().await.unwrap().is_empty());
}
