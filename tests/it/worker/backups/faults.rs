//! What goes wrong is told in words, and no half backup is listed as good.

use super::{PATIENCE, ask, becomes, done, ended, found, made};
use harness::{BackupKey, Platform, TestDatabase, eventually};
use reqwest::StatusCode;
use serde_json::{Value, json};

#[tokio::test]
async fn a_worker_that_is_killed_in_the_middle_leaves_exactly_one_good_backup() {
    let shop = TestDatabase::shop(60_000).await;
    let target = [("GOTONG_BACKUP_TARGETS", format!("shop={}", shop.url))];
    let key = BackupKey::new();
    let platform = Platform::with_backups(&key, &target).await;
    let (_scheduler, victim) = (platform.scheduler(), platform.backup_worker(&[]));
    platform.settled().await;
    let client = platform.client().await;
    let id = ask(&client, "backups", &json!({ "target": "shop" })).await;
    eventually("parts of the object are in the store", PATIENCE, async || {
        let begun = platform.storage.unfinished_uploads().await.ok()?;
        (!begun.is_empty()).then_some(())
    })
    .await;
    victim.kill9();
    assert_eq!(platform.database.count("select count(*) from backups where state = 'good'").await, 0);
    let (_, list) = client.get("/api/v1/backups?state=good").await;
    assert_eq!(list["data"], json!([]), "nothing half made is listed");
    let _second = platform.backup_worker(&[]);
    let job = done(&client, &id).await;
    assert_eq!(job["crashes"], 1, "{job}");
    assert_eq!(found(&client, &id).await["state"], "good");
    let objects = platform.backup_objects().await;
    assert_eq!(objects.len(), 2, "one dump, one manifest: {objects:?}");
    assert_eq!(platform.storage.unfinished_uploads().await.unwrap(), Vec::<String>::new());
    let drill = ask(&client, &format!("backups/{id}/verify"), &json!({})).await;
    done(&client, &drill).await;
}

#[tokio::test]
async fn a_backup_that_is_cancelled_leaves_nothing() {
    let shop = TestDatabase::shop(60_000).await;
    let target = [("GOTONG_BACKUP_TARGETS", format!("shop={}", shop.url))];
    let key = BackupKey::new();
    let platform = Platform::with_backups(&key, &target).await;
    let (_scheduler, _worker) = (platform.scheduler(), platform.backup_worker(&[]));
    platform.settled().await;
    let client = platform.client().await;
    let id = ask(&client, "backups", &json!({ "target": "shop" })).await;
    eventually("parts of the object are in the store", PATIENCE, async || {
        let begun = platform.storage.unfinished_uploads().await.ok()?;
        (!begun.is_empty()).then_some(())
    })
    .await;
    super::post(&client, &format!("jobs/{id}/cancel"), &json!({})).await;
    assert_eq!(ended(&client, &id).await["state"], "cancelled");
    becomes(&client, &id, "/state", "failed").await;
    eventually("nothing of it is left", PATIENCE, async || {
        let (objects, begun) = (platform.backup_objects().await, platform.storage.unfinished_uploads().await.ok()?);
        (objects.is_empty() && begun.is_empty()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn targets_that_cannot_be_reached_fail_in_words() {
    let shop = TestDatabase::shop(1).await;
    let (front, place) = shop.url.rsplit_once('@').unwrap();
    let user = front.rsplit_once(':').unwrap().0;
    let targets =
        format!("locked={user}:hunter2@{place} nowhere={front}@{}/no_such_database", place.rsplit_once('/').unwrap().0);
    let key = BackupKey::new();
    let platform = Platform::with_backups(&key, &[("GOTONG_BACKUP_TARGETS", targets)]).await;
    let (_scheduler, worker) = (platform.scheduler(), platform.backup_worker(&[("GOTONG_LOG", "debug")]));
    platform.settled().await;
    let client = platform.client().await;
    for (target, class) in [("locked", "authentication_failed"), ("nowhere", "database_missing")] {
        let id = ask(&client, "backups", &json!({ "target": target })).await;
        let job = ended(&client, &id).await;
        assert_eq!((&job["state"], &job["error"]["class"]), (&json!("dead"), &json!(class)), "{job}");
        assert_eq!(job["attempt"], 1, "it is not tried in vain: {job}");
        let backup = becomes(&client, &id, "/state", "failed").await;
        assert_eq!(backup["error"]["class"], class, "{backup}");
        assert!(!backup.to_string().contains("hunter2"), "{backup}");
    }
    assert!(!worker.log().contains("hunter2"), "{}", worker.log());
    assert_eq!(platform.backup_objects().await, Vec::<String>::new());
    assert_eq!(platform.storage.unfinished_uploads().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_drill_with_the_wrong_key_fails_and_says_nothing_of_the_backup() {
    let (key, other) = (BackupKey::new(), BackupKey::new());
    let platform = Platform::with_backups(&key, &[("GOTONG_BACKUP_IDENTITY_FILE", other.path())]).await;
    let (_scheduler, _worker) = (platform.scheduler(), platform.backup_worker(&[]));
    platform.settled().await;
    let client = platform.client().await;
    let id = made(&client, "platform").await;
    let backup = drilled(&client, &id, "wrong_key").await;
    assert!(backup.get("verification").is_none(), "the backup may be a good one: {backup}");
    let (_, targets) = client.get("/api/v1/backup-targets").await;
    assert_eq!(targets["data"][0]["in_promise"], false, "{targets}");
    assert_eq!(targets["data"][0]["last_drill"]["state"], "failed", "{targets}");
}

#[tokio::test]
async fn a_damaged_object_is_found_by_the_drill_and_counts_no_more() {
    let shop = TestDatabase::shop(2_000).await;
    let target = [("GOTONG_BACKUP_TARGETS", format!("shop={}", shop.url))];
    let key = BackupKey::new();
    let platform = Platform::with_backups(&key, &target).await;
    let (_scheduler, _worker) = (platform.scheduler(), platform.worker());
    platform.settled().await;
    let client = platform.client().await;
    let id = made(&client, "shop").await;
    let objects = platform.backup_objects().await;
    let dump = objects.iter().find(|key| key.contains(".dump.")).unwrap();
    let mut bytes = platform.storage.get(dump, None).await.unwrap().collect(50_000_000).await.unwrap().to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    platform.storage.put(dump, "application/octet-stream", bytes.into()).await.unwrap();
    let backup = drilled(&client, &id, "tampered").await;
    assert_eq!(backup["verification"], "failed", "{backup}");
    let (_, targets) = client.get("/api/v1/backup-targets").await;
    assert!(targets["data"][1].get("last_good").is_none(), "it is none to rely on: {targets}");
}

/// The backup after a drill that fails with that class.
async fn drilled(client: &harness::Client, id: &str, class: &str) -> Value {
    let (status, job) = super::post(client, &format!("backups/{id}/verify"), &json!({})).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{job}");
    let job = ended(client, job["id"].as_str().unwrap()).await;
    assert_eq!((&job["state"], &job["error"]["class"]), (&json!("dead"), &json!(class)), "{job}");
    let backup = becomes(client, id, "/drills/0/state", "failed").await;
    assert_eq!(backup["drills"][0]["error"]["class"], class, "{backup}");
    backup
}
