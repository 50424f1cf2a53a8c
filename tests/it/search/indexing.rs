//! `search.index`: what is accepted reaches the index, whatever fails, and nothing older takes its place.

use super::{delete, post, put, search};
use harness::{Forwarder, LONG, Platform, Servers, Services, eventually};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

fn port_of_elasticsearch() -> u16 {
    let url = Services::get().elasticsearch.as_deref().expect("there is Elasticsearch");
    url.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_document_is_found_until_it_is_deleted() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let (_, made) = put(&client, "project", "kopi", &json!({ "title": "Perkebunan Kopi", "tags": ["kopi"] })).await;
    let job = client.finished(made["job_id"].as_str().unwrap()).await;
    assert_eq!(job["result"], json!({ "version": 1, "deleted": false, "written": true }), "{job}");
    let found = eventually("it is found", LONG, async || {
        let (status, found) = search(&client, &[("query", "kebun")]).await;
        assert_eq!(status, StatusCode::OK, "{found}");
        (found["meta"]["total"] == 1).then_some(found)
    })
    .await;
    assert_eq!((&found["meta"]["source"], &found["meta"]["degraded"]), (&json!("elasticsearch"), &json!(false)));
    assert_eq!(found["data"][0]["document"]["title"], "Perkebunan Kopi");
    let (_, gone) = delete(&client, "project", "kopi").await;
    client.finished(gone["job_id"].as_str().unwrap()).await;
    assert!(platform.search.equals_ledger(&platform.database).await.is_empty());
    eventually("it is not found", LONG, async || {
        (search(&client, &[("query", "kebun")]).await.1["meta"]["total"] == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_old_write_neither_overwrites_nor_revives() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    for (id, last) in [("changed", false), ("deleted", true)] {
        put(&client, "project", id, &json!({ "title": "old" })).await;
        let (_, second) = if last {
            delete(&client, "project", id).await
        } else {
            put(&client, "project", id, &json!({ "title": "new" })).await
        };
        client.finished(second["job_id"].as_str().unwrap()).await;
    }
    platform.search.equals_ledger(&platform.database).await;
    // A worker that was frozen since it read version 1.
    for id in ["changed", "deleted"] {
        let path = format!(
            "/{}/_doc/{}:project:{id}?version=1&version_type=external&routing={}",
            platform.search.names().await[0],
            platform.workspace,
            platform.workspace
        );
        let (status, refused) = platform.search.call(Method::PUT, &path, Some(json!({ "title": "old" }))).await;
        assert_eq!(status, StatusCode::CONFLICT, "{refused}");
    }
    // The same job again changes nothing.
    let (_, again) = post(
        &client,
        "/api/v1/jobs",
        &json!({ "kind": "search.index", "payload": { "type": "project", "id": "changed" } }),
    )
    .await;
    let job = client.finished(again["id"].as_str().unwrap()).await;
    assert_eq!(job["result"], json!({ "version": 2, "deleted": false, "written": false }), "{job}");
    let (_, none) = post(
        &client,
        "/api/v1/jobs",
        &json!({ "kind": "search.index", "payload": { "type": "project", "id": "never" } }),
    )
    .await;
    assert_eq!(client.finished(none["id"].as_str().unwrap()).await["state"], "cancelled");
}

#[tokio::test]
async fn many_documents_share_a_write_and_each_is_settled_by_its_own_result() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let (_, first) = put(&client, "project", "first", &json!({ "title": "x" })).await;
    client.finished(first["job_id"].as_str().unwrap()).await;
    // An index that an operator has made too narrow: it knows no bio.
    let index = platform.search.names().await.remove(0);
    let (_, mapping) = platform.search.call(Method::GET, &format!("/{index}/_mapping"), None).await;
    let (_, settings) = platform.search.call(Method::GET, &format!("/{index}/_settings"), None).await;
    let mut narrow = mapping[&index]["mappings"].clone();
    narrow["properties"].as_object_mut().unwrap().remove("bio");
    let analysis = settings[&index]["settings"]["index"]["analysis"].clone();
    platform.search.call(Method::DELETE, &format!("/{index}"), None).await;
    let alias = (platform.search.alias(), format!("{index}-write"));
    let body = json!({ "mappings": narrow, "settings": { "analysis": analysis, "number_of_shards": 1 },
        "aliases": { alias.0: { "filter": { "term": { "deleted": false } } }, alias.1: {} } });
    assert_eq!(platform.search.call(Method::PUT, &format!("/{index}"), Some(body)).await.0, StatusCode::OK);
    let documents: Vec<Value> = (0..40)
        .map(|n| {
            let bio = (n % 10 == 3).then_some("too much");
            json!({ "type": "profile", "id": format!("p{n}"), "document": { "username": format!("user{n}"), "bio": bio } })
        })
        .collect();
    let (status, result) = post(&client, "/api/v1/documents/bulk", &json!({ "documents": documents })).await;
    assert_eq!(status, StatusCode::MULTI_STATUS, "{result}");
    for (n, item) in result["data"].as_array().unwrap().iter().enumerate() {
        let job = client.finished(item["job_id"].as_str().unwrap()).await;
        if n % 10 == 3 {
            assert_eq!((&job["state"], &job["error"]["class"]), (&json!("dead"), &json!("search_refused")), "{job}");
            assert!(job["error"]["message"].as_str().unwrap().contains("[bio]"), "in words: {job}");
            assert_eq!(job["attempt"], 1, "it is not tried in vain: {job}");
        } else {
            assert_eq!(job["state"], "completed", "{job}");
        }
    }
}

#[tokio::test]
async fn nothing_is_lost_while_elasticsearch_is_down() {
    let forwarder = Forwarder::to(port_of_elasticsearch());
    let address = format!("http://127.0.0.1:{}", forwarder.port());
    let platform = Platform::on(Servers { elasticsearch: Some(address), ..Servers::default() }).await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    put(&client, "project", "before", &json!({ "title": "Kopi sebelum" })).await;
    platform.search.equals_ledger(&platform.database).await;
    forwarder.switch(0);
    for n in 0..60 {
        let (status, made) =
            put(&client, "project", &format!("p{}", n % 40), &json!({ "title": format!("Kopi {n}") })).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{made}");
    }
    delete(&client, "project", "before").await;
    let (status, found) = search(&client, &[("query", "kopi"), ("size", "100")]).await;
    assert_eq!(status, StatusCode::OK, "{found}");
    assert_eq!((&found["meta"]["degraded"], &found["meta"]["source"]), (&json!(true), &json!("postgresql")), "{found}");
    assert_eq!(found["meta"]["total"], 40, "the ledger knows all: {found}");
    let retried = "select count(*) from job_attempts where error_class = 'search_unavailable'";
    eventually("a write has failed", LONG, async || (platform.database.count(retried).await > 0).then_some(())).await;
    tokio::time::sleep(Duration::from_secs(20)).await; // How long it is down: what is tried meanwhile fails.
    forwarder.switch(port_of_elasticsearch());
    assert_eq!(platform.search.equals_ledger(&platform.database).await.len(), 40);
    assert_eq!(platform.jobs_in("dead").await, 0);
    eventually("the index serves again", LONG, async || {
        (search(&client, &[("query", "kopi")]).await.1["meta"]["degraded"] == false).then_some(())
    })
    .await;
}
