//! `/stats`.

use harness::{LONG, Platform, eventually, jpeg};
use serde_json::json;

#[tokio::test]
async fn the_platform_in_numbers_equals_what_ran_and_waits() {
    let platform = Platform::start().await;
    let scheduler = platform.scheduler();
    platform.settled().await;
    let client = platform.client().await;
    let worker = platform.worker();
    for seed in 0..4 {
        let (_, media) = client.upload("photo.jpg", jpeg(60, 40, seed)).await;
        client.finished(media["job_id"].as_str().unwrap()).await;
    }
    worker.stop().await;
    client.upload("photo.jpg", jpeg(60, 40, 9)).await;
    let stats = eventually("the last one waits", LONG, async || {
        let (_, stats) = client.get("/api/v1/stats").await;
        (stats["backlog"]["ready"] == 1 && stats["last_hour"]["ended"] == 4).then_some(stats)
    })
    .await;
    assert_eq!(
        stats["backlog"],
        json!({"ready": 1, "delayed": 0, "running": 0, "parked": 0, "unknown": 0, "unrecorded": 0})
    );
    let kinds = stats["kinds"].as_array().unwrap();
    assert_eq!(kinds.len(), 1, "{stats}");
    assert_eq!((&kinds[0]["queue"], &kinds[0]["kind"]), (&json!("images"), &json!("thumbnail.generate")));
    for work in [&stats["last_hour"], &stats["last_day"], &kinds[0]["last_hour"], &kinds[0]["last_day"]] {
        assert_eq!(
            (&work["outcomes"]["completed"], &work["ended"], &work["failed"]),
            (&json!(4), &json!(4), &json!(0))
        );
        assert_eq!((&work["waiting"]["count"], &work["running"]["count"]), (&json!(4), &json!(4)));
    }
    // What lies longer ago than an hour counts for the day alone, and what is older than a day for neither.
    let old = "insert into queue_minutes (minute, queue, kind, completed, running) values
        (now() - interval '2 hours', 'images', 'thumbnail.generate', 10, '{0,0,10}'),
        (now() - interval '25 hours', 'images', 'thumbnail.generate', 100, '{100}')";
    platform.database.execute(old).await;
    eventually("the figures are read again", LONG, async || {
        let (_, stats) = client.get("/api/v1/stats").await;
        (stats["last_hour"]["ended"] == 4 && stats["last_day"]["ended"] == 14).then_some(())
    })
    .await;
    let sum = async |query: &str| {
        let (_, series) = client.get(&format!("/api/v1/stats/minutes?{query}")).await;
        let data = series["data"].as_array().unwrap().clone();
        (data.len(), data.iter().map(|step| step["ended"].as_u64().unwrap()).sum::<u64>())
    };
    assert_eq!(sum("").await.1, 4, "an hour is told unless more is asked for");
    let day = chrono::Utc::now() - chrono::TimeDelta::hours(23);
    let day = format!("from={}", day.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
    assert_eq!(sum(&day).await.1, 14);
    assert_eq!(sum(&format!("{day}&kind=webhook.deliver")).await, (0, 0));
    let (steps, ended) = sum(&format!("{day}&step_minutes=60")).await;
    assert!(ended == 14 && (2..=3).contains(&steps), "what ran now lies within one hour or two: {steps}, {ended}");
    let (refused, problem) = client.get("/api/v1/stats/minutes?step_minutes=61").await;
    assert_eq!((refused.as_u16(), &problem["errors"][0]["pointer"]), (422, &json!("/query/step_minutes")));
    scheduler.stop().await;
}
