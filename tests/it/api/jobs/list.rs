//! `GET /jobs`, `/jobs/{id}/attempts` and `/jobs/{id}/payload`.

use super::{JOBS, asked, ids, image, thumbnail, thumbnail_with};
use chrono::{TimeDelta, Utc};
use harness::{Client, LONG, Platform, eventually};
use reqwest::StatusCode;
use serde_json::{Value, json};

async fn listed(client: &Client, query: &str) -> Vec<String> {
    let (status, list) = client.get(&format!("{JOBS}?{query}")).await;
    assert_eq!(status, StatusCode::OK, "{query}: {list}");
    ids(&list)
}

#[tokio::test]
async fn every_filter_finds_its_jobs_and_no_others() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let (red, blue) = (image(&client).await, image(&client).await);
    let uploads = listed(&client, "").await;
    let later = (Utc::now() + TimeDelta::hours(1)).to_rfc3339();
    let waiting = asked(&client, &thumbnail(&red)).await;
    let scheduled = asked(&client, &thumbnail_with(&blue, &json!({ "run_at": later }))).await;
    let dead = asked(&client, &thumbnail(&blue)).await;
    let schedule = "019a0000-0000-7000-8000-0000000000aa";
    platform
        .database
        .execute(&format!(
            "update jobs set state = 'dead', finished_at = now(), error_class = 'x', error_fingerprint = 'fade',
                 schedule_id = '{schedule}' where id = '{dead}'"
        ))
        .await;
    let all = [dead.clone(), scheduled.clone(), waiting.clone(), uploads[0].clone(), uploads[1].clone()];
    for (query, expected) in [
        ("", &all[..]),
        ("kind=thumbnail.generate", &all[..]),
        ("kind=maintenance.purge_media", &[]),
        ("queue=images", &all[..]),
        ("queue=maintenance", &[]),
        ("state=dead", &all[..1]),
        ("state=scheduled", &all[1..2]),
        ("state=available", &all[2..]),
        ("state=dead&state=scheduled", &all[..2]),
        ("state=completed", &[]),
        ("error_fingerprint=fade", &all[..1]),
        ("error_fingerprint=none", &[]),
        (&format!("schedule_id={schedule}"), &all[..1]),
        (&format!("payload=media_id:{blue}&state=dead"), &all[..1]),
        (&format!("payload=media_id:{blue}&payload=media_id:{red}"), &[]),
        (&format!("payload=media_id:{red}"), &[waiting.clone(), uploads[1].clone()]),
        ("created_from=2999-01-01T00:00:00Z", &[]),
        ("created_before=2001-01-01T00:00:00Z", &[]),
        ("created_from=2001-01-01T00:00:00Z&created_before=2999-01-01T00:00:00Z", &all[..]),
    ] {
        assert_eq!(listed(&client, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn pages_meet_without_gap_or_overlap_in_both_directions() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let media = image(&client).await;
    let mut expected = Vec::new();
    for _ in 0..11 {
        expected.insert(0, asked(&client, &thumbnail(&media)).await);
    }
    for filter in ["state=available", "kind=thumbnail.generate", &format!("payload=media_id:{media}")] {
        let (mut path, mut seen, mut pages) = (format!("{JOBS}?per_page=3&{filter}"), Vec::new(), Vec::new());
        loop {
            let (_, list) = client.get(&path).await;
            seen.extend(ids(&list));
            pages.push(list.clone());
            match list["links"]["next"].as_str() {
                Some(next) => path = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(seen[..11], expected, "{filter}");
        assert_eq!(seen.len(), 12, "and the upload's own: {filter}");
        let (_, back) = client.get(pages[2]["links"]["prev"].as_str().unwrap()).await;
        assert_eq!(ids(&back), ids(&pages[1]), "{filter}");
    }
}

#[tokio::test]
async fn what_runs_is_found_by_its_state_and_told_as_running() {
    let platform = Platform::start().await;
    let scheduler = platform.scheduler();
    platform.settled().await;
    let client = platform.client().await;
    let media = image(&client).await;
    let job = asked(&client, &thumbnail(&media)).await;
    let queue = platform.queue().await;
    let images = Platform::images();
    eventually("the job waits in Redis", LONG, async || {
        queue.counts(&images).await.ok().filter(|counts| counts.ready.iter().sum::<u64>() == 2)
    })
    .await;
    let hand = platform.hand().await;
    let runs = hand.fetch(2).await.expect("Redis answers");
    assert_eq!(runs.len(), 2);
    assert_eq!(listed(&client, "state=running").await.first(), Some(&job));
    assert_eq!(listed(&client, "state=running&queue=maintenance").await, Vec::<String>::new());
    assert_eq!(listed(&client, "state=available").await, Vec::<String>::new());
    let (_, list) = client.get(&format!("{JOBS}?kind=thumbnail.generate")).await;
    assert_eq!(list["data"][0]["state"], "running", "{list}");
    scheduler.stop().await;
}

#[tokio::test]
async fn a_filter_that_means_nothing_is_refused() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    for (query, pointer) in [
        ("kind=tea.brew", "/query/kind"),
        ("queue=tea", "/query/queue"),
        ("payload=media_id", "/query/payload"),
        ("payload=media_id:", "/query/payload"),
        ("payload=colour:red", "/query/payload"),
        ("kind=maintenance.purge_media&payload=media_id:1", "/query/payload"),
        ("cursor=x", "/query/cursor"),
        ("per_page=0", "/query/per_page"),
        ("per_page=101", "/query/per_page"),
    ] {
        let (status, problem) = client.get(&format!("{JOBS}?{query}")).await;
        assert_eq!(
            (status.as_u16(), problem["errors"][0]["pointer"].as_str()),
            (422, Some(pointer)),
            "{query}: {problem}"
        );
    }
    let (status, _) = client.get(&format!("{JOBS}?state=asleep")).await;
    assert!(status.is_client_error());
}

#[tokio::test]
async fn a_payload_and_the_attempts_have_places_of_their_own() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let media = image(&client).await;
    let job = asked(&client, &thumbnail(&media)).await;
    let (_, payload) = client.get(&format!("{JOBS}/{job}/payload")).await;
    assert_eq!(payload, json!({ "media_id": media }));
    for version in 1..=5 {
        platform
            .database
            .execute(&format!(
                "insert into job_attempts (job_id, generation, version, attempt, outcome, ended_at, logs)
                 values ('{job}', 1, {version}, {version}, 'retried', now(), '[\"line\"]')"
            ))
            .await;
    }
    let attempts = |list: &Value| -> Vec<i64> {
        list["data"].as_array().unwrap().iter().map(|run| run["attempt"].as_i64().unwrap()).collect()
    };
    let (_, first) = client.get(&format!("{JOBS}/{job}/attempts?per_page=2")).await;
    let (_, second) = client.get(first["links"]["next"].as_str().unwrap()).await;
    let (_, back) = client.get(second["links"]["prev"].as_str().unwrap()).await;
    assert_eq!((attempts(&first), attempts(&second), attempts(&back)), (vec![5, 4], vec![3, 2], vec![5, 4]));
    assert_eq!(first["data"][0]["log"], json!(["line"]));
}
