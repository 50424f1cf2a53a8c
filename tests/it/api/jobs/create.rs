//! `POST /jobs` and `POST /jobs/batch`.

use super::{JOBS, asked, image, post, rows, send, thumbnail, thumbnail_with};
use harness::{Platform, answer};
use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::test]
async fn a_job_that_is_asked_for_runs_and_can_be_waited_for() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let media = image(&client).await;
    let accepted = send(&client, "POST", JOBS, &thumbnail(&media), &[]).await;
    assert_eq!(accepted.status(), StatusCode::ACCEPTED);
    let location = accepted.headers()["location"].to_str().unwrap().to_owned();
    let job: Value = accepted.json().await.unwrap();
    assert_eq!(
        (location.as_str(), &job["kind"]),
        (job["links"]["self"].as_str().unwrap(), &json!("thumbnail.generate"))
    );
    let waited = send(&client, "POST", JOBS, &thumbnail(&media), &[("prefer", "wait=30")]).await;
    let (status, job) = answer(waited).await;
    assert_eq!((status, &job["state"], &job["finished"]), (StatusCode::OK, &json!("completed"), &json!(true)), "{job}");
}

#[tokio::test]
async fn what_cannot_be_accepted_is_pointed_at_and_leaves_nothing() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let media = image(&client).await;
    let stranger = platform.client_of(other_workspace(&platform).await, "admin").await;
    let before = rows(&platform).await;
    for (body, pointer) in [
        (json!({ "kind": "tea.brew", "payload": {} }), "/kind"),
        (json!({ "payload": {} }), "/kind"),
        (json!({ "kind": "thumbnail.generate" }), "/payload"),
        (json!({ "kind": "thumbnail.generate", "payload": { "media_id": 7 } }), "/payload/media_id"),
        (thumbnail(&Uuid::nil().to_string()), "/payload/media_id"),
        (thumbnail_with(&media, &json!({ "priority": 5 })), "/priority"),
        (thumbnail_with(&media, &json!({ "run_at": "tomorrow" })), "/run_at"),
        (thumbnail_with(&media, &json!({ "colour": "red" })), "/colour"),
        (thumbnail_with(&media, &json!({ "unique_key": "a\0b" })), "/unique_key"),
        (thumbnail_with(&media, &json!({ "id": "019a0000-0000-7000-8000-000000000000" })), "/id"),
    ] {
        let (status, problem) = post(&client, JOBS, &body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {problem}");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}: {problem}");
    }
    let (status, _) = post(&stranger, JOBS, &thumbnail(&media)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "another workspace's image");
    let purge = json!({ "kind": "maintenance.purge_media", "payload": { "grace_s": 0 } });
    assert_eq!(post(&client, JOBS, &purge).await.0, StatusCode::FORBIDDEN);
    let viewer = platform.client_of(platform.workspace, "viewer").await;
    assert_eq!(post(&viewer, JOBS, &thumbnail(&media)).await.0, StatusCode::FORBIDDEN);
    let garbage = client.request("POST", JOBS).header("content-type", "application/json").body("{").send().await;
    assert_eq!(garbage.unwrap().status(), StatusCode::BAD_REQUEST);
    assert_eq!(client.get(&format!("{JOBS}?queue=a%00b")).await.0, StatusCode::BAD_REQUEST);
    let large = vec![b' '; 7 * 1024 * 1024];
    let large = client.request("POST", JOBS).header("content-type", "application/json").body(large).send().await;
    assert_eq!(large.unwrap().status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(rows(&platform).await, before);
}

#[tokio::test]
async fn fifty_requests_with_one_key_make_one_job_and_equal_answers() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let media = image(&client).await;
    let before = rows(&platform).await;
    let requests: Vec<_> = (0..50)
        .map(|_| {
            let (client, body) = (client.clone(), thumbnail(&media));
            tokio::spawn(async move {
                answer(send(&client, "POST", JOBS, &body, &[("idempotency-key", "order-17")]).await).await
            })
        })
        .collect();
    let mut answers = Vec::new();
    for request in requests {
        answers.push(request.await.unwrap());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0] && answer.0 == StatusCode::ACCEPTED), "{answers:?}");
    assert_eq!(rows(&platform).await, before + 1);
    let other = thumbnail_with(&media, &json!({ "priority": 3 }));
    let (status, problem) = answer(send(&client, "POST", JOBS, &other, &[("idempotency-key", "order-17")]).await).await;
    assert_eq!((status.as_u16(), &problem["code"]), (422, &json!("idempotency_mismatch")));
    assert_eq!(rows(&platform).await, before + 1);
}

