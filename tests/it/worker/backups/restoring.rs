//! Restoring: by the API into a new database and over an existing one, and by the command with the bucket and key alone.

use super::{Restored, ask, becomes, done, made, round_trip::psql};
use harness::{BackupKey, Platform, Services, TestDatabase};
use serde_json::json;
use std::process::{Command, Output};

#[tokio::test]
async fn a_database_is_replaced_whole_and_what_it_held_stays_under_another_name() {
    let shop = TestDatabase::shop(200).await;
    let target = [("GOTONG_BACKUP_TARGETS", format!("shop={}", shop.url))];
    let key = BackupKey::new();
    let platform = Platform::with_backups(&key, &target).await;
    let (_scheduler, _worker) = (platform.scheduler(), platform.worker());
    platform.settled().await;
    let client = platform.client().await;
    let id = made(&client, "shop").await;
    shop.execute("delete from shop.orders where id > 50").await;
    let name = shop.url.rsplit_once('/').unwrap().1.to_owned();
    let path = format!("backups/{id}/restore");
    let (status, problem) = super::post(&client, &path, &json!({ "database": name })).await;
    assert_eq!((status.as_u16(), &problem["code"]), (409, &json!("database_exists")), "{problem}");
    let restore = ask(&client, &path, &json!({ "database": name, "confirm": name })).await;
    let job = done(&client, &restore).await;
    assert_eq!(shop.count("select count(*) from shop.orders").await, 200, "all orders are back");
    let previous = job["result"]["previous"].as_str().unwrap().to_owned();
    let before = shop.url.replace(&name, &previous);
    assert_eq!(psql(&before, "select count(*) from shop.orders").await, "50", "nothing was thrown away");
    Restored(previous).drop_from(&platform).await;
    becomes(&client, &id, "/restores/0/state", "done").await;
}

/// The command, with the object store and the password in its environment and nothing else of the platform.
fn restore(platform: &Platform, arguments: &[&str]) -> Output {
    let password = platform.database.url.rsplit_once('@').unwrap().0.rsplit_once(':').unwrap().1.to_owned();
    let wanted = ["GOTONG_S3_ENDPOINT", "GOTONG_S3_ACCESS_KEY", "GOTONG_S3_SECRET_KEY", "GOTONG_BACKUP_POSTGRES_BIN"];
    let store = platform.variables(&[]).into_iter().filter(|(name, _)| wanted.contains(&name.as_str()));
    let mut command = Command::new(Services::get().programs.join("gotong-worker"));
    command.arg("restore").args(arguments).env_clear().envs(store).env("GOTONG_RESTORE_PASSWORD", password);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).current_dir(std::env::temp_dir());
    command.output().expect("the command runs")
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test]
async fn the_command_restores_with_the_bucket_and_the_key_alone() {
    let key = BackupKey::new();
    let mut platform = Platform::with_backups(&key, &[]).await;
    let client = platform.client().await;
    {
        let (_scheduler, _worker) = (platform.scheduler(), platform.worker());
        platform.settled().await;
        made(&client, "platform").await;
    }
    // Nothing of the platform runs any more.
    platform.kill_api();
    let bucket = platform.variables(&[]).into_iter().find(|(name, _)| name == "GOTONG_S3_BUCKET").unwrap().1;
    let listed = restore(&platform, &["--list", "--from", &format!("s3://{bucket}/backups")]);
    assert!(listed.status.success() && said(&listed).starts_with("platform/"), "{}", said(&listed));
    let from = format!("s3://{bucket}/backups/platform/latest");
    let into = Restored::fresh();
    let (front, back) = platform.database.url.split_once("://").unwrap();
    let (user, place) = back.split_once('@').unwrap();
    let server = place.split_once('/').unwrap().0;
    let url = format!("{front}://{}@{server}/{}", user.split_once(':').unwrap().0, into.0);
    let arguments = ["--from", &from, "--identity", &key.path(), "--into", &url];
    let restored = restore(&platform, &arguments);
    assert!(restored.status.success(), "{}", said(&restored));
    assert_eq!(psql(&into.url(&platform), "select count(*) from workspaces").await, "1");
    let again = restore(&platform, &arguments);
    assert!(!again.status.success() && said(&again).contains(&into.0), "it is not empty now: {}", said(&again));
    let wrong = BackupKey::new();
    let other = Restored::fresh();
    let url = url.replace(&into.0, &other.0);
    let refused = restore(&platform, &["--from", &from, "--identity", &wrong.path(), "--into", &url]);
    assert!(!refused.status.success() && said(&refused).contains("key"), "{}", said(&refused));
    let leftover = format!("select count(*) from pg_database where datname = '{}'", other.0);
    assert_eq!(platform.database.count(&leftover).await, 0, "nothing half restored is there");
    for output in [listed, restored, again, refused] {
        assert!(!said(&output).contains(&key.secret), "a secret was printed");
    }
    into.drop_from(&platform).await;
}
