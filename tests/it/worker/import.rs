//! Tasks of an apalis-redis queue become jobs, each once.

use apalis_core::backend::TaskSink;
use apalis_redis::{Config, RedisStorage};
use gotong_shared::{config::Reader, enqueue::Dispatcher};
use gotong_worker::{
    Resources, Settings,
    import::{self, Import},
};
use harness::{LONG, Platform, Services, eventually};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

#[tokio::test]
async fn tasks_become_jobs_once_and_refused_ones_are_counted() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let redis = Services::get().redis.clone();
    let queue = format!("import-{}", Uuid::new_v4().simple());
    let connection = apalis_redis::connect(redis.as_str()).await.unwrap();
    let mut old = RedisStorage::<Value>::new(connection).with_config(Config::default().queue(&queue));
    for grace_s in 1..=20 {
        old.push(json!({ "grace_s": grace_s })).await.unwrap();
    }
    old.push(json!({ "grace_s": "long" })).await.unwrap();
    let settings = Settings::read(Reader::from_pairs(platform.variables(&[]))).unwrap();
    let resources = Resources::new(&settings).unwrap();
    let import = Import {
        from: redis,
        queue,
        kind: "maintenance.purge_media".into(),
        workspace: platform.workspace,
        idle: Duration::from_secs(2),
    };
    let dispatcher = Dispatcher::new(platform.queue().await);
    let imported = import::run(import, resources, dispatcher).await.unwrap();
    assert_eq!(imported.accepted, 20, "{imported:?}");
    assert!(imported.refused >= 1, "{imported:?}");
    assert_eq!(platform.database.count("select count(*) from jobs").await, 20);
    assert_eq!(platform.database.count("select count(distinct payload) from jobs").await, 20);
    eventually("they run", LONG, async || (platform.jobs_in("completed").await == 20).then_some(())).await;
}
