//! Cancel, retry and delete, one by one and many at once.

use super::{JOBS, asked, image, post, thumbnail, thumbnail_with};
use chrono::{TimeDelta, Utc};
use gotong_queue::Outcome;
use harness::{Client, LONG, Platform, eventually};
use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

async fn act(client: &Client, job: &str, action: &str) -> (StatusCode, Value) {
    post(client, &format!("{JOBS}/{job}/{action}"), &json!(null)).await
}

async fn delete(client: &Client, job: &str) -> StatusCode {
    client.request("DELETE", &format!("{JOBS}/{job}")).send().await.unwrap().status()
}

#[tokio::test]
async fn a_waiting_job_is_cancelled_and_an_ended_one_is_not() {
    let platform = Platform::start().await;
    let _scheduler = platform.scheduler();
    platform.settled().await;
    let client = platform.client().await;
    let media = image(&client).await;
    let later = (Utc::now() + TimeDelta::hours(1)).to_rfc3339();
    for body in [thumbnail(&media), thumbnail_with(&media, &json!({ "run_at": later }))] {
        let job = asked(&client, &body).await;
        let (status, told) = act(&client, &job, "cancel").await;
        assert_eq!(status, StatusCode::ACCEPTED, "{told}");
        assert!(told["cancel_requested_at"].is_string() || told["state"] == "cancelled", "{told}");
        assert_eq!(client.finished(&job).await["state"], "cancelled");
        let (status, problem) = act(&client, &job, "cancel").await;
        assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("job_ended")));
    }
    assert_eq!(act(&client, &Uuid::nil().to_string(), "cancel").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_handler_of_a_running_job_hears_of_its_cancel() {
    let platform = Platform::start().await;
    let _scheduler = platform.scheduler();
    platform.settled().await;
    let client = platform.client().await;
    image(&client).await;
    let hand = platform.hand().await;
    let run = eventually("the job is fetched", LONG, async || hand.fetch(1).await.ok()?.pop()).await;
    let job = run.id.to_string();
    assert_eq!(act(&client, &job, "cancel").await.0, StatusCode::ACCEPTED);
    eventually("the run hears of it", LONG, async || {
        hand.renew(&run).await.expect("Redis answers");
        run.cancelled().is_cancelled().then_some(())
    })
    .await;
    hand.report(&run, Outcome::Cancel("asked to".into())).await.unwrap();
    assert_eq!(client.finished(&job).await["state"], "cancelled");
}

#[tokio::test]
async fn a_retry_begins_again_and_keeps_what_was() {
    let platform = Platform::start().await;
    let _scheduler = platform.scheduler();
    platform.settled().await;
    let client = platform.client().await;
    let media = image(&client).await;
    let hand = platform.hand().await;
    let upload = eventually("the job is fetched", LONG, async || hand.fetch(1).await.ok()?.pop()).await;
    hand.report(&upload, Outcome::Done(None)).await.unwrap();
    let job = asked(&client, &thumbnail_with(&media, &json!({ "unique_key": "k" }))).await;
    let (status, problem) = act(&client, &job, "retry").await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("job_open")));
    for generation in 1..=3 {
        let run = eventually("the job is fetched", LONG, async || hand.fetch(1).await.ok()?.pop()).await;
        assert_eq!((run.id.to_string(), run.attempt), (job.clone(), 1));
        hand.report(&run, Outcome::Done(Some("{}".into()))).await.unwrap();
        let ended = client.finished(&job).await;
        assert_eq!((&ended["state"], &ended["generation"]), (&json!("completed"), &json!(generation)), "{ended}");
        if generation < 3 {
            let (status, again) = act(&client, &job, "retry").await;
            assert_eq!(status, StatusCode::ACCEPTED, "{again}");
            assert_eq!((&again["generation"], &again["finished"]), (&json!(generation + 1), &json!(false)), "{again}");
        }
    }
    let (_, attempts) = client.get(&format!("{JOBS}/{job}/attempts")).await;
    let told: Vec<_> =
        attempts["data"].as_array().unwrap().iter().map(|run| (&run["generation"], &run["outcome"])).collect();
    assert_eq!(told, [(&json!(2), &json!("completed")), (&json!(1), &json!("completed"))], "{attempts}");
    // Its unique key is another job's by now.
    let rival = asked(&client, &thumbnail_with(&media, &json!({ "unique_key": "k" }))).await;
    let (status, problem) = act(&client, &job, "retry").await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("duplicate")), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains(&rival));
}

