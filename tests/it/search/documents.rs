//! `/documents`: what is kept, in which version, and which job brings it to the index.

use super::{delete, post, put, put_with};
use harness::{Platform, answer};
use reqwest::StatusCode;
use serde_json::json;
use uuid::Uuid;

#[tokio::test]
async fn a_version_only_grows_also_over_a_deletion() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let project = json!({ "title": "Kopi Gayo", "tags": ["kopi"], "url": "https://example.org/kopi" });
    let (status, made) = put(&client, "project", "kopi-1", &project).await;
    assert_eq!((status, &made["version"], &made["document"]), (StatusCode::ACCEPTED, &json!(1), &project), "{made}");
    let (status, found) = client.get("/api/v1/documents/project/kopi-1").await;
    assert_eq!((status, &found["document"], &found["job_id"]), (StatusCode::OK, &project, &made["job_id"]), "{found}");
    let (status, gone) = delete(&client, "project", "kopi-1").await;
    assert_eq!((status, &gone["version"], &gone["deleted"]), (StatusCode::ACCEPTED, &json!(2), &json!(true)), "{gone}");
    assert_eq!(client.get("/api/v1/documents/project/kopi-1").await.0, StatusCode::NOT_FOUND);
    assert_eq!(delete(&client, "project", "kopi-1").await.0, StatusCode::NOT_FOUND);
    let (_, again) = put(&client, "project", "kopi-1", &json!({ "title": "Kopi Toraja" })).await;
    assert_eq!(again["version"], 3, "{again}");
    let (_, other) = put(&client, "profile", "kopi-1", &json!({ "username": "kopi" })).await;
    assert_eq!(other["version"], 1, "another type is another document: {other}");
}

#[tokio::test]
async fn changes_of_one_document_share_the_job_that_waits() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let (_, first) = put(&client, "project", "a", &json!({ "title": "one" })).await;
    let (_, second) = put(&client, "project", "a", &json!({ "title": "two" })).await;
    let (_, third) = delete(&client, "project", "a").await;
    let (_, other) = put(&client, "project", "b", &json!({ "title": "one" })).await;
    assert_eq!((&first["job_id"], &first["job_id"]), (&second["job_id"], &third["job_id"]));
    assert_ne!(first["job_id"], other["job_id"]);
    assert_eq!(platform.database.count("select count(*) from jobs").await, 2);
    // The job has read the document: from now on it stands for no change any more.
    platform.database.execute("update documents set pending_job_id = null where id = 'a'").await;
    let (_, fourth) = put(&client, "project", "a", &json!({ "title": "three" })).await;
    assert_ne!(fourth["job_id"], first["job_id"]);
    // A job that was called off stands for none either.
    let path = format!("/api/v1/jobs/{}/cancel", fourth["job_id"].as_str().unwrap());
    assert_eq!(post(&client, &path, &json!({})).await.0, StatusCode::ACCEPTED);
    let (_, fifth) = put(&client, "project", "a", &json!({ "title": "four" })).await;
    assert_ne!(fifth["job_id"], fourth["job_id"]);
}

#[tokio::test]
async fn a_change_can_name_the_version_that_it_starts_from() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let title = json!({ "title": "x" });
    let missing = put_with(&client, "project", "a", &title, &[("If-Match", "\"1\"")]).await;
    assert_eq!(missing.status(), StatusCode::PRECONDITION_FAILED);
    let made = put_with(&client, "project", "a", &title, &[]).await;
    assert_eq!(made.headers()["ETag"], "\"1\"");
    let location = made.headers()["Location"].to_str().unwrap().to_owned();
    assert_eq!(client.get(&location).await.1["kind"], "search.index");
    let second = put_with(&client, "project", "a", &title, &[("If-Match", "\"1\"")]).await;
    assert_eq!((second.status(), &second.headers()["ETag"]), (StatusCode::ACCEPTED, &"\"2\"".parse().unwrap()));
    let (status, problem) = answer(put_with(&client, "project", "a", &title, &[("If-Match", "\"1\"")]).await).await;
    assert_eq!((status, &problem["code"]), (StatusCode::PRECONDITION_FAILED, &json!("precondition_failed")));
    assert!(problem["detail"].as_str().unwrap().contains("version 2"), "{problem}");
}

#[tokio::test]
async fn each_item_of_a_bulk_request_is_settled_for_itself() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    put(&client, "project", "old", &json!({ "title": "x" })).await;
    let body = json!({ "documents": [
        { "type": "project", "id": "new", "document": { "title": "Kopi" } },
        { "type": "project", "id": "old", "action": "delete" },
        { "type": "project", "id": "none", "action": "delete" },
        { "type": "team", "id": "1", "document": {} },
        { "type": "project", "id": "bad", "document": { "title": 7 } },
        { "type": "project", "id": "new", "document": { "title": "again" } },
        { "type": "project", "id": "no document" },
        "nonsense",
    ] });
    let send = || client.request("POST", "/api/v1/documents/bulk").header("Idempotency-Key", "k").json(&body).send();
    let (status, result) = answer(send().await.unwrap()).await;
    assert_eq!(status, StatusCode::MULTI_STATUS, "{result}");
    let statuses: Vec<_> =
        result["data"].as_array().unwrap().iter().map(|item| item["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [202, 202, 404, 422, 422, 422, 422, 422], "{result}");
    assert_eq!(result["meta"], json!({ "done": 2, "refused": 6 }));
    assert_eq!(result["data"][1]["version"], 2, "{result}");
    let pointer = |n: usize| result["data"][n]["error"]["errors"][0]["pointer"].as_str().unwrap();
    assert_eq!((pointer(3), pointer(4), pointer(5), pointer(6)), ("/type", "/document/title", "/id", "/id"));
    let again = send().await.unwrap();
    assert_eq!(again.headers()["Idempotency-Replayed"], "true");
    assert_eq!(answer(again).await.1, result);
    assert_eq!(platform.database.count("select sum(version)::bigint as count from documents").await, 3);
}

#[tokio::test]
async fn documents_belong_to_their_workspace_and_viewers_only_read() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    put(&client, "profile", "sari", &json!({ "username": "sari" })).await;
    let stranger = Uuid::now_v7();
    platform.database.execute(&format!("insert into workspaces (id, name) values ('{stranger}', 'other')")).await;
    let other = platform.client_of(stranger, "operator").await;
    assert_eq!(other.get("/api/v1/documents/profile/sari").await.0, StatusCode::NOT_FOUND);
    assert_eq!(delete(&other, "profile", "sari").await.0, StatusCode::NOT_FOUND);
    let (_, own) = put(&other, "profile", "sari", &json!({ "username": "sari" })).await;
    assert_eq!(own["version"], 1, "{own}");
    let viewer = platform.client_of(platform.workspace, "viewer").await;
    assert_eq!(viewer.get("/api/v1/documents/profile/sari").await.0, StatusCode::OK);
    assert_eq!(put(&viewer, "profile", "sari", &json!({ "username": "x" })).await.0, StatusCode::FORBIDDEN);
    assert_eq!(delete(&viewer, "profile", "sari").await.0, StatusCode::FORBIDDEN);
}
