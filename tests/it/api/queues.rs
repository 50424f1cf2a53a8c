//! `/queues`.

use harness::{Client, LONG, Platform, eventually, jpeg};
use reqwest::StatusCode;
use serde_json::{Value, json};

async fn patch(client: &Client, queue: &str, tag: Option<&str>, body: Value) -> (StatusCode, Option<String>, Value) {
    let mut request = client.request("PATCH", &format!("/api/v1/queues/{queue}")).json(&body);
    if let Some(tag) = tag {
        request = request.header("if-match", tag);
    }
    let answer = request.send().await.unwrap();
    let tag = answer.headers().get("etag").map(|tag| tag.to_str().unwrap().to_owned());
    (answer.status(), tag, answer.json().await.unwrap_or(Value::Null))
}

async fn queue(client: &Client, name: &str) -> Value {
    let (status, queue) = client.get(&format!("/api/v1/queues/{name}")).await;
    assert_eq!(status, StatusCode::OK, "{queue}");
    queue
}

#[tokio::test]
async fn figures_equal_what_ran() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    for seed in 0..3 {
        let mut bytes = jpeg(200, 150, seed);
        if seed == 0 {
            bytes.truncate(bytes.len() / 2);
        }
        let (_, media) = client.upload("photo.jpg", bytes).await;
        client.finished(media["job_id"].as_str().unwrap()).await;
    }
    let images = eventually("the figures are read again", LONG, async || {
        Some(queue(&client, "images").await).filter(|images| images["last_hour"]["ended"] == 3)
    })
    .await;
    for period in ["last_hour", "last_day"] {
        let work = &images[period];
        assert_eq!((&work["outcomes"]["completed"], &work["outcomes"]["dead"]), (&json!(2), &json!(1)), "{images}");
        assert_eq!((&work["failed"], &work["outcomes"]["retried"]), (&json!(1), &json!(0)), "{images}");
        for times in [&work["waiting"], &work["running"]] {
            assert_eq!(times["count"], 3, "{images}");
            let percentile = |name: &str| times[name].as_f64().unwrap();
            assert!(percentile("p50") <= percentile("p90") && percentile("p90") <= percentile("p99"), "{images}");
            assert!(percentile("p99") < 60_000.0, "{images}");
        }
    }
    assert_eq!((&images["workers"], &images["depth"]["ready"]), (&json!(1), &json!(0)), "{images}");
    let (_, minutes) = client.get(images["links"]["minutes"].as_str().unwrap()).await;
    let sum =
        |minutes: &Value| minutes["data"].as_array().unwrap().iter().map(|m| m["ended"].as_u64().unwrap()).sum::<u64>();
    assert_eq!(sum(&minutes), 3, "{minutes}");
    let (_, thumbnails) = client.get("/api/v1/queues/images/minutes?kind=thumbnail.generate").await;
    let (_, others) = client.get("/api/v1/queues/images/minutes?kind=maintenance.purge_media").await;
    assert_eq!((sum(&thumbnails), sum(&others)), (3, 0), "{thumbnails} {others}");
    let (_, list) = client.get("/api/v1/queues").await;
    let listed = list["data"].as_array().unwrap().iter().find(|queue| queue["name"] == "images").unwrap();
    assert_eq!(listed["last_hour"]["outcomes"], images["last_hour"]["outcomes"]);
}

#[tokio::test]
async fn depth_tells_what_waits() {
    let platform = Platform::start().await;
    let _scheduler = platform.scheduler();
    platform.settled().await;
    let client = platform.client().await;
    for seed in 0..2 {
        client.upload("photo.jpg", jpeg(40, 30, seed)).await;
    }
    let images = eventually("both are pushed", LONG, async || {
        Some(queue(&client, "images").await).filter(|images| images["depth"]["ready"] == 2)
    })
    .await;
    let depth = &images["depth"];
    assert_eq!(depth["ready_by_priority"], json!([0, 0, 2, 0, 0]), "{images}");
    assert!(depth["oldest_ready_at"].is_string() && depth["oldest_ready_seconds"].is_u64(), "{images}");
    assert_eq!(
        (&depth["running"], &depth["parked"], &images["workers"]),
        (&json!(0), &json!(0), &json!(0)),
        "{images}"
    );
    assert_eq!(images["last_hour"]["waiting"]["p50"], Value::Null, "nothing ran: {images}");
}

