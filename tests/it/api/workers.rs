//! `/workers`.

use harness::{LONG, Platform, eventually, jpeg};
use reqwest::StatusCode;
use serde_json::{Value, json};

async fn answer(request: reqwest::RequestBuilder) -> (StatusCode, Value) {
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap_or(Value::Null))
}

#[tokio::test]
async fn workers_show_themselves_and_can_be_drained() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let (status, none) = client.get("/api/v1/workers").await;
    assert_eq!((status, none), (StatusCode::OK, json!({"data": []})));
    let first = platform.worker_on("images:2,maintenance:1");
    let worker = eventually("the worker shows itself on all its queues", LONG, async || {
        let (_, workers) = client.get("/api/v1/workers").await;
        let worker = workers["data"][0].clone();
        (worker["queues"].as_array()?.len() == 2).then_some(worker)
    })
    .await;
    assert_eq!(
        (&worker["concurrency"], &worker["running"], &worker["draining"]),
        (&json!(3), &json!(0), &json!(false))
    );
    assert_eq!((&worker["queues"][0]["queue"], &worker["queues"][0]["concurrency"]), (&json!("images"), &json!(2)));
    assert_eq!(worker["queues"][0]["kinds"], json!(["thumbnail.generate"]), "{worker}");
    assert_eq!(worker["pid"], std::process::id());
    for field in ["host", "version", "started_at", "seen_at"] {
        assert!(worker[field].as_str().is_some_and(|text| !text.is_empty()), "{field} in {worker}");
    }
    assert!(worker["memory_bytes"].as_u64().is_some_and(|bytes| bytes > 1 << 20), "{worker}");

    let id = worker["id"].as_str().unwrap();
    let drain = format!("/api/v1/workers/{id}/drain");
    let viewer = platform.client_of(platform.workspace, "viewer").await;
    assert_eq!(answer(viewer.request("POST", &drain)).await.0, StatusCode::FORBIDDEN);
    let (status, drained) = answer(client.request("POST", &drain)).await;
    assert_eq!(
        (status, &drained["draining"], &drained["id"]),
        (StatusCode::OK, &json!(true), &worker["id"]),
        "{drained}"
    );
    let (status, _) =
        answer(client.request("POST", "/api/v1/workers/019d0000-0000-7000-8000-000000000000/drain")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(answer(client.request("POST", "/api/v1/workers/17/drain")).await.0, StatusCode::BAD_REQUEST);
    first.stop().await;
    eventually("a worker that has stopped is gone", LONG, async || {
        (client.get("/api/v1/workers").await.1 == json!({"data": []})).then_some(())
    })
    .await;
    // Draining is of one run of one process: another takes jobs.
    let (_other, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let (_, media) = client.upload("photo.jpg", jpeg(40, 30, 1)).await;
    assert_eq!(client.finished(media["job_id"].as_str().unwrap()).await["state"], "completed");
}
