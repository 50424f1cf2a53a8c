//! `webhook.deliver`, and payloads that are too large for a row.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use harness::{Client, LONG, Platform, Receiver, answer, eventually};
use hmac::{Hmac, Mac};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::Sha256;

async fn deliver(client: &Client, url: &str, data: &Value) -> String {
    let body = json!({ "kind": "webhook.deliver", "payload": { "url": url, "event": "order.paid", "data": data },
        "backoff_base_ms": 10, "backoff_cap_ms": 50 });
    let (status, job) = answer(client.request("POST", "/api/v1/jobs").json(&body).send().await.unwrap()).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{job}");
    job["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_event_arrives_signed_and_a_receiver_can_put_it_off() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let receiver = Receiver::start(&["503 Busy\r\nRetry-After: 0", "200 OK"]).await;
    let job = deliver(&client, &receiver.url, &json!({ "total": 17 })).await;
    let ended = client.finished(&job).await;
    assert_eq!((&ended["state"], &ended["result"]), (&json!("completed"), &json!({ "status": 200 })), "{ended}");
    assert_eq!(ended["attempts"][1]["error"]["class"], "endpoint_refused", "{ended}");
    let requests = receiver.received();
    assert_eq!(requests.len(), 2);
    let secret = platform.database.values("select encode(webhook_secret, 'hex') as value from workspaces").await;
    for request in requests {
        assert_eq!(request.headers["webhook-id"], job);
        let mut mac = Hmac::<Sha256>::new_from_slice(&hex::decode(&secret[0]).unwrap()).unwrap();
        mac.update(format!("{job}.{}.", request.headers["webhook-timestamp"]).as_bytes());
        mac.update(&request.body);
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        assert_eq!(request.headers["webhook-signature"], expected);
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!((&body["type"], &body["data"]), (&json!("order.paid"), &json!({ "total": 17 })));
    }
}

#[tokio::test]
async fn a_receiver_that_is_gone_or_inside_the_network_gets_nothing_more() {
    let platform = Platform::start().await;
    let _scheduler = platform.scheduler();
    platform.settled().await;
    let client = platform.client().await;
    let gone = Receiver::start(&["410 Gone"]).await;
    let worker = platform.worker();
    let ended = client.finished(&deliver(&client, &gone.url, &json!(null)).await).await;
    assert_eq!((&ended["state"], &ended["error"]["class"]), (&json!("dead"), &json!("endpoint_gone")), "{ended}");
    worker.stop().await;
    let _guarded = platform.guarded_worker();
    let inside = Receiver::start(&["200 OK"]).await;
    let by_name = inside.url.replace("127.0.0.1", "localhost");
    for url in [&inside.url, &by_name] {
        let ended = client.finished(&deliver(&client, url, &json!(null)).await).await;
        let class = (&ended["state"], &ended["error"]["class"]);
        assert_eq!(class, (&json!("dead"), &json!("address_forbidden")), "{ended}");
    }
    assert!(inside.received().is_empty());
}

#[tokio::test]
async fn a_payload_too_large_for_a_row_waits_in_the_object_store() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let receiver = Receiver::start(&["200 OK"]).await;
    let text = "z".repeat(4 * 1024 * 1024);
    let job = deliver(&client, &receiver.url, &json!(text)).await;
    let ended = client.finished(&job).await;
    assert_eq!(ended["state"], "completed", "{}", ended["error"]);
    assert!(ended["payload"].is_null() && ended["links"]["payload"].is_string());
    let body: Value = serde_json::from_slice(&receiver.received()[0].body).unwrap();
    assert!(body["data"] == text.as_str(), "it arrives whole");
    let (_, payload) = client.get(ended["links"]["payload"].as_str().unwrap()).await;
    assert!(payload["data"] == text.as_str(), "it can be read back");
    let found = client.get("/api/v1/jobs?payload=event:order.paid").await.1;
    assert_eq!(found["data"][0]["id"], job.as_str(), "it is found by its fields");
    assert_eq!(platform.storage.list("payloads/").await.unwrap().len(), 1);
    assert_eq!(client.request("DELETE", &format!("/api/v1/jobs/{job}")).send().await.unwrap().status(), 204);
    eventually("the payload goes with its job", LONG, async || {
        platform.storage.list("payloads/").await.ok()?.is_empty().then_some(())
    })
    .await;
    // One that is larger still is refused, and leaves nothing.
    let data = "z".repeat(5 * 1024 * 1024);
    let body = json!({ "kind": "webhook.deliver", "payload": { "url": receiver.url, "event": "e", "data": data } });
    let (status, problem) = answer(client.request("POST", "/api/v1/jobs").json(&body).send().await.unwrap()).await;
    assert_eq!((status.as_u16(), &problem["errors"][0]["pointer"]), (422, &json!("/payload")), "{problem}");
    assert!(platform.storage.list("payloads/").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_payload_that_was_damaged_or_lost_is_a_dead_job_in_words() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let receiver = Receiver::start(&["200 OK"]).await;
    let large = json!("z".repeat(100_000));
    let (damaged, lost) =
        (deliver(&client, &receiver.url, &large).await, deliver(&client, &receiver.url, &large).await);
    for key in platform.storage.list("payloads/").await.unwrap() {
        if key.contains(&damaged) {
            platform.storage.put(&key, "application/json", "{}".into()).await.unwrap();
        } else {
            platform.storage.delete(&[key]).await.unwrap();
        }
    }
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    for (job, class) in [(damaged, "payload_damaged"), (lost, "payload_missing")] {
        let ended = client.finished(&job).await;
        assert_eq!((&ended["state"], &ended["error"]["class"]), (&json!("dead"), &json!(class)), "{ended}");
    }
    assert!(receiver.received().is_empty());
}
