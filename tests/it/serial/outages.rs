//! A server that is down delays work and refuses none that can be kept; nothing that was accepted is lost.

use gotong_xtask::servers::{PostgresServer, RedisServer, S3Server};
use harness::{LONG, Platform, Servers, eventually, jpeg, redis_command};
use reqwest::StatusCode;
use serde_json::{Value, json};

async fn completed(platform: &Platform, number: i64) {
    eventually("all jobs complete", LONG, async || (platform.jobs_in("completed").await == number).then_some(())).await;
}

async fn accept(client: &harness::Client, seed: u32) -> Value {
    let (status, media) = client.upload("photo.jpg", jpeg(400, 300, seed)).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{media}");
    media
}

/// Asks for another thumbnail of an image.
async fn post_job(client: &harness::Client, media: &Value) -> reqwest::Response {
    let body = json!({ "kind": "thumbnail.generate", "payload": { "media_id": media["id"] } });
    client.request("POST", "/api/v1/jobs").json(&body).send().await.expect("the API answers")
}

#[tokio::test]
async fn work_is_accepted_without_redis_and_runs_when_it_is_back() {
    let mut redis = RedisServer::start().unwrap();
    let platform = Platform::on(Servers { redis: Some(redis.url()), ..Servers::default() }).await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let first = accept(&client, 0).await;
    completed(&platform, 1).await;
    redis.stop().unwrap();
    let media = accept(&client, 1).await;
    let asked = post_job(&client, &first).await;
    assert_eq!(asked.status(), StatusCode::ACCEPTED);
    let asked: Value = asked.json().await.unwrap();
    let (status, job) = client.get(&format!("/api/v1/jobs/{}", media["job_id"].as_str().unwrap())).await;
    assert_eq!((status, job["state"].as_str()), (StatusCode::OK, Some("available")), "the ledger answers: {job}");
    let (status, health) = client.get("/health").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{health}");
    assert_eq!(client.get("/health/ready").await.0, StatusCode::OK, "it can still accept work");
    redis.restart().unwrap();
    completed(&platform, 3).await;
    let (_, job) = client.get(&format!("/api/v1/jobs/{}", asked["id"].as_str().unwrap())).await;
    assert_eq!(job["state"].as_str(), Some("completed"), "{job}");
    assert_eq!(platform.database.count("select count(*) from job_attempts").await, 0, "each ran once");
}

#[tokio::test]
async fn jobs_that_redis_lost_are_refilled_from_the_ledger() {
    let redis = RedisServer::start().unwrap();
    let platform = Platform::on(Servers { redis: Some(redis.url()), ..Servers::default() }).await;
    let scheduler = platform.scheduler();
    platform.settled().await;
    let client = platform.client().await;
    for seed in 0..20 {
        accept(&client, seed).await;
    }
    let pushed = "select count(*) from jobs where pushed";
    eventually("all are pushed", LONG, async || (platform.database.count(pushed).await == 20).then_some(())).await;
    assert_eq!(redis_command(redis.port(), &["FLUSHALL"]).unwrap(), "+OK");
    let _worker = platform.worker();
    completed(&platform, 20).await;
    assert_eq!(platform.database.count("select count(*) from job_attempts").await, 0, "each ran once");
    assert_eq!(platform.database.count("select count(*) from media_thumbnails").await, 20);
    scheduler.stop().await;
}

