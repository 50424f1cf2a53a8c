//! The program behind the measurements: a producer and a worker with everything on (ledger mode: leases, fencing tokens,
//! events, a recorder that reads and forgets them).
//!
//! ```text
//! bench single N SLEEP_MS START      enqueue one after the other; $BENCH_UNDER_WAY of them at once if it is set
//! bench bulk   N SLEEP_MS START      enqueue 1,000 a call
//! bench paced  N INTERVAL_MS         one each interval
//! bench worker CONCURRENCY           work until SIGTERM; 32 bytes for each start (and end, if it sleeps) go to
//!                                    $BENCH_LOG/<pid>.log
//! ```
//! `BENCH_REDIS` is the server's address. Producers print one line of JSON: how many, seconds, CPU seconds.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use apalis_core::worker::builder::WorkerBuilder;
use futures::{StreamExt, stream};
use gotong_queue::{
    Backend, Client, Config, Job, NewJob, Outcome, PushTerms, Pushed, QueueName, Subscription, WorkerInfo,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Serialize, Deserialize)]
struct Payload {
    seq: i64,
    t: i64,
    sleep: u64,
    pad: String,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |n: usize| args.get(n).and_then(|a| a.parse::<i64>().ok()).unwrap_or(0);
    // one thread is enough to feed two cores' worth of Redis and handlers; BENCH_THREADS tries others
    let threads: usize = std::env::var("BENCH_THREADS").ok().and_then(|t| t.parse().ok()).unwrap_or(1);
    let mut builder = if threads == 1 {
        tokio::runtime::Builder::new_current_thread()
    } else {
        tokio::runtime::Builder::new_multi_thread()
    };
    if threads > 1 {
        builder.worker_threads(threads);
    }
    builder.enable_all().build()?.block_on(async {
        let bench = Bench::connect().await?;
        match args.first().map(String::as_str) {
            Some("worker") => bench.work(usize::try_from(number(1))?).await,
            Some("paced") => bench.paced(number(1), Duration::from_millis(u64::try_from(number(2))?)).await,
            Some("single") => bench.single(number(1), u64::try_from(number(2))?, number(3)).await,
            Some("bulk") => bench.bulk(number(1), u64::try_from(number(2))?, number(3)).await,
            _ => Err("bench single|bulk|paced|worker".into()),
        }
    })
}

struct Bench {
    client: Client,
    queue: QueueName,
}

impl Bench {
    async fn connect() -> Result<Self, Failure> {
        let url = std::env::var("BENCH_REDIS")?;
        let client = Client::connect(Config { url, ledger: true, ..Config::default() }).await?;
        let queue: QueueName = "bench".parse()?;
        let view = client.epoch(&queue).await?;
        if view.name.is_none() {
            client.set_epoch(&queue, "bench", Some(&view.run_id), None).await?;
        }
        Ok(Self { client, queue })
    }

    fn job(seq: i64, sleep: u64) -> NewJob {
        let payload = Payload { seq, t: now(), sleep, pad: "x".repeat(120) };
        let payload = serde_json::to_vec(&payload).expect("numbers and text are always JSON");
        NewJob::new(Uuid::now_v7(), "bench.job", payload)
    }

    async fn push(&self, jobs: &[NewJob], terms: &PushTerms) -> Result<(), Failure> {
        let answers = self.client.push(&self.queue, jobs, Some(terms)).await?;
        if answers.iter().all(|a| *a == Pushed::Accepted) { Ok(()) } else { Err("a job was not accepted".into()) }
    }

    async fn terms(&self) -> Result<PushTerms, Failure> {
        let deadline = self.client.time().await?.after(Duration::from_mins(10));
        Ok(PushTerms { epoch: "bench".into(), deadline })
    }

