//! Retention, for real.

use super::{ask, done, made};
use harness::{BackupKey, Platform, TestDatabase};
use serde_json::json;

#[tokio::test]
async fn what_is_not_kept_goes_from_the_list_and_from_the_store() {
    let shop = TestDatabase::shop(100).await;
    let settings = [
        ("GOTONG_BACKUP_TARGETS", format!("shop={}", shop.url)),
        ("GOTONG_BACKUP_KEEP_DAILY", "1".to_owned()),
        ("GOTONG_BACKUP_KEEP_WEEKLY", "0".to_owned()),
        ("GOTONG_BACKUP_KEEP_MONTHLY", "0".to_owned()),
    ];
    let key = BackupKey::new();
    let platform = Platform::with_backups(&key, &settings).await;
    let (_scheduler, _worker) = (platform.scheduler(), platform.worker());
    platform.settled().await;
    let client = platform.client().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(made(&client, "shop").await);
    }
    super::post(&client, &format!("backups/{}/pin", ids[0]), &json!({})).await;
    assert_eq!(platform.backup_objects().await.len(), 6);
    for expected in [1, 0] {
        let id = ask(&client, "backups/prune", &json!({ "target": "shop" })).await;
        let job = done(&client, &id).await;
        assert_eq!(job["result"]["removed"].as_array().unwrap().len(), expected, "{job}");
        let objects = platform.backup_objects().await;
        let left = |id: &String| objects.iter().filter(|key| key.contains(id.as_str())).count();
        assert_eq!(ids.iter().map(left).collect::<Vec<_>>(), [2, 0, 2], "pinned, superseded, latest: {objects:?}");
    }
    let gone = super::found(&client, &ids[1]).await;
    assert!(gone["state"] == "pruned" && gone["deleted_at"].is_string(), "{gone}");
    let (status, problem) = super::post(&client, &format!("backups/{}/verify", ids[1]), &json!({})).await;
    assert_eq!((status.as_u16(), &problem["code"]), (409, &json!("not_restorable")), "{problem}");
}
