//! Backups as an administrator sees and asks for them. That they are made and restored stands in `worker::backups`.

use harness::{BackupKey, Client, LONG, Platform, answer, eventually};
use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

async fn post(client: &Client, path: &str, body: &Value) -> (StatusCode, Value) {
    answer(client.request("POST", &format!("/api/v1/{path}")).json(body).send().await.unwrap()).await
}

/// A row of a good backup whose data are so old; nothing of it is in the store.
async fn good(platform: &Platform, target: &str, hours: u32) -> Uuid {
    let id = Uuid::now_v7();
    let row = format!(
        "insert into backups (id, target, state, workspace_id, manifest, taken_at, finished_at)
         values ('{id}', '{target}', 'good', '{}', '{{}}', now() - interval '{hours} hours', now())",
        platform.workspace
    );
    platform.database.execute(&row).await;
    id
}

#[tokio::test]
async fn without_a_key_that_could_read_them_no_backups_are_made() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let (status, problem) = post(&client, "backups", &json!({})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("backups_not_configured")));
    assert!(problem["detail"].as_str().unwrap().contains("GOTONG_BACKUP_RECIPIENTS"), "{problem}");
    let (status, problem) = post(&client, "media-copy", &json!({})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("backups_not_configured")));
    let (status, targets) = client.get("/api/v1/backup-targets").await;
    assert_eq!((status, &targets["enabled"]), (StatusCode::OK, &json!(false)), "{targets}");
    assert_eq!(targets["data"][0]["name"], "platform");
}

#[tokio::test]
async fn bad_input_is_pointed_at() {
    let platform = Platform::with_backups(&BackupKey::new(), &[]).await;
    let client = platform.client().await;
    let backup = good(&platform, "platform", 1).await;
    let restore = format!("backups/{backup}/restore");
    for (path, body, pointer) in [
        ("backups", json!({ "target": "atlantis" }), "/target"),
        ("backups", json!({ "colour": "red" }), "/colour"),
        ("backups/prune", json!({ "target": "atlantis" }), "/target"),
        (&restore, json!({}), "/database"),
        (&restore, json!({ "database": "a b" }), "/database"),
        (&restore, json!({ "database": "postgres" }), "/database"),
        (&restore, json!({ "database": "copy", "confirm": "cpoy" }), "/confirm"),
    ] {
        let (status, problem) = post(&client, path, &body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {problem}");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}: {problem}");
    }
    let (_, problem) = post(&client, "backups", &json!({ "target": "atlantis" })).await;
    assert!(problem["errors"][0]["message"].as_str().unwrap().contains("platform"), "the known are told: {problem}");
    for path in ["", "/verify", "/pin", "/unpin"] {
        let path = format!("backups/{}{path}", Uuid::now_v7());
        let status = match path.matches('/').count() {
            1 => client.get(&format!("/api/v1/{path}")).await.0,
            _ => post(&client, &path, &json!({})).await.0,
        };
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(platform.database.count("select count(*) from jobs").await, 0, "nothing was accepted");
}

#[tokio::test]
async fn backups_are_for_administrators() {
    let platform = Platform::with_backups(&BackupKey::new(), &[]).await;
    let backup = good(&platform, "platform", 1).await;
    for role in ["operator", "viewer"] {
        let client = platform.client_of(platform.workspace, role).await;
        for path in ["backups".to_owned(), format!("backups/{backup}"), "backup-targets".to_owned()] {
            let (status, problem) = client.get(&format!("/api/v1/{path}")).await;
            assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("forbidden")), "{role} {path}");
        }
        let restore = json!({ "database": "copy" });
        assert_eq!(post(&client, &format!("backups/{backup}/restore"), &restore).await.0, StatusCode::FORBIDDEN);
        assert_eq!(post(&client, "backups", &json!({})).await.0, StatusCode::FORBIDDEN);
    }
    let job = json!({ "kind": "backup.create", "payload": { "target": "platform" } });
    let (status, problem) = post(&platform.client().await, "jobs", &job).await;
    assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("forbidden")), "{problem}");
}

