//! `Idempotency-Key`: sent twice, done once.

use harness::{Client, LONG, Platform, eventually, jpeg};
use reqwest::{Response, StatusCode, multipart};
use serde_json::Value;

async fn upload(client: &Client, key: &str, filename: &str, seed: u32) -> Response {
    let part = multipart::Part::bytes(jpeg(40, 30, seed)).file_name(filename.to_owned());
    let form = multipart::Form::new().part("file", part);
    let request = client.request("POST", "/api/v1/media").header("idempotency-key", key).multipart(form);
    request.send().await.expect("the API answers")
}

async fn done_once(platform: &Platform) {
    assert_eq!(platform.database.count("select count(*) from media").await, 1);
    assert_eq!(platform.database.count("select count(*) from jobs").await, 1);
    eventually("one object is left", LONG, async || (platform.storage.list("").await.ok()?.len() == 1).then_some(()))
        .await;
}

#[tokio::test]
async fn the_same_request_is_answered_alike() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let first = upload(&client, "order-17", "photo.jpg", 1).await;
    assert_eq!(first.status(), StatusCode::ACCEPTED);
    assert!(!first.headers().contains_key("idempotency-replayed"));
    // The boundaries of its multipart body differ.
    let second = upload(&client, "order-17", "photo.jpg", 1).await;
    assert_eq!(second.status(), StatusCode::ACCEPTED);
    assert_eq!(second.headers()["idempotency-replayed"], "true");
    assert_eq!(first.headers()["location"], second.headers()["location"]);
    assert_eq!(first.json::<Value>().await.unwrap(), second.json::<Value>().await.unwrap());
    for (filename, seed) in [("photo.jpg", 2), ("another.jpg", 1)] {
        let other = upload(&client, "order-17", filename, seed).await;
        assert_eq!(other.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(other.json::<Value>().await.unwrap()["code"], "idempotency_mismatch");
    }
    done_once(&platform).await;
}

#[tokio::test]
async fn requests_at_the_same_time_are_done_once() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let uploads = (0..6).map(|_| {
        let client = client.clone();
        tokio::spawn(async move {
            let answer = upload(&client, "order-18", "photo.jpg", 1).await;
            (answer.status(), answer.json::<Value>().await.unwrap())
        })
    });
    let uploads: Vec<_> = uploads.collect();
    let mut answers = Vec::new();
    for upload in uploads {
        answers.push(upload.await.unwrap());
    }
    assert!(answers.iter().all(|(status, _)| *status == StatusCode::ACCEPTED), "{answers:?}");
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    done_once(&platform).await;
}

#[tokio::test]
async fn a_request_that_waits_in_vain_is_told_to_come_back() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let hold = format!(
        "insert into idempotency_keys (scope, key, fingerprint, status, body, expires_at)
         values ('{}:create_media', 'order-19', '\\x00', 202, '{{}}', now() + interval '1 day')",
        platform.workspace
    );
    {
        use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
        // Another request that has not committed yet.
        let mut other = AsyncPgConnection::establish(&platform.database.url).await.unwrap();
        other.batch_execute(&format!("begin; {hold}")).await.unwrap();
        let waited = upload(&client, "order-19", "photo.jpg", 1).await;
        assert_eq!(waited.status(), StatusCode::CONFLICT);
        assert!(waited.headers().contains_key("retry-after"));
        assert_eq!(waited.json::<Value>().await.unwrap()["code"], "idempotency_conflict");
        assert_eq!(platform.database.count("select count(*) from media").await, 0);
        other.batch_execute("rollback").await.unwrap();
    }
    assert_eq!(upload(&client, "order-19", "photo.jpg", 1).await.status(), StatusCode::ACCEPTED);
    done_once(&platform).await;
}

#[tokio::test]
async fn a_key_that_expired_is_free_again() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    assert_eq!(upload(&client, "order-20", "photo.jpg", 1).await.status(), StatusCode::ACCEPTED);
    platform.database.execute("update idempotency_keys set expires_at = now() - interval '1 second'").await;
    let again = upload(&client, "order-20", "photo.jpg", 2).await;
    assert_eq!(again.status(), StatusCode::ACCEPTED);
    assert!(!again.headers().contains_key("idempotency-replayed"));
    assert_eq!(platform.database.count("select count(*) from media").await, 2);
}
