//! `search.reindex` and `search.audit`: the index follows the ledger, whatever was done to either.

use super::{delete, post, put, search};
use harness::{Binary, Client, LONG, Platform, Process, eventually};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const REINDEX: &str = "/api/v1/search-indexes/portfolio_index/reindex";
const AUDIT: &str = "/api/v1/search-indexes/portfolio_index/audit";

/// Puts documents `from..to` in batches.
async fn fill(client: &Client, from: usize, to: usize, title: &str) {
    for start in (from..to).step_by(500) {
        let document = |n: usize| {
            json!({ "type": "project", "id": format!("p{n}"), "document": { "title": format!("{title} {n}"),
                "description": "Membangun bersama ".repeat(20) } })
        };
        let documents: Vec<Value> = (start..to.min(start + 500)).map(document).collect();
        let (status, result) = post(client, "/api/v1/documents/bulk", &json!({ "documents": documents })).await;
        assert_eq!((status, &result["meta"]["refused"]), (StatusCode::MULTI_STATUS, &json!(0)));
    }
}

async fn begin(client: &Client, path: &str) -> String {
    let (status, job) = post(client, path, &json!({})).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{job}");
    job["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn writes_that_race_a_reindex_are_in_the_new_index() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    fill(&client, 0, 3_000, "Kopi").await;
    platform.search.equals_ledger(&platform.database).await;
    let before = platform.search.names().await;
    let job = begin(&client, REINDEX).await;
    let (status, problem) = post(&client, "/api/v1/admin/reindex-projects", &json!({})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("duplicate")), "one at a time: {problem}");
    let mut races = 0;
    let ended = loop {
        let (_, now) = client.get(&format!("/api/v1/jobs/{job}")).await;
        if now["finished_at"].is_string() {
            break now;
        }
        let n = races * 37 % 3_000;
        put(&client, "project", &format!("p{n}"), &json!({ "title": format!("Teh {races}") })).await;
        delete(&client, "project", &format!("p{}", (n + 1_500) % 3_000)).await;
        put(&client, "project", &format!("new{races}"), &json!({ "title": "Baru" })).await;
        let (status, found) = search(&client, &[("query", "kopi")]).await;
        assert_eq!((status, &found["meta"]["degraded"]), (StatusCode::OK, &json!(false)), "nobody notices: {found}");
        races += 1;
    };
    assert_eq!(ended["state"], "completed", "{ended}");
    assert!(races > 3 && ended["result"]["sampled"].as_u64().unwrap() > 0, "{races} races: {ended}");
    platform.search.equals_ledger(&platform.database).await;
    let (_, state) = client.get("/api/v1/search-indexes/portfolio_index").await;
    assert_ne!(state["active"], before[0], "{state}");
    assert!(state["building"].is_null() && state["reindexed_at"].is_string(), "{state}");
    let (_, aliases) = platform.search.call(Method::GET, &format!("/_alias/{}", platform.search.alias()), None).await;
    assert_eq!(aliases.as_object().unwrap().keys().collect::<Vec<_>>(), [state["active"].as_str().unwrap()]);
    assert_eq!(platform.search.names().await.len(), 2, "the old index is kept");

    // Back to it, brought up to date.
    let back = client.finished(&begin(&client, "/api/v1/search-indexes/portfolio_index/rollback").await).await;
    assert_eq!((&back["state"], &back["result"]["index"]), (&json!("completed"), &json!(before[0])), "{back}");
    platform.search.equals_ledger(&platform.database).await;

    // A day later the other one goes.
    platform.database.execute("update retired_search_indexes set drop_after = now() - interval '1 second'").await;
    let due = "update schedules set next_run_at = now() where name = 'prune-search'";
    platform.database.execute(due).await;
    platform.database.execute("notify gotong_schedules").await;
    eventually("the old index goes", LONG, async || (platform.search.names().await == before).then_some(())).await;
}

