//! `GET /jobs/{id}`.

use harness::{Platform, jpeg};
use reqwest::StatusCode;
use serde_json::Value;

#[tokio::test]
async fn a_client_can_wait_for_the_end_of_its_job() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let (_, media) = client.upload("photo.jpg", jpeg(640, 480, 1)).await;
    let path = media["links"]["job"].as_str().unwrap();
    let waited = client.request("GET", path).header("prefer", "wait=30").send().await.unwrap();
    let job: Value = waited.json().await.unwrap();
    assert_eq!((job["state"].as_str(), job["finished"].as_bool()), (Some("completed"), Some(true)), "{job}");
    for timing in ["created_at", "started_at", "finished_at", "run_at"] {
        assert!(job[timing].is_string(), "{timing} in {job}");
    }
    assert!(job["duration_ms"].is_i64() && job["worker"].is_string() && job["attempt"] == 1, "{job}");
    assert_eq!(job["links"]["media"], media["links"]["self"]);
}

#[tokio::test]
async fn a_request_hands_its_trace_on_to_its_job() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    let (status, media) = client.upload_with("photo.jpg", jpeg(40, 30, 1), &[("traceparent", &parent)]).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{media}");
    let kept = platform.database.values("select trace as value from jobs").await;
    assert!(kept[0].contains(trace) && kept[0] != parent, "a span of the same trace: {kept:?}");
}

#[tokio::test]
async fn what_is_no_job_is_not_found() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let (status, problem) = client.get("/api/v1/jobs/019d0000-0000-7000-8000-000000000000").await;
    assert_eq!((status, problem["code"].as_str()), (StatusCode::NOT_FOUND, Some("not_found")));
    let (status, problem) = client.get("/api/v1/jobs/17").await;
    assert_eq!((status, problem["errors"][0]["pointer"].as_str()), (StatusCode::BAD_REQUEST, Some("/path/id")));
}
