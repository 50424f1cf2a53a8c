//! An operator's pause outlives a loss of Redis, and a Redis that is down.

use gotong_xtask::servers::RedisServer;
use harness::{LONG, Platform, Servers, eventually, jpeg, redis_command};
use reqwest::StatusCode;
use serde_json::{Value, json};

async fn decide(client: &harness::Client, paused: bool) -> Value {
    let patch = client.request("PATCH", "/api/v1/queues/images").header("if-match", "*");
    let answer = patch.json(&json!({ "paused": paused })).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    answer.json().await.unwrap()
}

#[tokio::test]
async fn a_pause_holds_work_back_through_a_loss_of_redis() {
    let mut redis = RedisServer::start().unwrap();
    let platform = Platform::on(Servers { redis: Some(redis.url()), ..Servers::default() }).await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    assert_eq!(decide(&client, true).await["paused"], true);
    client.upload("photo.jpg", jpeg(40, 30, 1)).await;
    let (queue, images) = (platform.queue().await, Platform::images());
    let epoch = queue.epoch(&images).await.unwrap().name;
    assert_eq!(redis_command(redis.port(), &["FLUSHALL"]).unwrap(), "+OK");
    eventually("the queue is open again, and the job is back", LONG, async || {
        let now = queue.epoch(&images).await.ok().filter(|now| now.is_open() && now.name != epoch);
        let counts = queue.counts(&images).await.ok()?;
        // Whenever it is open it is paused: nobody could have fetched in between.
        assert!(now.is_none() || counts.paused, "open and not paused");
        (now.is_some() && counts.ready.iter().sum::<u64>() == 1).then_some(())
    })
    .await;
    assert_eq!(platform.jobs_in("completed").await, 0);
    let (_, shown) = client.get("/api/v1/queues/images").await;
    assert_eq!((&shown["paused"], &shown["depth"]["ready"]), (&json!(true), &json!(1)), "{shown}");

    // What is decided while Redis is down holds when it is back.
    redis.stop().unwrap();
    let resumed = decide(&client, false).await;
    assert_eq!((&resumed["paused"], &resumed["depth"]), (&json!(false), &Value::Null), "{resumed}");
    eventually("what was read before is forgotten", LONG, async || {
        let (status, problem) = client.get("/api/v1/workers").await;
        (status == StatusCode::SERVICE_UNAVAILABLE && problem["code"] == "queue_unavailable").then_some(())
    })
    .await;
    redis.restart().unwrap();
    eventually("the job runs", LONG, async || (platform.jobs_in("completed").await == 1).then_some(())).await;
}
