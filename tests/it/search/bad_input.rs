//! What is wrong is refused in words, before anything is done.

use super::{put, search};
use harness::{Platform, answer};
use reqwest::StatusCode;
use serde_json::{Value, json};

#[tokio::test]
async fn documents_that_fit_no_type_are_refused() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let (status, problem) = put(&client, "team", "1", &json!({ "title": "x" })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{problem}");
    assert!(problem.to_string().contains("type"), "{problem}");
    let title = json!({ "title": "x" });
    for (id, document, pointer) in [
        ("a", json!({ "title": ["x"] }), "/title"),
        ("a", json!({ "title": "x", "tags": [{}] }), "/tags/0"),
        ("a", json!({ "title": "x", "colour": 1 }), "/colour"),
        ("a", json!({ "title": "a\u{0}" }), "/title"),
        ("a%20b", title.clone(), "/path/id"),
        (&"x".repeat(129), title.clone(), "/path/id"),
    ] {
        let (status, problem) = put(&client, "project", id, &document).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let (status, problem) =
        put(&client, "project", "a", &json!({ "title": "x", "description": "d".repeat(2_000_000) })).await;
    assert_eq!((status, &problem["code"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!("too_large")), "{problem}");
    let request = client.request("PUT", "/api/v1/documents/project/a").header("Content-Type", "application/json");
    assert_eq!(answer(request.body("{").send().await.unwrap()).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(platform.database.count("select count(*) from documents").await, 0);
    assert_eq!(platform.database.count("select count(*) from jobs").await, 0);
}

#[tokio::test]
async fn searches_beyond_their_bounds_are_refused() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let (long, words) = ("k".repeat(10_000), "a ".repeat(99));
    for (parameters, pointer) in [
        (vec![("query", long.as_str())], "/query/query"),
        (vec![("query", words.as_str())], "/query/query"),
        (vec![("query", "  ")], "/query/query"),
        (vec![("query", "kopi"), ("page", "10000")], "/query/page"),
        (vec![("query", "kopi"), ("page", "0")], "/query/page"),
        (vec![("query", "kopi"), ("size", "101")], "/query/size"),
        (vec![("query", "kopi"), ("cursor", "zzz")], "/query/cursor"),
        (vec![("query", "kopi"), ("tag", "")], "/query/tag"),
    ] {
        let (status, problem) = search(&client, &parameters).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{parameters:?}: {problem}");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    for parameters in [
        vec![("query", "a\u{0}b")],
        vec![("query", "kopi"), ("type", "team")],
        vec![("query", "kopi"), ("page", "x")],
        vec![],
    ] {
        let (status, problem) = search(&client, &parameters).await;
        assert!(status.is_client_error(), "{parameters:?}: {status} {problem}");
        assert!(problem["code"].is_string(), "{problem}");
    }
}

/// Both sources take a query as words: nothing in it is syntax.
#[tokio::test]
async fn syntax_of_other_languages_is_only_words() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    put(&client, "project", "kopi", &json!({ "title": "Kopi" })).await;
    platform.search.equals_ledger(&platform.database).await;
    for query in [
        "title:(kopi OR teh)~2^4 AND *",
        "/[/ kopi",
        "kopi\"",
        "((((kopi",
        "* OR 1=1 kopi",
        "!!! kopi",
        "kopi && (",
        "<script>kopi</script>",
        "'; drop table documents; -- kopi",
        "kopi \\",
        "%_kopi",
        "{\"match_all\":{}} kopi",
        "satu dua tiga empat lima enam tujuh delapan kopi sepuluh a b c d e f g h i j k l m n",
    ] {
        let (status, found) = search(&client, &[("query", query)]).await;
        assert_eq!(status, StatusCode::OK, "{query}: {found}");
        assert_eq!(
            (&found["meta"]["degraded"], &found["meta"]["partial"]),
            (&json!(false), &json!(false)),
            "{query}: {found}"
        );
    }
    for query in ["&&", "\"", "\\", "**", "('"] {
        let (status, found) = search(&client, &[("query", query)]).await;
        assert_eq!((status, &found["data"]), (StatusCode::OK, &Value::Array(vec![])), "{query}: {found}");
    }
}
