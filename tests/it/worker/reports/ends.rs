//! How a report ends that does not simply succeed: stopped by its time-out, by somebody, by the death of its worker; and
//! its end in time.

use super::{Stage, ask, day, found};
use diesel_async::AsyncConnection;
use gotong_shared::{
    enqueue::{NewJob, enqueue},
    jobs::MaintenancePruneReports,
};
use harness::{Binary, LONG, Platform, Process, eventually};
use reqwest::StatusCode;
use serde_json::json;
use std::time::Duration;

const RUNNING: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and application_name = 'gotong report' and query like '%reporting.run%'
      and state = 'active'";

fn sleeping(timeout_s: i32) -> serde_json::Value {
    json!({ "name": format!("sleep {timeout_s}"), "sql": "select 1 as one from (select pg_sleep(600)) as x",
        "timeout_s": timeout_s })
}

#[tokio::test]
async fn a_query_of_ten_minutes_is_stopped_by_its_time_out() {
    let stage = Stage::new().await;
    let id = stage.define(&sleeping(1)).await;
    let report = ask(&stage.client, &json!({ "definition": { "id": id } })).await;
    let job = stage.client.finished(&report).await;
    assert_eq!((&job["state"], &job["error"]["class"]), (&json!("dead"), &json!("query_timeout")), "{job}");
    assert_eq!(job["attempt"], 1, "it would take as long again: {job}");
    let report = found(&stage.client, &report).await;
    assert_eq!(report["state"], "failed", "{report}");
    assert!(report["error"]["message"].as_str().unwrap().contains("after 1 seconds"), "{report}");
    assert_eq!(stage.platform.database.count(RUNNING).await, 0);
}

#[tokio::test]
async fn a_cancel_stops_the_query() {
    let stage = Stage::new().await;
    let id = stage.define(&sleeping(600)).await;
    let report = ask(&stage.client, &json!({ "definition": { "id": id } })).await;
    let database = &stage.platform.database;
    eventually("the query runs", LONG, async || (database.count(RUNNING).await == 1).then_some(())).await;
    let cancel = stage.client.request("POST", &format!("/api/v1/jobs/{report}/cancel"));
    assert!(cancel.send().await.unwrap().status().is_success());
    eventually("the query has stopped", LONG, async || (database.count(RUNNING).await == 0).then_some(())).await;
    let job = stage.client.finished(&report).await;
    assert_eq!(job["state"], "cancelled", "{job}");
    assert_eq!(found(&stage.client, &report).await["state"], "cancelled");
    assert!(stage.platform.storage.list("reports/").await.unwrap().is_empty());
}

/// Some 60 MB: a dozen parts.
const LARGE: &str = "select g as n, repeat('abcdefgh', 75) as text from generate_series(1, 100000) as g";

fn spawn_worker(platform: &Platform) -> Process {
    Process::spawn(Binary::Worker, &platform.variables(&[("GOTONG_WORKER_QUEUES", "reports:1")]))
}

#[tokio::test]
async fn a_killed_worker_leaves_one_report_in_the_end() {
    let platform = Platform::start().await;
    let (worker, _scheduler) = (spawn_worker(&platform), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let request = client.request("POST", "/api/v1/report-definitions").json(&json!({ "name": "large", "sql": LARGE }));
    let (_, definition) = harness::answer(request.send().await.unwrap()).await;
    let report = ask(&client, &json!({ "definition": { "id": definition["id"] } })).await;
    eventually("a part is stored", LONG, async || {
        (!platform.storage.unfinished_uploads().await.unwrap().is_empty()).then_some(())
    })
    .await;
    worker.kill9();
    assert_eq!(found(&client, &report).await["state"], "queued", "it was killed in the middle");
    let _worker = spawn_worker(&platform);
    let job = client.finished(&report).await;
    assert_eq!((&job["state"], &job["crashes"]), (&json!("completed"), &json!(1)), "{job}");
    let report = found(&client, &report).await;
    assert_eq!((&report["state"], &report["row_count"]), (&json!("ready"), &json!(100_000)), "{report}");
    assert_eq!(platform.storage.list("reports/").await.unwrap().len(), 1, "the report, and nothing else");
    assert!(platform.storage.unfinished_uploads().await.unwrap().is_empty(), "what was begun is taken back");
    let (_, bytes) = client.bytes(&format!("/api/v1/reports/{}/content", report["id"].as_str().unwrap())).await;
    assert_eq!(bytes.split(|byte| *byte == b'\n').count(), 100_002);
}

#[tokio::test]
async fn what_has_expired_goes_with_its_file() {
    let stage = Stage::new().await;
    let (old, young) = (stage.report(&day(json!({}))).await, stage.report(&day(json!({}))).await);
    let (old, young) = (old["id"].as_str().unwrap(), young["id"].as_str().unwrap());
    let age = format!("update reports set expires_at = now() - interval '1 minute' where id = '{old}'");
    stage.platform.database.execute(&age).await;
    let job = NewJob::of(stage.platform.workspace, &MaintenancePruneReports {}).unwrap();
    let mut connection = stage.platform.database.pool().connection().await.unwrap();
    drop(connection.transaction(async |c| enqueue(c, std::slice::from_ref(&job)).await).await.unwrap());
    stage.client.finished(&job.id.to_string()).await;
    assert_eq!(stage.client.get(&format!("/api/v1/reports/{old}")).await.0, StatusCode::NOT_FOUND);
    let objects = stage.platform.storage.list("reports/").await.unwrap();
    assert!(objects.len() == 1 && objects[0].contains(young), "{objects:?}");
    let path = format!("/api/v1/reports/{young}");
    let deleted = stage.client.request("DELETE", &path).timeout(Duration::from_secs(30)).send().await.unwrap();
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    assert_eq!(stage.client.get(&path).await.0, StatusCode::NOT_FOUND);
    assert!(stage.platform.storage.list("reports/").await.unwrap().is_empty());
}
