//! What is around the operations: errors, headers, health, metrics, the document.

use harness::{Platform, jpeg};
use reqwest::{StatusCode, header};
use serde_json::Value;

#[tokio::test]
async fn every_error_is_a_problem_with_the_request_id() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    for (method, path, status, code) in [
        ("GET", "/nothing/here", 404, "not_found"),
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("PATCH", "/api/v1/media", 405, "method_not_allowed"),
        ("POST", "/health", 405, "method_not_allowed"),
        ("GET", "/api/v1/media?per_page=0", 422, "invalid"),
        ("GET", "/api/v1/media?per_page=many", 422, "invalid"),
        ("GET", "/api/v1/media?state=lost", 422, "invalid"),
        ("GET", "/api/v1/media?cursor=17", 422, "invalid"),
        ("GET", "/api/v1/media/17", 400, "malformed"),
    ] {
        let answer = client.request(method, path).header("x-request-id", "order-17").send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{method} {path}");
        let headers = answer.headers().clone();
        assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(headers["x-request-id"], "order-17");
        assert_eq!(headers.contains_key(header::ALLOW), status == 405, "{method} {path}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], code, "{method} {path}");
        assert_eq!(
            (problem["status"].as_u64(), problem["request_id"].as_str()),
            (Some(status.into()), Some("order-17"))
        );
        for member in ["type", "title", "detail", "timestamp"] {
            assert!(problem[member].is_string(), "{member} in {problem}");
        }
        if code == "invalid" {
            assert!(problem["errors"][0]["pointer"].as_str().unwrap().starts_with("/query/"), "{problem}");
        }
    }
}

#[tokio::test]
async fn health_tells_each_dependency() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let (status, health) = client.get("/health").await;
    assert_eq!((status, health["status"].as_str()), (StatusCode::OK, Some("up")), "{health}");
    for check in ["database", "redis", "storage", "mail"] {
        assert_eq!(health["checks"][check]["status"], "up", "{health}");
        assert!(health["checks"][check]["latency_ms"].is_u64(), "{health}");
    }
    assert!(matches!(health["checks"]["search"]["status"].as_str(), Some("up" | "disabled")), "{health}");
    assert!(health["version"].is_string() && health["uptime_seconds"].is_u64(), "{health}");
    assert_eq!(client.get("/health/live").await.0, StatusCode::OK);
    assert_eq!(client.get("/health/ready").await.0, StatusCode::OK);
}

#[tokio::test]
async fn metrics_count_requests_by_route_and_uploads_by_category() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let (_, media) = client.upload("photo.jpg", jpeg(40, 30, 1)).await;
    client.get(media["links"]["self"].as_str().unwrap()).await;
    let (status, text) = client.bytes("/metrics").await;
    let text = String::from_utf8(text).unwrap();
    assert_eq!(status, StatusCode::OK);
    for line in [
        r#"gotong_api_requests_total{method="POST",route="/api/v1/media",status="202"} 1"#,
        r#"gotong_api_requests_total{method="GET",route="/api/v1/media/{id}",status="200"} 1"#,
        r#"gotong_api_uploads_total{category="image"} 1"#,
    ] {
        assert!(text.lines().any(|other| other == line), "{line} in {text}");
    }
}

#[tokio::test]
async fn the_reference_needs_nothing_from_elsewhere() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let answer = client.request("GET", "/docs").send().await.unwrap();
    let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && !policy.contains("http"), "{policy}");
    let page = answer.text().await.unwrap();
    assert!(page.contains("create_media") && !page.contains("<script src") && !page.contains("<link"));
    let (status, problems) = client.bytes("/docs/problems").await;
    assert!(status == StatusCode::OK && String::from_utf8(problems).unwrap().contains("id=\"too_many_pixels\""));
    let (status, page) = client.bytes("/dashboard").await;
    assert!(status == StatusCode::OK && page.starts_with(b"<!doctype html>"));
}

#[tokio::test]
async fn the_document_that_is_served_is_the_one_that_is_committed() {
    let platform = Platform::start().await;
    let (status, served) = platform.client().await.bytes("/openapi.yaml").await;
    let committed = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.yaml")).unwrap();
    assert_eq!(status, StatusCode::OK);
    assert!(served == committed, "run `cargo xtask openapi` and commit openapi.yaml");
}
