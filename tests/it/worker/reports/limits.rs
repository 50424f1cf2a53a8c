//! A report that does not hold everything says so; one without rows is not made where nobody wants it.

use super::{Stage, day};
use reqwest::StatusCode;
use serde_json::json;

#[tokio::test]
async fn what_reaches_its_limit_says_so() {
    let stage = Stage::new().await;
    for (limit, rows, truncated) in [(9, 9, true), (10, 10, false), (11, 10, false)] {
        let report = stage.report(&day(json!({ "row_limit": limit }))).await;
        assert_eq!((&report["row_count"], &report["truncated"]), (&json!(rows), &json!(truncated)), "{report}");
        assert_eq!(report["notices"].as_array().unwrap().is_empty(), !truncated, "{report}");
        let csv = String::from_utf8(stage.content(&report).await).unwrap();
        assert_eq!(csv.matches("\r\n").count(), rows + 1, "{csv}");
    }
    let report = stage.report(&day(json!({ "row_limit": 2, "format": "html" }))).await;
    let html = String::from_utf8(stage.content(&report).await).unwrap();
    let notice = report["notices"][0].as_str().unwrap();
    let (at, table) = (html.find(notice), html.find("<table"));
    assert!(at.is_some() && at < table, "the notice stands before the table: {notice}");
}

#[tokio::test]
async fn without_rows_there_is_no_file_where_only_rows_are_wanted() {
    let stage = Stage::new().await;
    let request = day(json!({ "parameters": { "kind": "tea.brew" }, "only_if_rows": true,
        "delivery": { "to": ["siti@example.org"] } }));
    let report = stage.report(&request).await;
    assert_eq!((&report["state"], &report["row_count"]), (&json!("empty"), &json!(0)), "{report}");
    let (status, problem) =
        stage.client.get(&format!("/api/v1/reports/{}/content", report["id"].as_str().unwrap())).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{problem}");
    assert!(stage.platform.storage.list("reports/").await.unwrap().is_empty());
    assert_eq!(stage.platform.database.count("select count(*) from emails").await, 0);
    let request = day(json!({ "parameters": { "kind": "tea.brew" } }));
    let report = stage.report(&request).await;
    assert_eq!((&report["state"], &report["row_count"]), (&json!("ready"), &json!(0)), "{report}");
}
