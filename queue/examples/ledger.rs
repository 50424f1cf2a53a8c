//! The queue with a ledger: an epoch, pushes under its terms, and a recorder. The ledger here is a map in memory, where a
//! program has its database; what matters is the order of the steps.
//!
//! ```sh
//! REDIS_URL=redis://127.0.0.1:6379 cargo run -p gotong-queue --example ledger
//! ```

use std::collections::HashMap;
use std::time::Duration;

use apalis_core::worker::builder::WorkerBuilder;
use gotong_queue::{
    Backend, Client, Config, EventKind, Job, NewJob, Outcome, PushTerms, QueueName, Subscription, WorkerInfo,
};
use uuid::Uuid;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let url = std::env::var("REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379".into());
    let prefix = format!("example-{}", Uuid::now_v7().simple());
    let client = Client::connect(Config { url, prefix, ledger: true, ..Config::default() }).await?;
    let queue: QueueName = "orders".parse()?;

    // An epoch says that ledger and Redis agree. An empty Redis holds nothing stale, so its first is open at once.
    let view = client.epoch(&queue).await?;
    let epoch = Uuid::now_v7().simple().to_string();
    client.set_epoch(&queue, &epoch, Some(&view.run_id), view.name.as_deref()).await?;

    // The row commits first; then it is pushed, under the epoch and in time.
    let mut ledger: HashMap<Uuid, Option<EventKind>> = HashMap::new();
    let jobs: Vec<NewJob> = (1..=5).map(|n| NewJob::new(Uuid::now_v7(), "ship", format!("order {n}"))).collect();
    ledger.extend(jobs.iter().map(|job| (job.id, None)));
    let deadline = client.time().await?.after(Duration::from_secs(2));
    let terms = PushTerms { epoch: epoch.clone(), deadline };
    println!("pushed: {:?}", client.push(&queue, &jobs, Some(&terms)).await?);

    let subscription = Subscription::new(queue.clone(), 2, WorkerInfo::new("0.1.0"));
    let worker = WorkerBuilder::new("shipper").backend(Backend::new(client.clone(), subscription)).build(
        |job: Job| async move {
            job.progress(1.0, "packed");
            job.log(format!("shipped {}", String::from_utf8_lossy(&job.payload)));
            Ok::<Outcome, std::io::Error>(Outcome::Done(None))
        },
    );

    let recorder = async move {
        while ledger.values().any(Option::is_none) {
            let _ = client.wait_events(&queue, Duration::from_secs(1)).await;
            let Ok(batch) = client.read_events(&queue, 500).await else { continue };
            if batch.epoch.as_deref() != Some(&epoch) {
                continue; // read under another epoch than the ledger's: nothing of it may be committed
            }
            for event in batch.events.iter().filter(|event| event.kind.is_final()) {
                println!("{:?} as version {}: {:?}", event.kind, event.version, event.log);
                ledger.insert(event.job_id, Some(event.kind));
            }
            // only after the commit
            let _ = client.forget(&queue, &batch.events).await;
        }
        Ok::<(), std::io::Error>(())
    };
    worker.run_until(recorder).await?;
    Ok(())
}
