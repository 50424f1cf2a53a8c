//! `/reports`: what is refused, what is answered twice alike, who sees what, links.

use harness::{Client, Platform, answer};
use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

async fn post(client: &Client, path: &str, body: &Value) -> (StatusCode, Value) {
    answer(client.request("POST", path).json(body).send().await.unwrap()).await
}

/// Gives a report a file, as a worker would.
async fn file(platform: &Platform, id: &str) {
    let key = format!("reports/{id}/x.csv");
    platform.storage.put(&key, "text/csv", "a\r\n".into()).await.unwrap();
    let ready = format!(
        "update reports set state = 'ready', object_key = '{key}', byte_size = 3, sha256 = sha256('a'),
            row_count = 0, truncated = false, finished_at = now() where id = '{id}'"
    );
    platform.database.execute(&ready).await;
}

#[tokio::test]
async fn mistakes_are_named_and_nothing_is_kept() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    for (body, pointer) in [
        (json!({}), "/data_set"),
        (json!({ "data_set": "tea" }), "/data_set"),
        (json!({ "data_set": "jobs", "format": "docx" }), "/format"),
        (json!({ "data_set": "jobs", "period": "once" }), "/period"),
        (json!({ "data_set": "weekly", "format": "csv" }), "/format"),
        (json!({ "data_set": "jobs", "from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z" }), "/to"),
        (json!({ "data_set": "jobs", "parameters": { "kind": 1 } }), "/parameters/kind"),
        (json!({ "data_set": "jobs", "time_zone": "Mars/Olympus" }), "/time_zone"),
        (json!({ "data_set": "jobs", "format": "pdf", "row_limit": 10_001 }), "/row_limit"),
        (json!({ "data_set": "jobs", "delivery": { "to": ["nobody"] } }), "/delivery/to/0"),
        (json!({ "definition": { "id": Uuid::now_v7() } }), "/definition/id"),
        (json!({ "data_set": "jobs", "sql": "select 1" }), "/sql"),
    ] {
        let (status, problem) = post(&client, "/api/v1/reports", &body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {problem}");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}: {problem}");
    }
    for table in ["reports", "jobs"] {
        assert_eq!(platform.database.count(&format!("select count(*) from {table}")).await, 0);
    }
}

#[tokio::test]
async fn a_request_that_is_sent_twice_makes_one_report() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let body = json!({ "data_set": "jobs_by_kind", "format": "xlsx" });
    let send = async |body: &Value| {
        let request = client.request("POST", "/api/v1/reports").header("Idempotency-Key", "weekly-17").json(body);
        request.send().await.unwrap()
    };
    let (first, second) = (send(&body).await, send(&body).await);
    assert_eq!(first.headers()["location"], second.headers()["location"]);
    assert_eq!(second.headers()["idempotency-replayed"], "true");
    assert_eq!(first.json::<Value>().await.unwrap(), second.json::<Value>().await.unwrap());
    let (status, problem) = answer(send(&json!({ "data_set": "jobs" })).await).await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("idempotency_mismatch")));
    assert_eq!(platform.database.count("select count(*) from reports").await, 1);
    assert_eq!(platform.database.count("select count(*) from jobs").await, 1);
}

#[tokio::test]
async fn a_report_is_seen_by_its_workspace_only() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let (_, report) = post(&client, "/api/v1/reports", &json!({ "data_set": "jobs" })).await;
    let id = report["id"].as_str().unwrap();
    let (status, problem) = client.get(&format!("/api/v1/reports/{id}/content")).await;
    assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("report_pending")), "{problem}");
    let (_, job) = client.get(&format!("/api/v1/jobs/{id}")).await;
    assert_eq!(job["links"]["report"], format!("/api/v1/reports/{id}"), "{job}");
    let deleted = client.request("DELETE", &format!("/api/v1/reports/{id}")).send().await.unwrap();
    assert_eq!(deleted.status(), StatusCode::CONFLICT, "its job has not ended");
    let other = Uuid::now_v7();
    platform.database.execute(&format!("insert into workspaces (id, name) values ('{other}', 'other')")).await;
    let stranger = platform.client_of(other, "admin").await;
    for path in [format!("/api/v1/reports/{id}"), format!("/api/v1/reports/{id}/content")] {
        assert_eq!(stranger.get(&path).await.0, StatusCode::NOT_FOUND);
    }
    let (status, _) = post(&stranger, &format!("/api/v1/reports/{id}/link"), &json!({})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (_, list) = stranger.get("/api/v1/reports").await;
    assert_eq!(list["data"], json!([]));
    let (_, list) = client.get("/api/v1/reports?state=queued").await;
    assert_eq!(list["data"][0]["id"], id);
}

#[tokio::test]
async fn a_link_needs_no_key_until_it_expires() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let (_, report) = post(&client, "/api/v1/reports", &json!({ "data_set": "jobs" })).await;
    let id = report["id"].as_str().unwrap();
    file(&platform, id).await;
    let path = format!("/api/v1/reports/{id}/link");
    for seconds in [0, 30 * 86_400 + 1] {
        let (status, problem) = post(&client, &path, &json!({ "expires_in_s": seconds })).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    }
    let (_, link) = post(&client, &path, &json!({ "expires_in_s": 3_600 })).await;
    let url = link["url"].as_str().unwrap();
    let token = &url[url.rfind('/').unwrap() + 1..];
    let fetch = async |token: &str| reqwest::get(format!("{}/reports/{token}", client.url)).await.unwrap();
    let answered = fetch(token).await;
    assert_eq!(answered.status(), StatusCode::OK);
    assert!(answered.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
    assert_eq!(answered.text().await.unwrap(), "a\r\n");

    let mut forged = token.to_owned().into_bytes();
    forged[30] = if forged[30] == b'A' { b'B' } else { b'A' };
    for bad in [String::from_utf8(forged).unwrap(), "x".into(), token[1..].to_owned()] {
        let (status, problem) = answer(fetch(&bad).await).await;
        assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("link_invalid")), "{bad}: {problem}");
    }
    // A link that expires with its report, which is over.
    let age = format!("update reports set expires_at = now() - interval '1 second' where id = '{id}'");
    platform.database.execute(&age).await;
    let (_, link) = post(&client, &path, &json!({})).await;
    let url = link["url"].as_str().unwrap();
    let (status, problem) = answer(fetch(&url[url.rfind('/').unwrap() + 1..]).await).await;
    assert_eq!((status, &problem["code"]), (StatusCode::GONE, &json!("link_expired")), "{problem}");

    let deleted = client.request("DELETE", &format!("/api/v1/reports/{id}")).send().await.unwrap();
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    let (status, problem) = answer(fetch(token).await).await;
    assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("link_invalid")), "{problem}");
}