#[tokio::test]
async fn one_backup_of_a_target_is_under_way_at_a_time() {
    let platform = Platform::with_backups(&BackupKey::new(), &[]).await;
    let client = platform.client().await;
    let ask = async |key: &str| {
        let request = client.request("POST", "/api/v1/backups").header("Idempotency-Key", key);
        answer(request.json(&json!({ "target": "platform" })).send().await.unwrap()).await
    };
    let (status, job) = ask("first").await;
    assert_eq!((status, &job["kind"]), (StatusCode::ACCEPTED, &json!("backup.create")), "{job}");
    let (status, again) = ask("first").await;
    assert_eq!((status, &again["id"]), (StatusCode::ACCEPTED, &job["id"]), "the same request is the same backup");
    let (status, problem) = ask("second").await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("duplicate")), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains(job["id"].as_str().unwrap()), "{problem}");
    let (status, backup) = client.get(job["links"]["backup"].as_str().unwrap()).await;
    assert_eq!((status, &backup["state"], &backup["id"]), (StatusCode::OK, &json!("waiting"), &job["id"]), "{backup}");
    let (_, list) = client.get("/api/v1/backups?target=platform&state=waiting").await;
    assert_eq!(list["data"].as_array().unwrap().len(), 1, "{list}");
    let verify = format!("backups/{}/verify", job["id"].as_str().unwrap());
    let (status, problem) = post(&client, &verify, &json!({})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("not_restorable")), "{problem}");
}

#[tokio::test]
async fn a_backup_that_is_called_off_makes_room_for_the_next() {
    let platform = Platform::with_backups(&BackupKey::new(), &[]).await;
    let _scheduler = platform.scheduler();
    platform.settled().await;
    let client = platform.client().await;
    let (_, job) = post(&client, "backups", &json!({})).await;
    let id = job["id"].as_str().unwrap();
    assert_eq!(post(&client, &format!("jobs/{id}/cancel"), &json!({})).await.0, StatusCode::ACCEPTED);
    client.finished(id).await;
    let (_, backup) = client.get(&format!("/api/v1/backups/{id}")).await;
    assert_eq!((&backup["state"], &backup["error"]["class"]), (&json!("failed"), &json!("cancelled")), "{backup}");
    assert_eq!(post(&client, "backups", &json!({})).await.0, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_database_that_is_there_is_replaced_only_when_its_name_is_typed_again() {
    let platform = Platform::with_backups(&BackupKey::new(), &[]).await;
    let client = platform.client().await;
    let path = format!("backups/{}/restore", good(&platform, "platform", 1).await);
    let live = platform.database.url.rsplit_once('/').unwrap().1;
    let (status, problem) = post(&client, &path, &json!({ "database": live })).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("database_exists")), "{problem}");
    let (status, problem) = post(&client, &path, &json!({ "database": live, "confirm": live })).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("live_database")), "{problem}");
    let other = harness::TestDatabase::create().await;
    let other = other.url.rsplit_once('/').unwrap().1;
    let (status, problem) = post(&client, &path, &json!({ "database": other })).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("database_exists")), "{problem}");
    let (status, job) = post(&client, &path, &json!({ "database": other, "confirm": other })).await;
    assert_eq!((status, &job["kind"]), (StatusCode::ACCEPTED, &json!("backup.restore")), "{job}");
    assert_eq!(platform.database.count("select count(*) from backup_restores where overwrite").await, 1);
}

