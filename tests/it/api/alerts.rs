//! `/alerts`.

use harness::{Client, LONG, Platform, eventually, jpeg};
use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

async fn alert(client: &Client, code: &str) -> Option<Value> {
    let (status, alerts) = client.get("/api/v1/alerts").await;
    assert_eq!(status, StatusCode::OK, "{alerts}");
    alerts["data"].as_array().unwrap().iter().find(|alert| alert["code"] == code).cloned()
}

async fn appears(client: &Client, code: &str) -> Value {
    let found = eventually(code, LONG, async || alert(client, code).await).await;
    for field in ["severity", "subject", "detail", "link"] {
        assert!(found[field].as_str().is_some_and(|text| !text.is_empty()), "{field} in {found}");
    }
    found
}

async fn goes(client: &Client, code: &str) {
    eventually(code, LONG, async || alert(client, code).await.is_none().then_some(())).await;
}

async fn settle(client: &Client, body: Value) {
    let patch = client.request("PATCH", "/api/v1/queues/images").header("if-match", "*");
    assert_eq!(patch.json(&body).send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn a_queue_without_a_worker_alerts_until_it_has_one() {
    let platform = Platform::start().await;
    let _scheduler = platform.scheduler();
    platform.settled().await;
    let client = platform.client().await;
    settle(&client, json!({"oldest_age_limit_seconds": 1})).await;
    assert!(alert(&client, "no_worker").await.is_none(), "nothing waits");
    let (_, media) = client.upload("photo.jpg", jpeg(40, 30, 1)).await;
    let missing = appears(&client, "no_worker").await;
    assert_eq!((&missing["severity"], &missing["subject"]), (&json!("critical"), &json!("images")), "{missing}");
    assert_eq!(client.get(missing["link"].as_str().unwrap()).await.0, StatusCode::OK);
    let late = appears(&client, "oldest_age").await;
    assert!(late["since"].is_string() && late["detail"].as_str().unwrap().contains("limit is 1 s"), "{late}");
    settle(&client, json!({"paused": true})).await;
    assert_eq!(appears(&client, "queue_paused").await["subject"], "images");
    assert!(alert(&client, "oldest_age").await.is_none(), "what is paused is expected to wait");
    settle(&client, json!({"paused": false})).await;
    goes(&client, "queue_paused").await;
    let _worker = platform.worker();
    client.finished(media["job_id"].as_str().unwrap()).await;
    goes(&client, "no_worker").await;
    goes(&client, "oldest_age").await;
}

#[tokio::test]
async fn dead_jobs_and_repairs_alert() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let epoch = appears(&client, "repairs_made").await;
    assert!(epoch["subject"].as_str().unwrap().ends_with(" epoch"), "an empty Redis was opened: {epoch}");
    assert!(alert(&client, "dead_jobs").await.is_none());
    let mut bytes = jpeg(200, 150, 1);
    bytes.truncate(bytes.len() / 2);
    client.upload("cut.jpg", bytes).await;
    let dead = appears(&client, "dead_jobs").await;
    assert_eq!((&dead["subject"], &dead["severity"]), (&json!("thumbnail.generate"), &json!("warning")), "{dead}");
    let (_, failures) = client.get(dead["link"].as_str().unwrap()).await;
    assert_eq!(failures["data"][0]["count"], 1, "{failures}");
}

#[tokio::test]
async fn a_late_schedule_alerts_its_own_workspace() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let stranger = Uuid::now_v7();
    platform.database.execute(&format!("insert into workspaces (id, name) values ('{stranger}', 'other')")).await;
    // Nobody claims ticks here: no scheduler runs.
    let late = "insert into schedules (id, name, interval_s, kind, payload, next_run_at)
        values (gen_random_uuid(), 'nightly', 86400, 'maintenance.purge_media', '{}', now() - interval '1 day')";
    platform.database.execute(late).await;
    let of_all = appears(&client, "schedule_late").await;
    assert_eq!((&of_all["subject"], &of_all["severity"]), (&json!("nightly"), &json!("critical")), "{of_all}");
    assert!(of_all["since"].is_string(), "{of_all}");
    let own = format!("update schedules set workspace_id = '{}'", platform.workspace);
    platform.database.execute(&own).await;
    let other = platform.client_of(stranger, "viewer").await;
    goes(&other, "schedule_late").await;
    appears(&client, "schedule_late").await;
}