#[tokio::test]
async fn the_same_id_is_the_same_job() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let (media, other) = (image(&client).await, image(&client).await);
    let id = Uuid::now_v7().to_string();
    let body = thumbnail_with(&media, &json!({ "id": id }));
    assert_eq!(asked(&client, &body).await, id);
    let before = rows(&platform).await;
    assert_eq!(asked(&client, &body).await, id);
    let (status, problem) = post(&client, JOBS, &thumbnail_with(&other, &json!({ "id": id }))).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("duplicate")), "{problem}");
    assert_eq!(rows(&platform).await, before);
}

#[tokio::test]
async fn a_unique_key_has_one_live_job() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let media = image(&client).await;
    let keyed = |options: Value| thumbnail_with(&media, &options);
    let first = asked(&client, &keyed(json!({ "unique_key": "k" }))).await;
    let (status, problem) = post(&client, JOBS, &keyed(json!({ "unique_key": "k" }))).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("duplicate")));
    assert!(problem["detail"].as_str().unwrap().contains(&first), "{problem}");
    let kept = keyed(json!({ "unique_key": "k", "unique_policy": "keep_existing" }));
    let (status, job) = post(&client, JOBS, &kept).await;
    assert_eq!((status, job["id"].as_str()), (StatusCode::OK, Some(first.as_str())));
    for replayed in [None, Some("true")] {
        let response = send(&client, "POST", JOBS, &kept, &[("idempotency-key", "kept-1")]).await;
        assert_eq!(response.headers().get("idempotency-replayed").map(|header| header.to_str().unwrap()), replayed);
        let (status, job) = answer(response).await;
        assert_eq!((status, job["id"].as_str()), (StatusCode::OK, Some(first.as_str())), "{job}");
    }
}

#[tokio::test]
async fn a_batch_has_an_outcome_for_each_item() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let media = image(&client).await;
    let before = rows(&platform).await;
    let jobs = json!({ "jobs": [
        thumbnail(&media),
        { "kind": "tea.brew", "payload": {} },
        thumbnail_with(&media, &json!({ "unique_key": "k" })),
        thumbnail_with(&media, &json!({ "unique_key": "k" })),
        thumbnail(&Uuid::nil().to_string()),
        thumbnail_with(&media, &json!({ "run_at": "2026-13-01T00:00:00Z" })),
    ] });
    let headers = [("idempotency-key", "batch-1")];
    let (status, result) = answer(send(&client, "POST", &format!("{JOBS}/batch"), &jobs, &headers).await).await;
    assert_eq!(status, StatusCode::MULTI_STATUS, "{result}");
    let statuses: Vec<_> =
        result["data"].as_array().unwrap().iter().map(|item| item["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [202, 422, 202, 409, 422, 422], "{result}");
    assert_eq!(result["meta"], json!({ "done": 2, "refused": 4 }));
    assert_eq!(result["data"][1]["error"]["errors"][0]["pointer"], "/kind");
    assert_eq!(rows(&platform).await, before + 2);
    let again = send(&client, "POST", &format!("{JOBS}/batch"), &jobs, &headers).await;
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    assert_eq!(again.json::<Value>().await.unwrap(), result);
    assert_eq!(rows(&platform).await, before + 2);
    for length in [0, 1_001] {
        let body = json!({ "jobs": vec![thumbnail(&media); length] });
        let (status, problem) = post(&client, &format!("{JOBS}/batch"), &body).await;
        assert_eq!((status.as_u16(), &problem["errors"][0]["pointer"]), (422, &json!("/jobs")), "{length}: {problem}");
    }
    let (status, result) =
        post(&client, &format!("{JOBS}/batch"), &json!({ "jobs": vec![thumbnail(&media); 1_000] })).await;
    assert_eq!((status.as_u16(), &result["meta"]["done"]), (207, &json!(1_000)));
}

/// Another workspace of the platform.
async fn other_workspace(platform: &Platform) -> Uuid {
    let id = Uuid::now_v7();
    platform.database.execute(&format!("insert into workspaces (id, name) values ('{id}', 'other')")).await;
    id
}
