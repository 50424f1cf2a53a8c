//! Every format, from the question to the bytes.

use super::{Stage, ask, day, found};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

#[tokio::test]
async fn a_table_of_jobs_says_what_the_ledger_says() {
    let stage = Stage::new().await;
    let report = stage.report(&day(json!({ "parameters": { "kind": "email.send" } }))).await;
    assert_eq!(report["state"], "ready", "{report}");
    assert_eq!((&report["row_count"], &report["truncated"]), (&json!(5), &json!(false)), "{report}");
    assert_eq!(report["parameters"], json!({ "kind": "email.send", "queue": null, "state": null }));
    let csv = String::from_utf8(stage.content(&report).await).unwrap();
    let lines: Vec<&str> = csv.split("\r\n").collect();
    assert_eq!(lines.len(), 7, "a head, five rows, an end: {csv}");
    assert!(lines[0].starts_with("id,kind,queue,state,") && lines[6].is_empty(), "{csv}");
    let after_id = |line: &str| line[37..].to_owned();
    let expected = "email.send,images,completed,2,1,2026-10-05T09:01:00.000000Z,2026-10-05T09:01:00.250000Z,\
        2026-10-05T09:01:01.250000Z,250,1000,,";
    assert_eq!(after_id(lines[1]), expected, "{csv}");
    assert!(after_id(lines[2]).ends_with(r#"refused,"'=2+5, said ""no""""#), "a formula is none any more: {csv}");
    let report = stage.report(&day(json!({ "format": "jsonl" }))).await;
    let rows = String::from_utf8(stage.content(&report).await).unwrap();
    let rows: Vec<Value> = rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 10, "the foreign workspace's is not among them");
    assert_eq!((&rows[0]["kind"], &rows[0]["waited_ms"]), (&json!("thumbnail.generate"), &json!(250)));
    assert_eq!(rows[3]["error_message"], "=2+5, said \"no\"", "where nothing runs formulas, it stands as it is");
}

#[tokio::test]
async fn every_format_is_made_and_the_same_question_has_the_same_bytes() {
    let stage = Stage::new().await;
    let beginnings = [("csv", "Kind,"), ("jsonl", "{"), ("xlsx", "PK"), ("html", "<!"), ("pdf", "%PDF-")];
    for (format, beginning) in beginnings {
        let request =
            day(json!({ "data_set": "jobs_by_kind", "format": format, "locale": "id", "time_zone": "Asia/Jakarta" }));
        let first = stage.report(&request).await;
        let second = stage.report(&request).await;
        assert_eq!(first["state"], "ready", "{first}");
        assert_eq!(first["sha256"], second["sha256"], "{format}");
        assert_ne!(first["snapshot_at"], second["snapshot_at"], "they were read at different moments");
        let bytes = stage.content(&first).await;
        assert_eq!(first["sha256"], hex::encode(Sha256::digest(&bytes)), "{format}");
        assert_eq!(first["byte_size"], json!(bytes.len()));
        assert_eq!(first["row_count"], 4, "three outcomes of one kind, one of the other: {first}");
        if format != "csv" {
            assert!(bytes.starts_with(beginning.as_bytes()), "{format}");
        }
        let path = format!("/api/v1/reports/{}/content", first["id"].as_str().unwrap());
        let answer = stage.client.request("GET", &path).send().await.unwrap();
        assert_eq!(answer.headers()["etag"], format!("\"{}\"", first["sha256"].as_str().unwrap()));
        assert!(answer.headers()["content-disposition"].to_str().unwrap().contains(&format!("2026-10-06.{format}")));
    }
}

#[tokio::test]
async fn every_data_set_answers() {
    let stage = Stage::new().await;
    let (status, sets) = stage.client.get("/api/v1/report-data-sets").await;
    assert_eq!(status, StatusCode::OK);
    let sets = sets["data"].as_array().unwrap();
    assert!(sets.len() >= 9, "{sets:?}");
    for set in sets {
        let name = set["name"].as_str().unwrap();
        for format in set["formats"].as_array().unwrap() {
            let request = json!({ "data_set": name, "period": "last_30_days", "format": format });
            let report = stage.report(&request).await;
            assert_eq!(report["state"], "ready", "{name} as {format}: {report}");
        }
    }
}

#[tokio::test]
async fn a_report_that_is_made_is_not_made_again() {
    let stage = Stage::new().await;
    let id = ask(&stage.client, &day(json!({}))).await;
    stage.client.finished(&id).await;
    let before = found(&stage.client, &id).await;
    // As if the worker had died before it could say that it was done.
    let again = format!(
        "update jobs set state = 'available', finished_at = null, pushed = false, generation = generation + 1
         where id = '{id}'"
    );
    stage.platform.database.execute(&again).await;
    stage.client.finished(&id).await;
    assert_eq!(found(&stage.client, &id).await, before);
    assert_eq!(stage.platform.storage.list("reports/").await.unwrap().len(), 1);
}