#[tokio::test]
async fn a_retry_with_a_key_is_done_once() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let media = image(&client).await;
    let job = asked(&client, &thumbnail(&media)).await;
    let end = format!("update jobs set state = 'dead', finished_at = now(), version = 7 where id = '{job}'");
    platform.database.execute(&end).await;
    let path = format!("{JOBS}/{job}/retry");
    for replayed in [false, true] {
        let answer = super::send(&client, "POST", &path, &json!(null), &[("idempotency-key", "again")]).await;
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
        assert_eq!(answer.headers().contains_key("idempotency-replayed"), replayed);
        assert_eq!(answer.json::<Value>().await.unwrap()["generation"], 2);
    }
}

#[tokio::test]
async fn a_finished_job_is_deleted_whole_and_an_open_one_stays() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let media = image(&client).await;
    let job = asked(&client, &thumbnail(&media)).await;
    assert_eq!(delete(&client, &job).await, StatusCode::CONFLICT);
    platform
        .database
        .execute(&format!(
            "update jobs set state = 'dead', finished_at = now() where id = '{job}';
             insert into job_attempts (job_id, generation, version, attempt, outcome, ended_at)
                 values ('{job}', 1, 1, 1, 'dead', now())"
        ))
        .await;
    assert_eq!(delete(&client, &job).await, StatusCode::NO_CONTENT);
    assert_eq!(delete(&client, &job).await, StatusCode::NOT_FOUND);
    for (table, column) in [("jobs", "id"), ("job_attempts", "job_id"), ("job_fields", "job_id")] {
        assert_eq!(platform.database.count(&format!("select count(*) from {table} where {column} = '{job}'")).await, 0);
    }
}

#[tokio::test]
async fn batches_tell_an_outcome_for_each_job() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let media = image(&client).await;
    let (open, dead) = (asked(&client, &thumbnail(&media)).await, asked(&client, &thumbnail(&media)).await);
    let bury = format!("update jobs set state = 'dead', finished_at = now(), version = 7 where id = '{dead}'");
    platform.database.execute(&bury).await;
    let missing = Uuid::nil().to_string();
    let body = json!({ "ids": [open, dead, missing] });
    for (action, expected) in [("cancel", [202, 409, 404]), ("delete", [409, 204, 404]), ("retry", [409, 404, 404])] {
        let (status, result) = post(&client, &format!("{JOBS}/batch/{action}"), &body).await;
        assert_eq!(status, StatusCode::MULTI_STATUS, "{result}");
        let told: Vec<_> =
            result["data"].as_array().unwrap().iter().map(|item| item["status"].as_u64().unwrap()).collect();
        assert_eq!(told, expected, "{action}: {result}");
    }
    platform
        .database
        .execute(&format!("update jobs set state = 'cancelled', finished_at = now() where id = '{open}'"))
        .await;
    let (_, result) = post(&client, &format!("{JOBS}/batch/retry"), &json!({ "ids": [open] })).await;
    assert_eq!(result["meta"], json!({ "done": 1, "refused": 0 }), "{result}");
    let viewer = platform.client_of(platform.workspace, "viewer").await;
    for action in ["cancel", "retry", "delete"] {
        assert_eq!(post(&viewer, &format!("{JOBS}/batch/{action}"), &body).await.0, StatusCode::FORBIDDEN);
        let (status, _) = post(&client, &format!("{JOBS}/batch/{action}"), &json!({ "ids": [] })).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}