#[tokio::test]
async fn a_dry_run_tells_what_would_go_and_removes_nothing() {
    let settings = [("GOTONG_BACKUP_KEEP_DAILY", "3".to_owned()), ("GOTONG_BACKUP_KEEP_WEEKLY", "0".to_owned())];
    let settings = [settings.as_slice(), &[("GOTONG_BACKUP_KEEP_MONTHLY", "0".to_owned())]].concat();
    let platform = Platform::with_backups(&BackupKey::new(), &settings).await;
    let client = platform.client().await;
    let mut ids = Vec::new();
    for day in 0..8 {
        ids.push(good(&platform, "platform", day * 24).await);
    }
    let proved = format!("update backups set verification = 'passed', verified_at = now() where id = '{}'", ids[6]);
    platform.database.execute(&proved).await;
    let (status, pinned) = post(&client, &format!("backups/{}/pin", ids[7]), &json!({})).await;
    assert_eq!((status, &pinned["pinned"]), (StatusCode::OK, &json!(true)), "{pinned}");
    let kept = async || {
        let (status, plan) = post(&client, "backups/prune", &json!({ "dry_run": true })).await;
        assert_eq!(status, StatusCode::OK, "{plan}");
        let verdicts = plan["data"].as_array().unwrap().clone();
        assert!(
            verdicts.iter().all(|verdict| !verdict["keep"].as_bool().unwrap() || verdict["reasons"][0].is_string())
        );
        let keep = |id: &Uuid| verdicts.iter().any(|v| v["id"] == id.to_string() && v["keep"] == true);
        ids.iter().map(keep).collect::<Vec<_>>()
    };
    assert_eq!(
        kept().await,
        [true, true, true, false, false, false, true, true],
        "days, the proved and the pinned one"
    );
    assert_eq!(post(&client, &format!("backups/{}/unpin", ids[7]), &json!({})).await.0, StatusCode::OK);
    assert_eq!(kept().await, [true, true, true, false, false, false, true, false]);
    assert_eq!(platform.database.count("select count(*) from backups where state = 'good'").await, 8);
    assert_eq!(platform.database.count("select count(*) from jobs").await, 0);
}

#[tokio::test]
async fn a_target_outside_of_its_promise_alerts() {
    let platform = Platform::with_backups(&BackupKey::new(), &[]).await;
    let client = platform.client().await;
    let codes = async || {
        let (_, alerts) = client.get("/api/v1/alerts").await;
        let alerts = alerts["data"].as_array().unwrap().clone();
        let about = alerts.into_iter().filter(|alert| alert["subject"] == "platform");
        about.map(|alert| alert["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let become_so = async |wanted: &[&str]| {
        eventually(&format!("the alerts are {wanted:?}"), LONG, async || (codes().await == wanted).then_some(())).await;
    };
    become_so(&[]).await;
    platform.database.execute("update workspaces set created_at = now() - interval '60 hours'").await;
    become_so(&["backup_overdue"]).await;
    let backup = good(&platform, "platform", 26).await;
    become_so(&["backup_overdue", "backup_unproved"]).await;
    let (_, targets) = client.get("/api/v1/backup-targets").await;
    let target = &targets["data"][0];
    assert_eq!((&target["in_promise"], &target["last_good"]["id"]), (&json!(false), &json!(backup)), "{targets}");
    assert!((93_600..94_000).contains(&target["rpo_s"].as_i64().unwrap()), "26 hours: {targets}");
    let fresh = good(&platform, "platform", 1).await;
    let drill = |state: &str, error: &str| {
        format!(
            "insert into backup_drills (id, backup_id, state, error_class, error_message, finished_at)
             values (gen_random_uuid(), '{fresh}', '{state}', {error}, {error}, now())"
        )
    };
    platform.database.execute(&drill("failed", "'truncated'")).await;
    become_so(&["backup_unproved"]).await;
    let passed = format!(
        "update backups set verification = 'passed', verified_at = now(), rto_ms = 7200000 where id = '{fresh}'; {}",
        drill("passed", "null")
    );
    platform.database.execute(&passed).await;
    become_so(&["restore_slow"]).await;
    platform.database.execute("update backups set rto_ms = 1000 where rto_ms is not null").await;
    become_so(&[]).await;
    let (_, targets) = client.get("/api/v1/backup-targets").await;
    assert_eq!((&targets["data"][0]["in_promise"], &targets["data"][0]["rto_ms"]), (&json!(true), &json!(1000)));
}
