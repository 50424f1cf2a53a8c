//! `/failures`.

use harness::{Platform, jpeg};
use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::test]
async fn failures_that_are_alike_are_one_group_and_lead_to_their_jobs() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let mut ids = Vec::new();
    for seed in 0..3 {
        let mut bytes = jpeg(200, 150, seed);
        bytes.truncate(bytes.len() / 2);
        let (_, media) = client.upload("cut.jpg", bytes).await;
        client.finished(media["job_id"].as_str().unwrap()).await;
        ids.push(media["job_id"].clone());
    }
    let (status, failures) = client.get("/api/v1/failures").await;
    assert_eq!(status, StatusCode::OK, "{failures}");
    let groups = failures["data"].as_array().unwrap();
    assert_eq!(groups.len(), 1, "{failures}");
    let group = &groups[0];
    assert_eq!((&group["count"], &group["kind"]), (&json!(3), &json!("thumbnail.generate")), "{group}");
    assert!(group["class"] == "invalid_image" && group["message"].as_str().unwrap().contains("cut off"), "{group}");
    let (_, jobs) = client.get(group["links"]["jobs"].as_str().unwrap()).await;
    let mut found: Vec<_> = jobs["data"].as_array().unwrap().iter().map(|job| job["id"].clone()).collect();
    found.reverse();
    assert_eq!(found, ids, "{jobs}");
    let stranger = Uuid::now_v7();
    platform.database.execute(&format!("insert into workspaces (id, name) values ('{stranger}', 'other')")).await;
    let (_, none) = platform.client_of(stranger, "admin").await.get("/api/v1/failures").await;
    assert_eq!(none["data"], json!([]), "of another workspace: {none}");
}

#[tokio::test]
async fn pages_lead_forth_and_back_through_all_groups() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    // Two of each time, so that the fingerprint decides between them.
    let rows = format!(
        "insert into failures select '{}', lpad(to_hex(n * 7919 % 251), 16, '0'),
             case when n % 3 = 0 then 'maintenance.purge_media' else 'thumbnail.generate' end,
             'refused', 'no', now() - interval '1 day', now() - make_interval(secs => n / 2), n
         from generate_series(1, 25) n",
        platform.workspace
    );
    platform.database.execute(&rows).await;
    let walk = async |start: &str, link: &str| -> Vec<(String, String)> {
        let (mut path, mut seen) = (start.to_owned(), Vec::new());
        loop {
            let (status, page) = client.get(&path).await;
            assert_eq!(status, StatusCode::OK, "{page}");
            let mut groups: Vec<(String, String)> = page["data"].as_array().unwrap().iter().map(key).collect();
            assert!(groups.len() <= 4);
            if link == "prev" {
                groups.reverse();
            }
            seen.extend(groups);
            match page["links"][link].as_str() {
                Some(next) => path = next.to_owned(),
                None => {
                    return {
                        seen.push((path, String::new()));
                        seen
                    };
                }
            }
        }
    };
    let mut forth = walk("/api/v1/failures?per_page=4", "next").await;
    let last = forth.pop().unwrap().0;
    assert_eq!(forth.len(), 25);
    assert!(forth.is_sorted_by(|a, b| a > b), "the last seen first: {forth:?}");
    let mut back = walk(&last, "prev").await;
    back.pop();
    back.reverse();
    assert_eq!(back, forth);
    let (_, some) = client.get("/api/v1/failures?kind=maintenance.purge_media&per_page=100").await;
    assert_eq!(some["data"].as_array().unwrap().len(), 8, "{some}");
    let (status, problem) = client.get("/api/v1/failures?kind=none").await;
    assert_eq!((status.as_u16(), problem["errors"][0]["pointer"].as_str()), (422, Some("/query/kind")), "{problem}");
    let (status, _) = client.get("/api/v1/failures?cursor=x").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

fn key(group: &Value) -> (String, String) {
    (group["last_seen"].as_str().unwrap().to_owned(), group["fingerprint"].as_str().unwrap().to_owned())
}
