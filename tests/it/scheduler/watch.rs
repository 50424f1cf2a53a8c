//! The dead-man's switch: a schedule that is late or keeps failing is seen, told, and forgotten when it is well again.

use bytes::Bytes;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use gotong_shared::scheduled::{LateSchedule, late_schedules};
use harness::{Binary, LONG, Platform, Process, eventually, jpeg};

async fn troubled(platform: &Platform) -> Vec<LateSchedule> {
    let mut connection = platform.database.pool().connection().await.unwrap();
    late_schedules(&mut connection, 100).await.unwrap()
}

/// A scheduler with a probe, and the probe's address.
fn probed(platform: &Platform) -> (Process, String) {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let listen = free.to_string();
    let process = Process::spawn(Binary::Scheduler, &platform.variables(&[("GOTONG_PROBE_LISTEN", &listen)]));
    (process, format!("http://{listen}"))
}

async fn read(url: &str, path: &str) -> Option<(u16, String)> {
    let answer = reqwest::get(format!("{url}{path}")).await.ok()?;
    Some((answer.status().as_u16(), answer.text().await.ok()?))
}

#[tokio::test]
async fn a_schedule_that_nobody_claims_degrades_the_readiness_until_somebody_does() {
    let platform = Platform::start().await;
    let late = "insert into schedules (id, name, expression, kind, payload, next_run_at)
        select gen_random_uuid(), name, '* * * * *', 'maintenance.prune_keys', '{}', date_trunc('minute', now()) + ahead
        from (values ('stuck', interval '-10 minutes'), ('ahead', interval '10 minutes')) as each (name, ahead)";
    platform.database.execute(late).await;
    let names: Vec<_> = troubled(&platform).await.into_iter().map(|schedule| schedule.name).collect();
    assert_eq!(names, ["stuck"]);
    // Whoever holds the row keeps every scheduler from claiming it.
    let mut holder = AsyncPgConnection::establish(&platform.database.url).await.unwrap();
    holder.batch_execute("begin; select from schedules where name = 'stuck' for update").await.unwrap();
    let (_scheduler, url) = probed(&platform);
    let (status, text) = eventually("the readiness says so", LONG, async || {
        read(&url, "/health/ready").await.filter(|(_, text)| text.starts_with("degraded"))
    })
    .await;
    assert_eq!((status, text.contains("stuck")), (200, true), "{text}");
    let (_, metrics) = read(&url, "/metrics").await.unwrap();
    assert!(metrics.contains("gotong_schedules_late 1"), "{metrics}");
    holder.batch_execute("rollback").await.unwrap();
    eventually("it is ready again", LONG, async || {
        read(&url, "/health/ready").await.filter(|(status, text)| *status == 200 && text == "ready\n")
    })
    .await;
    assert!(troubled(&platform).await.is_empty());
    let missed = "select count(*) from schedule_ticks where outcome = 'missed' and ticks > 1";
    assert_eq!(platform.database.count(missed).await, 1, "what was missed is told");
}

#[tokio::test]
async fn a_schedule_whose_jobs_keep_failing_is_told_until_one_succeeds() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let photo = jpeg(400, 300, 1);
    let (_, media) = client.upload("photo.jpg", photo.clone()).await;
    client.finished(media["job_id"].as_str().unwrap()).await;
    let id = media["id"].as_str().unwrap();
    let original = format!("media/{id}/original");
    platform.storage.delete(std::slice::from_ref(&original)).await.unwrap();
    let insert = format!(
        "insert into schedules (id, workspace_id, name, interval_s, kind, payload, failure_limit, next_run_at)
         values (gen_random_uuid(), '{}', 'broken', 1, 'thumbnail.generate', '{{\"media_id\": \"{id}\"}}', 3, now())",
        platform.workspace
    );
    platform.database.execute(&insert).await;
    let failing = eventually("it is told", LONG, async || troubled(&platform).await.pop()).await;
    assert!(failing.is_failing && failing.failures >= 3 && failing.last_failure_at.is_some(), "{failing:?}");
    assert_eq!((failing.name.as_str(), failing.workspace_id), ("broken", Some(platform.workspace)));
    platform.storage.put(&original, "image/jpeg", Bytes::from(photo)).await.unwrap();
    eventually("it is well again", LONG, async || troubled(&platform).await.is_empty().then_some(())).await;
}
