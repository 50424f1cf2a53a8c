//! Pushes some jobs and works them off: a failure that is retried, a priority, a delay, a result.
//!
//! ```sh
//! REDIS_URL=redis://127.0.0.1:6379 cargo run -p gotong-queue --example basic
//! ```

use std::time::Duration;

use apalis_core::worker::builder::WorkerBuilder;
use gotong_queue::{
    Backend, Client, Config, EntryView, Job, JobError, NewJob, Outcome, Priority, QueueName, Subscription, WorkerInfo,
};
use uuid::Uuid;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let url = std::env::var("REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379".into());
    let client = Client::connect(Config { url, prefix: "example".into(), ..Config::default() }).await?;
    for warning in client.server_check().await?.warnings {
        eprintln!("warning: {warning}");
    }

    let queue: QueueName = "greetings".parse()?;
    let now = client.time().await?.timestamp();
    let greet = |name: &str| NewJob::new(Uuid::now_v7(), "greet", name.to_owned());
    let jobs = [
        greet("Ayu"),
        NewJob { priority: Priority::HIGHEST, ..greet("Budi, who is in a hurry") },
        NewJob { run_at: Some(now.after(Duration::from_secs(1))), ..greet("Citra, a second later") },
    ];
    println!("pushed: {:?}", client.push(&queue, &jobs, None).await?);

    let subscription = Subscription::new(queue.clone(), 4, WorkerInfo::new("0.1.0"));
    let worker = WorkerBuilder::new("greeter").backend(Backend::new(client.clone(), subscription)).build(greet_once);
    let done = {
        let (client, queue) = (client.clone(), queue.clone());
        async move {
            while client.counts(&queue).await.is_ok_and(|counts| counts.alive > 0) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Ok::<(), std::io::Error>(())
        }
    };
    worker.run_until(done).await?;

    let ids: Vec<Uuid> = jobs.iter().map(|job| job.id).collect();
    for view in client.entries(&queue, &ids).await? {
        if let EntryView::Tombstone { ended, result, .. } = view {
            println!("{ended:?}: {}", String::from_utf8_lossy(&result.unwrap_or_default()));
        }
    }
    Ok(())
}

/// The first attempt at everyone but the hurried fails, to show a retry.
async fn greet_once(job: Job) -> Result<Outcome, std::io::Error> {
    let name = String::from_utf8_lossy(&job.payload).into_owned();
    if job.attempt == 1 && !name.contains("hurry") {
        return Ok(Outcome::Retry {
            after: Some(Duration::from_millis(200)),
            error: JobError::new("shy", "it needs a second try"),
        });
    }
    println!("attempt {}: hello {name}", job.attempt);
    Ok(Outcome::Done(Some(format!("\"greeted {name}\"").into())))
}
