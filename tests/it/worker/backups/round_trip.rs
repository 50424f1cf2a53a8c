//! From `POST /backups` to a proved backup.

use super::{PATIENCE, Restored, ask, becomes, done, ended, found, made};
use harness::{BackupKey, Platform, TestDatabase, eventually, jpeg};
use serde_json::{Value, json};

#[tokio::test]
async fn the_platform_is_backed_up_proved_and_restored() {
    let key = BackupKey::new();
    let platform = Platform::with_backups(&key, &[]).await;
    let (_scheduler, _worker) = (platform.scheduler(), platform.worker());
    platform.settled().await;
    let client = platform.client().await;
    let (_, media) = client.upload("photo.jpg", jpeg(360, 270, 1)).await;
    client.finished(media["job_id"].as_str().unwrap()).await;

    let id = ask(&client, "backups", &json!({ "verify": true })).await;
    let job = done(&client, &id).await;
    assert_eq!(job["links"]["backup"], format!("/api/v1/backups/{id}"), "{job}");
    let backup = becomes(&client, &id, "/drills/0/state", "passed").await;
    assert_eq!((&backup["state"], &backup["verification"]), (&json!("good"), &json!("passed")), "{backup}");
    let contents = &backup["contents"];
    assert!(contents["tables"].as_i64().unwrap() > 20 && contents["rows"].as_i64().unwrap() > 10, "{contents}");
    for size in ["database_bytes", "dump_bytes", "stored_bytes"] {
        assert!(contents[size].as_i64().unwrap() > 1_000, "{size} in {contents}");
    }
    let drill = &backup["drills"][0];
    assert!(drill["rto_ms"].as_i64().unwrap() > 0 && drill["duration_ms"].as_i64() >= drill["rto_ms"].as_i64());
    assert_eq!(drill["report"]["differences"], json!([]), "{drill}");
    let objects = platform.backup_objects().await;
    assert_eq!(objects.len(), 2, "a dump and its manifest: {objects:?}");
    assert_eq!(platform.storage.unfinished_uploads().await.unwrap(), Vec::<String>::new());

    let (_, targets) = client.get("/api/v1/backup-targets").await;
    let target = &targets["data"][0];
    assert_eq!((&target["last_good"]["id"], &target["last_verified"]["id"]), (&json!(id), &json!(id)), "{targets}");
    assert!(target["in_promise"] == true && target["rto_ms"] == drill["rto_ms"], "{targets}");

    let into = Restored::fresh();
    let restore = ask(&client, &format!("backups/{id}/restore"), &json!({ "database": into.0 })).await;
    done(&client, &restore).await;
    let restored = becomes(&client, &id, "/restores/0/state", "done").await;
    assert_eq!(restored["restores"][0]["database"], into.0, "{restored}");
    assert_eq!(psql(&into.url(&platform), "select count(*) from media").await, "1");
    into.drop_from(&platform).await;
}

#[tokio::test]
async fn a_second_run_of_the_same_job_makes_no_second_backup() {
    let key = BackupKey::new();
    let platform = Platform::with_backups(&key, &[]).await;
    let (_scheduler, _worker) = (platform.scheduler(), platform.worker());
    platform.settled().await;
    let client = platform.client().await;
    let id = made(&client, "platform").await;
    // As if the worker had died between the manifest and the row.
    let forget = format!("update backups set state = 'failed', manifest = null, taken_at = null where id = '{id}'");
    platform.database.execute(&forget).await;
    platform.database.execute(&format!("update jobs set state = 'dead' where id = '{id}'")).await;
    let (status, job) = super::post(&client, &format!("jobs/{id}/retry"), &json!({})).await;
    assert!(status.is_success(), "{job}");
    let backup = becomes(&client, &id, "/state", "good").await;
    assert!(backup["contents"]["rows"].as_i64().unwrap() > 0, "{backup}");
    assert_eq!(platform.backup_objects().await.len(), 2, "the backup that was there was found");
}

#[tokio::test]
async fn the_daily_schedule_backs_up_and_proves_every_target() {
    let key = BackupKey::new();
    let shop = TestDatabase::shop(500).await;
    let platform = Platform::with_backups(&key, &[("GOTONG_BACKUP_TARGETS", format!("shop={}", shop.url))]).await;
    let (_scheduler, _worker) = (platform.scheduler(), platform.worker());
    platform.settled().await;
    let client = platform.client().await;
    let schedule = eventually("the schedule is there", PATIENCE, async || {
        let (_, list) = client.get("/api/v1/schedules?per_page=100").await;
        let mut all = list["data"].as_array()?.clone().into_iter();
        all.find(|schedule| schedule["definition"]["name"] == "daily-backup")
    })
    .await;
    let run = format!("schedules/{}/run-now", schedule["id"].as_str().unwrap());
    let (status, ran) = super::post(&client, &run, &json!({})).await;
    assert!(status.is_success(), "{ran}");
    let proved = async || {
        let (_, targets) = client.get("/api/v1/backup-targets").await;
        let all = targets["data"].as_array()?.clone();
        all.iter().all(|target| target["last_verified"].is_object()).then_some(all)
    };
    let targets = eventually("both targets are proved", PATIENCE, proved).await;
    assert_eq!(targets.len(), 2);
    let (_, list) = client.get("/api/v1/backups?target=shop").await;
    assert_eq!(list["data"].as_array().unwrap().len(), 1, "{list}");
    assert!(list["data"][0]["contents"]["rows"].as_i64() >= Some(500), "{list}");
}

