//! The loop that keeps leases: on a thread and a connection of its own, so that no handler can starve it.
//!
//! It renews what the worker holds, sends progress, hears of cancellations and lost leases, shows the worker in the
//! registry, and does its share of the reaping.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::Engine;
use crate::error::Result;
use crate::link::Link;
use crate::run::Handle;
use crate::station::Station;

/// The longest wait between two looks at what there is to do.
const ROUND: Duration = Duration::from_millis(1_500);
/// In one of so many rounds more is reaped than leases: due jobs are also promoted by fetches, and the rest can wait.
const FULL: u32 = 4;
/// How often the worker shows itself.
const SHOW: Duration = Duration::from_secs(5);
/// How long to wait for Redis to come back.
const RETRY: Duration = Duration::from_millis(100);
/// How many runs one script call renews, and how many leases one reaps.
const BATCH: usize = 500;

/// Starts the thread.
pub(crate) fn start(engine: &Arc<Engine>) {
    let name = format!("lease-{}", engine.station.queue);
    let spawned = std::thread::Builder::new().name(name).spawn({
        let engine = engine.clone();
        move || match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime.block_on(Keeper::new(engine).run()),
            Err(error) => give_up(&engine, &error),
        }
    });
    if let Err(error) = spawned {
        give_up(engine, &error);
    }
}

/// Without renewal nothing may be fetched.
fn give_up(engine: &Engine, error: &std::io::Error) {
    tracing::error!(queue = %engine.station.queue, %error, "cannot keep leases; the worker takes no jobs");
    engine.stopping.cancel();
}

struct Keeper {
    engine: Arc<Engine>,
    link: Link,
    control: String,
    started: Instant,
    renewed: Instant,
    shown: Option<Instant>,
    rounds: u32,
}

impl Keeper {
    fn new(engine: Arc<Engine>) -> Self {
        let client = &engine.station.client;
        let control = engine.station.keys().control(engine.station.worker);
        let link = client.own_link(ROUND);
        Self { engine, link, control, started: Instant::now(), renewed: Instant::now(), shown: None, rounds: 0 }
    }

    async fn run(mut self) {
        while !self.engine.closed.is_cancelled() {
            let pause = match self.round().await {
                Ok(()) => self.listen().await,
                Err(error) => Err(error),
            };
            if let Err(error) = pause {
                tracing::debug!(queue = %self.engine.station.queue, %error, "cannot keep leases; trying again");
                tokio::time::sleep(RETRY).await;
            }
        }
        self.engine.kept.cancel();
    }

    async fn round(&mut self) -> Result<()> {
        self.renew(false).await?;
        self.show().await?;
        let all = self.rounds.is_multiple_of(FULL);
        self.rounds += 1;
        let Station { client, queue, .. } = &self.engine.station;
        while client.reap_on(&self.link, queue, BATCH, all).await?.more {}
        Ok(())
    }

    /// Waits for the next round, or for a request to cancel.
    async fn listen(&mut self) -> Result<()> {
        let every = self.engine.station.config().renew_every;
        let wait = every.saturating_sub(self.renewed.elapsed()).min(ROUND).min(self.engine.station.config().lease / 4);
        let mut pop = redis::cmd("BLPOP");
        pop.arg(&self.control).arg(wait.max(Duration::from_millis(1)).as_secs_f64());
        let popped = tokio::select! {
            () = self.engine.closed.cancelled() => return Ok(()),
            popped = self.link.command(&pop) => popped?,
        };
        if popped != redis::Value::Nil {
            self.renew(true).await?;
        }
        Ok(())
    }

    /// Renews all leases when it is time, or asked for; otherwise only those of runs with something new to tell.
    async fn renew(&mut self, now: bool) -> Result<()> {
        let all = now || self.renewed.elapsed() >= self.engine.station.config().renew_every.mul_f64(0.95);
        let sent = Instant::now();
        let held: Vec<(Arc<Handle>, Option<Vec<u8>>)> = self
            .engine
            .held()
            .into_iter()
            .map(|h| {
                let changed = h.take_changed();
                (h, changed)
            })
            .filter(|(_, changed)| all || changed.is_some())
            .collect();
        for batch in held.chunks(BATCH) {
            if let Err(error) = self.engine.station.renew(&self.link, batch).await {
                held.iter().filter(|(_, changed)| changed.is_some()).for_each(|(handle, _)| handle.mark_changed());
                return Err(error);
            }
        }
        if all {
            self.renewed = sent;
        }
        Ok(())
    }

    async fn show(&mut self) -> Result<()> {
        if self.shown.is_some_and(|at| at.elapsed() < SHOW) {
            return Ok(());
        }
        let subscription = &self.engine.subscription;
        let (busy, concurrency) = (self.engine.busy(), subscription.concurrency);
        let served = format!("{busy}/{concurrency}/{}", subscription.kinds.join(","));
        let fields = [
            ("host".to_owned(), subscription.worker.host.clone()),
            ("pid".to_owned(), std::process::id().to_string()),
            ("version".to_owned(), subscription.worker.version.clone()),
            ("memory".to_owned(), resident_memory().to_string()),
            (format!("q:{}", subscription.queue), served),
        ];
        let drained = self
            .engine
            .station
            .client
            .show_worker(&self.link, subscription.worker.id, self.started.elapsed(), &fields)
            .await?;
        self.engine.drained.store(drained, std::sync::atomic::Ordering::Release);
        self.shown = Some(Instant::now());
        Ok(())
    }
}

/// Resident memory of this process in bytes, where the system tells it.
fn resident_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.trim().parse().ok());
    kib.unwrap_or(0u64) * 1024
}
