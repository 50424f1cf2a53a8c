//! What was deleted goes after the grace time, rows and objects; what was restored or is younger stays.

use diesel_async::AsyncConnection;
use gotong_shared::{
    enqueue::{NewJob, enqueue},
    jobs::MaintenancePurgeMedia,
};
use harness::{LONG, Platform, eventually, jpeg};
use reqwest::StatusCode;

#[tokio::test]
async fn only_media_past_the_grace_time_are_removed() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let mut media = Vec::new();
    for seed in 0..4 {
        let (status, body) = client.upload("photo.jpg", jpeg(400, 300, seed)).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{body}");
        client.finished(body["job_id"].as_str().unwrap()).await;
        media.push(body["id"].as_str().unwrap().to_owned());
    }
    let [old, restored, young, kept] = media.as_slice() else { unreachable!("four were uploaded") };
    for id in [old, restored, young] {
        let answer = client.request("DELETE", &format!("/api/v1/media/{id}")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        assert_eq!(client.get(&format!("/api/v1/media/{id}")).await.0, StatusCode::NOT_FOUND);
    }
    let answer = client.request("POST", &format!("/api/v1/media/{restored}/restore")).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.status());
    let age = format!("update media set deleted_at = now() - interval '2 hours' where id = '{old}'");
    platform.database.execute(&age).await;
    let job = NewJob::of(platform.workspace, &MaintenancePurgeMedia { grace_s: 3600 }).unwrap();
    let mut connection = platform.database.pool().connection().await.unwrap();
    drop(connection.transaction(async |c| enqueue(c, std::slice::from_ref(&job)).await).await.unwrap());
    let done = format!("select count(*) from jobs where id = '{}' and state = 'completed'", job.id);
    eventually("the purge completes", LONG, async || (platform.database.count(&done).await == 1).then_some(())).await;
    let mut rows = platform.database.values("select id::text as value from media order by 1").await;
    let mut expected = vec![restored.clone(), young.clone(), kept.clone()];
    rows.sort();
    expected.sort();
    assert_eq!(rows, expected);
    let objects = platform.storage.list("").await.unwrap();
    assert_eq!(objects.len(), 6, "an original and a thumbnail each: {objects:?}");
    assert!(objects.iter().all(|key| !key.contains(old.as_str())));
}
