//! `backup.*` through the API and real workers: made, proved, restored, removed; and what goes wrong. What the engine does by
//! itself is tested with it, in `backup/`.

mod faults;
mod keeping;
mod restoring;
mod round_trip;

use harness::{Client, LONG, Platform, answer, eventually};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::time::Duration;

/// Dumps and restores run at the pace of a debug build beside all other tests.
const PATIENCE: Duration = Duration::from_mins(3);

async fn post(client: &Client, path: &str, body: &Value) -> (StatusCode, Value) {
    answer(client.request("POST", &format!("/api/v1/{path}")).json(body).send().await.unwrap()).await
}

/// Asks for work; answers the id of its job.
async fn ask(client: &Client, path: &str, body: &Value) -> String {
    let (status, job) = post(client, path, body).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{job}");
    job["id"].as_str().unwrap().to_owned()
}

/// The job, once it has ended.
async fn ended(client: &Client, id: &str) -> Value {
    eventually(&format!("the job {id} ends"), PATIENCE, async || {
        let (_, job) = client.get(&format!("/api/v1/jobs/{id}")).await;
        job["finished_at"].is_string().then_some(job)
    })
    .await
}

/// The job, which has to succeed.
async fn done(client: &Client, id: &str) -> Value {
    let job = ended(client, id).await;
    assert_eq!(job["state"], "completed", "{job}");
    job
}

/// A backup of a target, made and good.
async fn made(client: &Client, target: &str) -> String {
    let id = ask(client, "backups", &json!({ "target": target })).await;
    done(client, &id).await;
    let backup = found(client, &id).await;
    assert_eq!(backup["state"], "good", "{backup}");
    id
}

async fn found(client: &Client, id: &str) -> Value {
    let (status, backup) = client.get(&format!("/api/v1/backups/{id}")).await;
    assert_eq!(status, StatusCode::OK, "{backup}");
    backup
}

/// The backup, once its row says so.
async fn becomes(client: &Client, id: &str, pointer: &str, value: &str) -> Value {
    eventually(&format!("{pointer} of {id} becomes {value}"), LONG, async || {
        let backup = found(client, id).await;
        (backup.pointer(pointer).and_then(Value::as_str) == Some(value)).then_some(backup)
    })
    .await
}

/// A database of the shared server, to be looked into and dropped.
struct Restored(String);

impl Restored {
    /// One whose name nobody else has.
    fn fresh() -> Self {
        Self(format!("restored_{}", uuid::Uuid::new_v4().simple()))
    }

    fn url(&self, platform: &Platform) -> String {
        format!("{}/{}", platform.database.url.rsplit_once('/').unwrap().0, self.0)
    }

    async fn drop_from(&self, platform: &Platform) {
        platform.database.execute(&format!("drop database if exists \"{}\" with (force)", self.0)).await;
    }
}