#[tokio::test]
async fn a_pause_names_the_state_it_starts_from() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let answer = client.request("GET", "/api/v1/queues/images").send().await.unwrap();
    let first = answer.headers()["etag"].to_str().unwrap().to_owned();
    let (status, _, problem) = patch(&client, "images", None, json!({"paused": true})).await;
    assert_eq!((status.as_u16(), problem["code"].as_str()), (428, Some("precondition_required")), "{problem}");
    let (status, second, paused) = patch(&client, "images", Some(&first), json!({"paused": true})).await;
    assert_eq!((status, &paused["paused"]), (StatusCode::OK, &json!(true)), "{paused}");
    assert!(paused["paused_at"].is_string() && second.as_ref() != Some(&first), "{paused}");
    assert!(platform.queue().await.counts(&Platform::images()).await.unwrap().paused);
    // Whoever saw the first state does not know of the pause.
    let (status, _, problem) = patch(&client, "images", Some(&first), json!({"paused": false})).await;
    assert_eq!((status.as_u16(), problem["code"].as_str()), (412, Some("precondition_failed")), "{problem}");
    assert_eq!(queue(&client, "images").await["paused"], true);
    let (status, _, resumed) = patch(&client, "images", second.as_deref(), json!({"paused": false})).await;
    assert_eq!((status, &resumed["paused"]), (StatusCode::OK, &json!(false)), "{resumed}");
    assert!(!platform.queue().await.counts(&Platform::images()).await.unwrap().paused);
    let (status, _, limited) = patch(&client, "images", Some("*"), json!({"oldest_age_limit_seconds": 7})).await;
    assert_eq!((status, &limited["oldest_age_limit_seconds"]), (StatusCode::OK, &json!(7)), "{limited}");
}

#[tokio::test]
async fn one_of_many_concurrent_changes_wins() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let changes = (0..8).map(|n| {
        let client = client.clone();
        tokio::spawn(async move { patch(&client, "images", Some("\"0\""), json!({"paused": n % 2 == 0})).await.0 })
    });
    let mut won = 0;
    for change in changes.collect::<Vec<_>>() {
        match change.await.unwrap() {
            StatusCode::OK => won += 1,
            status => assert_eq!(status, StatusCode::PRECONDITION_FAILED),
        }
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn bad_requests_are_told_what_is_wrong() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let viewer = platform.client_of(platform.workspace, "viewer").await;
    let (status, _, problem) = patch(&viewer, "images", Some("*"), json!({"paused": true})).await;
    assert_eq!((status, problem["code"].as_str()), (StatusCode::FORBIDDEN, Some("forbidden")));
    assert_eq!(viewer.get("/api/v1/queues/images").await.0, StatusCode::OK);
    assert_eq!(client.get("/api/v1/queues/none").await.0, StatusCode::NOT_FOUND);
    assert_eq!(patch(&client, "none", Some("*"), json!({"paused": true})).await.0, StatusCode::NOT_FOUND);
    for (body, pointer) in [
        (json!({}), ""),
        (json!({"paused": "yes"}), "/paused"),
        (json!({"oldest_age_limit_seconds": 0}), "/oldest_age_limit_seconds"),
        (json!({"colour": 1}), "/colour"),
    ] {
        let (status, _, problem) = patch(&client, "images", Some("*"), body.clone()).await;
        assert_eq!(
            (status.as_u16(), problem["errors"][0]["pointer"].as_str()),
            (422, Some(pointer)),
            "{body} {problem}"
        );
    }
    for (query, pointer) in [
        ("kind=none", "/query/kind"),
        ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "/query/from"),
        ("from=2026-01-01T00:00:00Z&to=2026-01-03T00:00:00Z", "/query/from"),
        ("from=0001-01-01T00:00:00Z", "/query/from"),
        ("from=yesterday", "/query/from"),
    ] {
        let (status, problem) = client.get(&format!("/api/v1/queues/images/minutes?{query}")).await;
        assert_eq!(
            (status.as_u16(), problem["errors"][0]["pointer"].as_str()),
            (422, Some(pointer)),
            "{query} {problem}"
        );
    }
}
