//! `PATCH /jobs/{id}`.

use super::{JOBS, asked, image, send, thumbnail_with};
use chrono::{TimeDelta, Utc};
use gotong_queue::Outcome;
use harness::{Client, LONG, Platform, answer, eventually};
use reqwest::StatusCode;
use serde_json::{Value, json};

async fn etag(client: &Client, job: &str) -> String {
    let answer = client.request("GET", &format!("{JOBS}/{job}")).send().await.unwrap();
    answer.headers()["etag"].to_str().unwrap().to_owned()
}

async fn patch(client: &Client, job: &str, tag: &str, body: &Value) -> (StatusCode, Value) {
    answer(send(client, "PATCH", &format!("{JOBS}/{job}"), body, &[("if-match", tag)]).await).await
}

/// A job that waits in Redis for an hour, on a platform with a scheduler.
async fn waiting(client: &Client, minutes: i64) -> (String, String) {
    let media = image(client).await;
    let later = (Utc::now() + TimeDelta::minutes(minutes)).to_rfc3339();
    (asked(client, &thumbnail_with(&media, &json!({ "run_at": later }))).await, media)
}

#[tokio::test]
async fn an_edited_job_runs_as_it_was_edited_and_once() {
    let platform = Platform::start().await;
    let _scheduler = platform.scheduler();
    platform.settled().await;
    let client = platform.client().await;
    let hand = platform.hand().await;
    let mut edited = Vec::new();
    // One is known to Redis, the other to the ledger alone.
    for minutes in [5, 60] {
        let (job, _) = waiting(&client, minutes).await;
        let now = Utc::now().to_rfc3339();
        let tag = etag(&client, &job).await;
        let (status, told) = patch(&client, &job, &tag, &json!({ "run_at": now, "priority": 4 })).await;
        assert_eq!(status, StatusCode::OK, "{told}");
        assert_eq!((&told["priority"], &told["generation"]), (&json!(4), &json!(2)), "{told}");
        edited.push(job.clone());
        let run = eventually("the edited job is fetched", LONG, async || {
            let run = hand.fetch(1).await.ok()?.pop()?;
            let outcome = Outcome::Done(None);
            hand.report(&run, outcome).await.ok()?;
            (run.id.to_string() == job).then_some(run)
        })
        .await;
        assert_eq!(run.attempt, 1);
        assert_eq!(client.finished(&job).await["generation"], 2);
        let (status, problem) = patch(&client, &job, "*", &json!({ "priority": 1 })).await;
        assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("job_ended")));
    }
    // The uploads made jobs of their own.
    let rest = hand.fetch(10).await.unwrap();
    assert!(rest.iter().all(|run| !edited.contains(&run.id.to_string())), "nothing runs twice");
}

#[tokio::test]
async fn an_edit_names_the_state_it_starts_from() {
    let platform = Platform::start().await;
    let _scheduler = platform.scheduler();
    platform.settled().await;
    let client = platform.client().await;
    let (job, media) = waiting(&client, 5).await;
    let path = format!("{JOBS}/{job}");
    let (status, problem) = answer(send(&client, "PATCH", &path, &json!({ "priority": 1 }), &[]).await).await;
    assert_eq!((status.as_u16(), &problem["code"]), (428, &json!("precondition_required")));
    let tag = etag(&client, &job).await;
    let edits: Vec<_> = (0..4)
        .map(|priority| {
            let (client, job, tag) = (client.clone(), job.clone(), tag.clone());
            tokio::spawn(async move { patch(&client, &job, &tag, &json!({ "priority": priority })).await.0 })
        })
        .collect();
    let mut statuses = Vec::new();
    for edit in edits {
        statuses.push(edit.await.unwrap().as_u16());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412]);
    for (body, pointer) in [
        (json!({ "priority": 5 }), "/priority"),
        (json!({ "payload": { "media_id": 1 } }), "/payload/media_id"),
        (json!({ "payload": null }), "/payload"),
        (json!({ "payload": { "media_id": uuid::Uuid::nil() } }), "/payload/media_id"),
        (json!({ "run_at": "2999-01-01T00:00:00Z" }), "/run_at"),
        (json!({ "kind": "x" }), "/kind"),
    ] {
        let (status, problem) = patch(&client, &job, "*", &body).await;
        assert_eq!(
            (status.as_u16(), problem["errors"][0]["pointer"].as_str()),
            (422, Some(pointer)),
            "{body}: {problem}"
        );
    }
    let (status, edited) = patch(&client, &job, "*", &json!({ "payload": { "media_id": media } })).await;
    assert_eq!((status.as_u16(), &edited["generation"]), (200, &json!(3)), "{edited}");
}

#[tokio::test]
async fn a_running_job_cannot_be_edited() {
    let platform = Platform::start().await;
    let _scheduler = platform.scheduler();
    platform.settled().await;
    let client = platform.client().await;
    image(&client).await;
    let hand = platform.hand().await;
    let run = eventually("the job is fetched", LONG, async || hand.fetch(1).await.ok()?.pop()).await;
    let (status, problem) = patch(&client, &run.id.to_string(), "*", &json!({ "priority": 1 })).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("job_running")), "{problem}");
    hand.report(&run, Outcome::Done(None)).await.unwrap();
    assert_eq!(client.finished(&run.id.to_string()).await["state"], "completed");
}
