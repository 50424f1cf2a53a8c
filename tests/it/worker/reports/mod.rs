//! `report.generate`: from a question to a file.

mod definitions;
mod delivery;
mod ends;
mod formats;
mod limits;
mod schedules;

use harness::{Client, Platform, Running, answer};
use reqwest::StatusCode;
use serde_json::{Value, json};

/// A platform with a worker and a scheduler, and ten jobs of a day that is over.
struct Stage {
    platform: Platform,
    client: Client,
    _running: (Running, Running),
}

/// Jobs with fixed ids and times: seven that succeeded, two that did not, one that was cancelled. The fourth of the
/// foreign workspace is in nobody's report.
const JOBS: &str = "
    select create_job_partitions('2026-10-05');
    insert into jobs (id, workspace_id, kind, queue, priority, state, payload, run_at, attempt, max_attempts, timeout_ms,
        backoff_base_ms, backoff_cap_ms, retention_s, created_at, started_at, finished_at, error_class, error_message,
        error_fingerprint)
    select (substr(uuid_floor(at)::text, 1, 14) || '7000-8000-' || lpad(n::text, 12, '0'))::uuid,
        workspace, kind, 'images', 2, state, '{}', at, 1, 10, 1000, 1000, 1000, 315360000, at, at + interval '250 ms',
        at + interval '1250 ms', class, message, fingerprint
    from (
        select n, timestamptz '2026-10-05 09:00:00Z' + n * interval '1 minute' as at,
            case when n = 10 then '{other}'::uuid else '{workspace}'::uuid end as workspace,
            case when n % 2 = 0 then 'thumbnail.generate' else 'email.send' end as kind,
            case when n in (3, 5) then 'dead' when n = 7 then 'cancelled' else 'completed' end as state,
            case when n in (3, 5) then 'refused' end as class,
            case when n in (3, 5) then '=2+5, said \"no\"' end as message,
            case when n in (3, 5) then 'f1' end as fingerprint
        from generate_series(0, 10) as n) as job";

impl Stage {
    async fn new() -> Self {
        Self::on(Platform::start().await).await
    }

    async fn on(platform: Platform) -> Self {
        let running = (platform.worker(), platform.scheduler());
        platform.settled().await;
        let client = platform.client().await;
        let workspace = platform.workspace.to_string();
        let other = uuid::Uuid::now_v7().to_string();
        platform.database.execute(&JOBS.replace("{workspace}", &workspace).replace("{other}", &other)).await;
        Self { platform, client, _running: running }
    }

    /// Asks for a report, and answers it when its job has ended.
    async fn report(&self, request: &Value) -> Value {
        let id = ask(&self.client, request).await;
        self.client.finished(&id).await;
        found(&self.client, &id).await
    }

    /// The bytes of a report's file.
    async fn content(&self, report: &Value) -> Vec<u8> {
        let path = format!("/api/v1/reports/{}/content", report["id"].as_str().unwrap());
        let (status, bytes) = self.client.bytes(&path).await;
        assert_eq!(status, StatusCode::OK, "{}", String::from_utf8_lossy(&bytes));
        bytes
    }

    /// Keeps a definition; answers its id.
    async fn define(&self, definition: &Value) -> String {
        let request = self.client.request("POST", "/api/v1/report-definitions").json(definition);
        let (status, definition) = answer(request.send().await.unwrap()).await;
        assert_eq!(status, StatusCode::CREATED, "{definition}");
        definition["id"].as_str().unwrap().to_owned()
    }
}

/// That day's jobs.
#[expect(clippy::needless_pass_by_value, reason = "it is written where it is used")]
fn day(more: Value) -> Value {
    let mut request = json!({ "data_set": "jobs", "from": "2026-10-05T00:00:00Z", "to": "2026-10-06T00:00:00Z" });
    request.as_object_mut().unwrap().append(&mut more.as_object().unwrap().clone());
    request
}

async fn ask(client: &Client, request: &Value) -> String {
    let (status, report) = answer(client.request("POST", "/api/v1/reports").json(request).send().await.unwrap()).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{report}");
    report["id"].as_str().unwrap().to_owned()
}

async fn found(client: &Client, id: &str) -> Value {
    let (status, report) = client.get(&format!("/api/v1/reports/{id}")).await;
    assert_eq!(status, StatusCode::OK, "{report}");
    report
}
