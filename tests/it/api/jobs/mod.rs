//! `/jobs`.

mod actions;
mod create;
mod edit;
mod list;
mod together;
mod wait;

use harness::{Client, Platform, answer, jpeg};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

const JOBS: &str = "/api/v1/jobs";

/// Uploads an image, and answers its id.
async fn image(client: &Client) -> String {
    let (status, media) = client.upload("photo.jpg", jpeg(40, 30, 1)).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{media}");
    media["id"].as_str().unwrap().to_owned()
}

fn thumbnail(media: &str) -> Value {
    json!({ "kind": "thumbnail.generate", "payload": { "media_id": media } })
}

/// A request for a thumbnail with options.
fn thumbnail_with(media: &str, options: &Value) -> Value {
    let mut body = thumbnail(media);
    body.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
    body
}

async fn send(client: &Client, method: &str, path: &str, body: &Value, headers: &[(&str, &str)]) -> Response {
    let mut request = client.request(method, path).json(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.expect("the API answers")
}

async fn post(client: &Client, path: &str, body: &Value) -> (StatusCode, Value) {
    answer(send(client, "POST", path, body, &[]).await).await
}

/// Asks for a job that is accepted, and answers its id.
async fn asked(client: &Client, body: &Value) -> String {
    let (status, job) = post(client, JOBS, body).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{job}");
    job["id"].as_str().unwrap().to_owned()
}

fn ids(list: &Value) -> Vec<String> {
    list["data"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap().to_owned()).collect()
}

async fn rows(platform: &Platform) -> i64 {
    platform.database.count("select count(*) from jobs").await
}
