//! Documents and their search, from the route to the index.

mod bad_input;
mod contract;
mod documents;
mod indexing;
mod reindex;
mod relevance;

use harness::{Client, answer};
use reqwest::{Response, StatusCode};
use serde_json::Value;

/// The status and JSON of a document that is put.
async fn put(client: &Client, kind: &str, id: &str, document: &Value) -> (StatusCode, Value) {
    answer(put_with(client, kind, id, document, &[]).await).await
}

async fn put_with(client: &Client, kind: &str, id: &str, document: &Value, headers: &[(&str, &str)]) -> Response {
    let mut request = client.request("PUT", &format!("/api/v1/documents/{kind}/{id}")).json(document);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

async fn delete(client: &Client, kind: &str, id: &str) -> (StatusCode, Value) {
    answer(client.request("DELETE", &format!("/api/v1/documents/{kind}/{id}")).send().await.unwrap()).await
}

async fn post(client: &Client, path: &str, body: &Value) -> (StatusCode, Value) {
    answer(client.request("POST", path).json(body).send().await.unwrap()).await
}

/// The status and JSON of a search.
async fn search(client: &Client, parameters: &[(&str, &str)]) -> (StatusCode, Value) {
    answer(client.request("GET", "/api/v1/search").query(parameters).send().await.unwrap()).await
}