#[tokio::test]
async fn no_password_is_told_anywhere() {
    let key = BackupKey::new();
    let shop = TestDatabase::shop(4_000).await;
    let platform = Platform::with_backups(&key, &[("GOTONG_BACKUP_TARGETS", format!("shop={}", shop.url))]).await;
    let (_scheduler, worker) = (platform.scheduler(), platform.backup_worker(&[("GOTONG_LOG", "debug")]));
    platform.settled().await;
    let client = platform.client().await;
    let (front, _) = shop.url.rsplit_once('@').unwrap();
    let password = front.rsplit_once(':').unwrap().1.to_owned();
    let id = ask(&client, "backups", &json!({ "target": "shop", "verify": true })).await;
    let mut seen = std::collections::HashSet::new();
    eventually("the drill has passed", PATIENCE, async || {
        seen.extend(command_lines());
        let (_, backup) = client.get(&format!("/api/v1/backups/{id}")).await;
        (backup["verification"] == "passed").then_some(())
    })
    .await;
    let programs = |name: &str| seen.iter().any(|line| line.contains(name));
    assert!(programs("pg_dump") || programs("pg_restore"), "the list of processes was looked at too late: {seen:?}");
    assert!(
        !seen.iter().any(|line| line.contains(&password) || line.contains(&key.secret)),
        "in the list of processes"
    );
    let log = worker.log();
    assert!(log.contains("a backup was made") || std::env::var_os("GOTONG_TEST_LOGS").is_some(), "{log}");
    for secret in [&password, &key.secret] {
        assert!(!log.contains(secret.as_str()), "in the log");
        assert!(!found(&client, &id).await.to_string().contains(secret.as_str()), "in the API's answer");
        for object in platform.backup_objects().await {
            let bytes = platform.storage.get(&object, None).await.unwrap().collect(50_000_000).await.unwrap();
            let has = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!has, "in {object}");
        }
    }
    let rows = platform.database.values("select coalesce(manifest::text, '') as value from backups").await;
    assert!(!rows.concat().contains(&password));
    let job = ended(&client, &id).await;
    assert!(!job.to_string().contains(&password), "{job}");
}

/// What every process of this machine was started with.
fn command_lines() -> Vec<String> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " ")).filter(|line| line.contains("pg_")).collect()
}

/// The answer to a query in a database that is no test's own.
pub(super) async fn psql(url: &str, query: &str) -> String {
    use diesel_async::{AsyncConnection, RunQueryDsl};
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Text)]
        value: String,
    }
    let mut connection = diesel_async::AsyncPgConnection::establish(url).await.expect("the database is there");
    let query = format!("select ({query})::text as value");
    diesel::sql_query(query).get_result::<Row>(&mut connection).await.expect("answers").value
}

#[tokio::test]
async fn the_media_are_copied_once_and_compared() {
    let copy = [("GOTONG_BACKUP_MEDIA_PREFIX", "second-place/".to_owned())];
    let key = BackupKey::new();
    let platform = Platform::with_backups(&key, &copy).await;
    let (_scheduler, _worker) = (platform.scheduler(), platform.worker());
    platform.settled().await;
    let client = platform.client().await;
    let (_, media) = client.upload("photo.jpg", jpeg(640, 480, 7)).await;
    client.finished(media["job_id"].as_str().unwrap()).await;
    let copy_all = async |body: Value| {
        let id = ask(&client, "media-copy", &body).await;
        done(&client, &id).await["result"].clone()
    };
    let first = copy_all(json!({})).await;
    assert_eq!((&first["copied"], &first["failed"]), (&json!(1), &json!([])), "{first}");
    let originals = platform.storage.list("media/").await.unwrap();
    let copies = platform.storage.list("second-place/").await.unwrap();
    assert_eq!((originals.len(), copies.len()), (1, 1), "{copies:?}");
    let bytes = async |key: &str| platform.storage.get(key, None).await.unwrap().collect(1_000_000).await.unwrap();
    assert_eq!(bytes(&originals[0]).await, bytes(&copies[0]).await);
    let second = copy_all(json!({ "recheck": true })).await;
    assert_eq!((&second["copied"], &second["skipped"]), (&json!(0), &json!(1)), "{second}");
    let (_, targets) = client.get("/api/v1/backup-targets").await;
    assert!(targets["media_copy"]["completed_at"].is_string(), "{targets}");
}
