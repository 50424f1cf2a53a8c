//! Keys and what they allow.

use harness::{Platform, jpeg};
use reqwest::{StatusCode, header};
use serde_json::Value;

#[tokio::test]
async fn only_a_valid_key_opens_the_api() {
    let platform = Platform::start().await;
    let mut client = platform.client().await;
    assert_eq!(client.get("/api/v1/media").await.0, StatusCode::OK);
    let used = "select count(*) from api_keys where last_used_at > now() - interval '1 minute'";
    assert_eq!(platform.database.count(used).await, 1);
    let kept = "select encode(hash, 'hex') as value from api_keys";
    assert!(!client.key.contains(&platform.database.values(kept).await[0]), "the secret itself is not kept");
    for change in ["revoked_at = now()", "revoked_at = null, expires_at = now() - interval '1 second'"] {
        platform.database.execute(&format!("update api_keys set {change}")).await;
        assert_eq!(client.get("/api/v1/media").await.0, StatusCode::UNAUTHORIZED, "{change}");
    }
    platform.database.execute("update api_keys set expires_at = now() + interval '1 hour'").await;
    assert_eq!(client.get("/api/v1/media").await.0, StatusCode::OK);
    for wrong in [format!("gtg_{}", "0".repeat(64)), "gtg_".into(), "secret".into()] {
        client.key = wrong;
        let answer = client.request("GET", "/api/v1/media").send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert!(answer.headers()[header::WWW_AUTHENTICATE].to_str().unwrap().contains("invalid_token"));
    }
    let anonymous = reqwest::get(format!("{}/api/v1/media", client.url)).await.unwrap();
    assert_eq!(anonymous.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(anonymous.json::<Value>().await.unwrap()["code"], "unauthenticated");
}

#[tokio::test]
async fn a_viewer_reads_and_an_operator_writes() {
    let platform = Platform::start().await;
    let viewer = platform.client_of(platform.workspace, "viewer").await;
    let operator = platform.client_of(platform.workspace, "operator").await;
    let (status, problem) = viewer.upload("photo.jpg", jpeg(40, 30, 1)).await;
    assert_eq!((status, problem["code"].as_str()), (StatusCode::FORBIDDEN, Some("forbidden")));
    let (status, media) = operator.upload("photo.jpg", jpeg(40, 30, 1)).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{media}");
    let path = media["links"]["self"].as_str().unwrap();
    assert_eq!(viewer.get(path).await.0, StatusCode::OK);
    let delete = async |client: &harness::Client| client.request("DELETE", path).send().await.unwrap().status();
    assert_eq!(delete(&viewer).await, StatusCode::FORBIDDEN);
    assert_eq!(delete(&operator).await, StatusCode::NO_CONTENT);
    let restore = viewer.request("POST", &format!("{path}/restore")).send().await.unwrap();
    assert_eq!(restore.status(), StatusCode::FORBIDDEN);
}