    async fn single(&self, n: i64, sleep: u64, start: i64) -> Result<(), Failure> {
        let terms = &self.terms().await?;
        let under_way = std::env::var("BENCH_UNDER_WAY").ok().and_then(|u| u.parse().ok()).unwrap_or(1);
        let begin = Measure::begin();
        let mut pushes = stream::iter(start..start + n)
            .map(|seq| async move { self.push(&[Self::job(seq, sleep)], terms).await })
            .buffer_unordered(under_way);
        while let Some(pushed) = pushes.next().await {
            pushed?;
        }
        begin.end(n);
        Ok(())
    }

    async fn bulk(&self, n: i64, sleep: u64, start: i64) -> Result<(), Failure> {
        let terms = self.terms().await?;
        let begin = Measure::begin();
        let mut seq = start;
        while seq < start + n {
            let end = (seq + 1_000).min(start + n);
            let jobs: Vec<NewJob> = (seq..end).map(|seq| Self::job(seq, sleep)).collect();
            self.push(&jobs, &terms).await?;
            seq = end;
        }
        begin.end(n);
        Ok(())
    }

    async fn paced(&self, n: i64, interval: Duration) -> Result<(), Failure> {
        let terms = self.terms().await?;
        let begin = Measure::begin();
        let mut tick = tokio::time::interval(interval);
        for seq in 0..n {
            tick.tick().await;
            self.push(&[Self::job(seq, 0)], &terms).await?;
        }
        begin.end(n);
        Ok(())
    }

    async fn work(self, concurrency: usize) -> Result<(), Failure> {
        let log = std::env::var("BENCH_LOG")?;
        let log = OpenOptions::new().create(true).append(true).open(format!("{log}/{}.log", std::process::id()))?;
        let log = Arc::new(log);
        let recorder = tokio::spawn(record(self.client.clone(), self.queue.clone()));
        let mut subscription = Subscription::new(self.queue.clone(), concurrency, WorkerInfo::new("bench"));
        subscription.kinds = vec!["bench.job".into()];
        let worker =
            WorkerBuilder::new("bench").backend(Backend::new(self.client, subscription)).build(move |job: Job| {
                let log = log.clone();
                async move { handle(&job, &log).await }
            });
        let mut stop = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        worker
            .run_until(async move {
                stop.recv().await;
                Ok::<(), std::io::Error>(())
            })
            .await?;
        recorder.abort();
        Ok(())
    }
}

async fn handle(job: &Job, log: &File) -> Result<Outcome, std::io::Error> {
    let payload: Payload = serde_json::from_slice(&job.payload)?;
    note(log, 0, &payload)?;
    if payload.sleep > 0 {
        tokio::time::sleep(Duration::from_millis(payload.sleep)).await;
        note(log, 1, &payload)?;
    }
    Ok(Outcome::Done(None))
}

fn note(mut log: &File, kind: i64, payload: &Payload) -> std::io::Result<()> {
    let mut line = [0; 32];
    for (place, number) in line.chunks_mut(8).zip([kind, payload.seq, now(), payload.t]) {
        place.copy_from_slice(&number.to_le_bytes());
    }
    log.write_all(&line)
}

/// What a scheduler's recorder does, without its database.
async fn record(client: Client, queue: QueueName) {
    loop {
        let Ok(batch) = client.read_events(&queue, 1_000).await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        if batch.events.is_empty() {
            let _ = client.wait_events(&queue, Duration::from_secs(5)).await;
        } else {
            let _ = client.forget(&queue, &batch.events).await;
        }
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

struct Measure {
    begin: Instant,
    cpu: f64,
}

impl Measure {
    fn begin() -> Self {
        Self { begin: Instant::now(), cpu: cpu() }
    }

    fn end(self, n: i64) {
        println!("{{\"n\":{n},\"sec\":{:.6},\"cpu\":{:.6}}}", self.begin.elapsed().as_secs_f64(), cpu() - self.cpu);
    }
}

/// CPU seconds of this process: nanoseconds of its threads where the kernel tells them.
fn cpu() -> f64 {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return 0.0 };
    let of = |task: std::io::Result<std::fs::DirEntry>| {
        let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    };
    tasks.filter_map(of).sum::<f64>() / 1e9
}