#[tokio::test]
async fn a_reindex_whose_worker_is_killed_is_gone_on_with() {
    let platform = Platform::start().await;
    let _scheduler = platform.scheduler();
    platform.settled().await;
    let client = platform.client().await;
    let variables = platform.variables(&[("GOTONG_WORKER_QUEUES", "search:64,search-upkeep:1")]);
    let first = Process::spawn(Binary::Worker, &variables);
    fill(&client, 0, 4_000, "Kopi").await;
    platform.search.equals_ledger(&platform.database).await;
    let job = begin(&client, REINDEX).await;
    let filled = "select count(*) from search_indexes where building is not null and filled between 1 and 3999";
    eventually("it is in the middle", LONG, async || (platform.database.count(filled).await == 1).then_some(())).await;
    first.kill9();
    let building = platform.database.values("select building as value from search_indexes").await;
    fill(&client, 100, 400, "Teh").await;
    delete(&client, "project", "p3999").await;
    let _second = Process::spawn(Binary::Worker, &variables);
    let ended = client.finished(&job).await;
    assert_eq!((&ended["state"], &ended["crashes"]), (&json!("completed"), &json!(1)), "{ended}");
    assert_eq!(ended["result"]["index"], building[0], "the same index is filled on: {ended}");
    platform.search.equals_ledger(&platform.database).await;
}

#[tokio::test]
async fn an_audit_finds_and_mends_every_kind_of_drift() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    fill(&client, 0, 300, "Kopi").await;
    platform.search.equals_ledger(&platform.database).await;
    // Whoever made the index asked for an audit if the ledger had more than its first batch: that one finds nothing yet.
    let audits = "select count(*) from jobs where kind = 'search.audit' and finished_at is null";
    eventually("no audit is under way", LONG, async || (platform.database.count(audits).await == 0).then_some(()))
        .await;
    let index = platform.search.names().await.remove(0);
    let workspace = platform.workspace;
    let at = |id: &str| format!("/{index}/_doc/{workspace}:project:{id}?routing={workspace}");
    let copy = platform.search.call(Method::GET, &at("p1"), None).await.1["_source"].clone();
    // Missing and extra in the index; behind and ahead of the ledger.
    // As of the version that it has: of a greater one it would be no drift that an audit may overwrite.
    let deleted = format!("{}&version=1&version_type=external_gte", at("p1"));
    assert_eq!(platform.search.call(Method::DELETE, &deleted, None).await.0, StatusCode::OK);
    let mut extra = copy.clone();
    let (bucket, id) = (copy["bucket"].clone(), "never-there");
    extra.as_object_mut().unwrap().extend(
        json!({ "id": id, "key": format!("project:{id}"), "bucket": bucket, "weight": 1 }).as_object().unwrap().clone(),
    );
    platform.search.call(Method::PUT, &at(id), Some(extra)).await;
    platform.database.execute("update documents set version = 7, body = '{\"title\": \"Teh\"}' where id = 'p2'").await;
    let mut ahead = platform.search.call(Method::GET, &at("p3"), None).await.1["_source"].clone();
    ahead["weight"] = json!(ahead["weight"].as_i64().unwrap() * 9);
    ahead["version"] = json!(9);
    let newer = format!("{}&version=9&version_type=external", at("p3"));
    platform.search.call(Method::PUT, &newer, Some(ahead)).await;
    platform.database.execute("update documents set updated_at = now() - interval '1 hour'").await;
    let ended = client.finished(&begin(&client, AUDIT).await).await;
    assert_eq!(ended["state"], "completed", "{ended}");
    let drift = json!({ "missing": 1, "stale": 1, "ahead": 1, "extra": 1, "under_way": 0 });
    assert_eq!(ended["result"]["drift"], drift, "{ended}");
    let index = platform.search.equals_ledger(&platform.database).await;
    assert_eq!(index[&format!("{workspace}:project:p3")].0, 10);
    let again = client.finished(&begin(&client, AUDIT).await).await;
    assert_eq!(again["result"]["drift"]["missing"], 0, "{again}");
    let (_, state) = client.get("/api/v1/search-indexes/portfolio_index").await;
    assert_eq!(state["drift"]["drift"]["stale"], 0, "{state}");
}

#[tokio::test]
async fn an_index_that_is_gone_is_made_again_and_filled() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    fill(&client, 0, 200, "Kopi").await;
    platform.search.equals_ledger(&platform.database).await;
    let index = platform.search.names().await.remove(0);
    platform.search.call(Method::DELETE, &format!("/{index}"), None).await;
    put(&client, "project", "one-more", &json!({ "title": "Kopi" })).await;
    assert_eq!(platform.search.equals_ledger(&platform.database).await.len(), 201);
    let (_, mapping) = platform.search.call(Method::GET, &format!("/{index}/_mapping"), None).await;
    assert_eq!(mapping[&index]["mappings"]["dynamic"], "strict", "no index by guess: {mapping}");
}