#[tokio::test]
async fn a_redis_that_comes_back_with_old_files_brings_no_ended_job_back() {
    let mut redis = RedisServer::start().unwrap();
    let platform = Platform::on(Servers { redis: Some(redis.url()), ..Servers::default() }).await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    for seed in 0..10 {
        accept(&client, seed).await;
    }
    redis.kill9();
    for seed in 10..15 {
        accept(&client, seed).await;
    }
    redis.restart().unwrap();
    completed(&platform, 15).await;
    assert_eq!(platform.database.count("select count(*) from media where state = 'ready'").await, 15);
    let queue = platform.queue().await;
    eventually("Redis holds no job", LONG, async || {
        let counts = queue.counts(&Platform::images()).await.ok()?;
        (counts.ready.iter().sum::<u64>() + counts.delayed + counts.running == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn without_postgres_nothing_is_accepted_and_everything_comes_back() {
    let mut postgres = PostgresServer::start().unwrap();
    let platform = Platform::on(Servers { database: Some(postgres.url()), ..Servers::default() }).await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let media = accept(&client, 0).await;
    completed(&platform, 1).await;
    let objects = platform.storage.list("").await.unwrap().len();
    postgres.stop().unwrap();
    for (method, path) in [("GET", "/api/v1/media"), ("GET", "/api/v1/jobs/019d0000-0000-7000-8000-000000000000")] {
        let answer = client.request(method, path).send().await.unwrap();
        assert_problem(answer, StatusCode::SERVICE_UNAVAILABLE).await;
    }
    let (status, problem) = client.upload("photo.jpg", jpeg(400, 300, 1)).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{problem}");
    assert_problem(post_job(&client, &media).await, StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(client.get("/health/ready").await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(client.get("/health/live").await.0, StatusCode::OK);
    assert_eq!(platform.storage.list("").await.unwrap().len(), objects, "a refused upload leaves no object");
    postgres.restart().unwrap();
    eventually("uploads work again", LONG, async || {
        let (status, _) = client.upload("photo.jpg", jpeg(400, 300, 2)).await;
        (status == StatusCode::ACCEPTED).then_some(())
    })
    .await;
    completed(&platform, 2).await;
    assert_eq!(platform.database.count("select count(*) from jobs").await, 2, "nothing was half-accepted");
}

#[tokio::test]
async fn without_s3_uploads_are_refused_and_jobs_wait() {
    let mut s3 = S3Server::start().unwrap();
    let storage = Some((s3.endpoint(), s3.access_key().to_owned(), s3.secret_key().to_owned()));
    let platform = Platform::on(Servers { storage, ..Servers::default() }).await;
    let _scheduler = platform.scheduler();
    platform.settled().await;
    let client = platform.client().await;
    accept(&client, 0).await;
    s3.stop().unwrap();
    let _worker = platform.worker();
    let form = reqwest::multipart::Part::bytes(jpeg(400, 300, 1)).file_name("photo.jpg");
    let form = reqwest::multipart::Form::new().part("file", form);
    let answer = client.request("POST", "/api/v1/media").multipart(form).send().await.unwrap();
    assert_problem(answer, StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(platform.database.count("select count(*) from media").await, 1, "only what was accepted");
    eventually("the job fails and waits", LONG, async || (platform.jobs_in("retryable").await == 1).then_some(()))
        .await;
    s3.restart().unwrap();
    completed(&platform, 1).await;
}

/// A problem document with that status that says when to come back.
async fn assert_problem(answer: reqwest::Response, status: StatusCode) {
    assert_eq!(answer.status(), status);
    let headers = answer.headers().clone();
    assert_eq!(headers["content-type"], "application/problem+json");
    assert!(headers.contains_key("retry-after"), "{headers:?}");
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["status"], status.as_u16(), "{problem}");
    assert!(problem["request_id"].is_string() && problem["code"].is_string(), "{problem}");
}

#[tokio::test]
async fn a_part_that_is_down_alerts() {
    let mut redis = RedisServer::start().unwrap();
    let platform = Platform::on(Servers { redis: Some(redis.url()), ..Servers::default() }).await;
    let client = platform.client().await;
    let part_down = async || {
        let (status, alerts) = client.get("/api/v1/alerts").await;
        assert_eq!(status, StatusCode::OK, "{alerts}");
        alerts["data"].as_array().unwrap().iter().find(|alert| alert["code"] == "part_down").cloned()
    };
    assert!(part_down().await.is_none());
    redis.stop().unwrap();
    let down = eventually("it is told", LONG, part_down).await;
    assert_eq!((down["subject"].as_str(), down["severity"].as_str()), (Some("redis"), Some("critical")), "{down}");
    assert!(down["since"].is_string(), "{down}");
    let (status, numbers) = client.get("/api/v1/stats").await;
    assert_eq!((status, &numbers["backlog"]), (StatusCode::OK, &Value::Null), "the ledger's half is told: {numbers}");
    redis.restart().unwrap();
    eventually("it is back", LONG, async || part_down().await.is_none().then_some(())).await;
}
