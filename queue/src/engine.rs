//! What the loops of one backend share: the jobs that it holds, from the fetch until Redis has taken their report.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use apalis_core::task::Task;
use apalis_core::worker::context::WorkerContext;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::ack::{self, Ack};
use crate::backend::Subscription;
use crate::client::Client;
use crate::run::{Handle, Job};
use crate::station::Station;
use crate::{fetch, lease};

/// How often the engine looks whether its worker has been stopped; apalis tells nobody.
const LOOK: Duration = Duration::from_millis(50);
/// How many reports may wait for Redis, beside two for each slot, before no more jobs are fetched.
const UNSETTLED: usize = 16;
/// How long a closing worker waits for Redis to take its last reports.
const LAST_REPORTS: Duration = Duration::from_secs(5);
/// How long it takes at most to leave the registry.
const LAST_WORD: Duration = Duration::from_secs(1);

pub(crate) struct Engine {
    pub(crate) station: Station,
    pub(crate) subscription: Subscription,
    /// Fetched, and not yet taken by the worker.
    buffer: Mutex<Buffer>,
    /// Held, by id and token: fetched, and their reports not yet taken by Redis. The lease loop renews these. A job that
    /// was lost and fetched again is there twice.
    held: Mutex<HashMap<(Uuid, Uuid), Arc<Handle>>>,
    /// Fetched, and their handlers not yet ended.
    busy: AtomicUsize,
    /// At which number of free slots the fetch loop wants to be woken.
    wanted: AtomicUsize,
    pub(crate) freed: Notify,
    /// Reports that Redis has not taken.
    unsettled: AtomicUsize,
    pub(crate) settled: Notify,
    acks: mpsc::UnboundedSender<Ack>,
    inbox: Mutex<Option<mpsc::UnboundedReceiver<Ack>>>,
    /// No job is fetched or started any more.
    pub(crate) stopping: CancellationToken,
    /// The drain time is over: what runs is handed back.
    pub(crate) overdue: CancellationToken,
    /// All loops end.
    pub(crate) closed: CancellationToken,
    /// The lease loop has ended.
    pub(crate) kept: CancellationToken,
    /// An operator asked the worker to take no more jobs.
    pub(crate) drained: AtomicBool,
    worker: OnceLock<WorkerContext>,
    fetching: Mutex<Option<tokio::task::JoinHandle<()>>>,
}

#[derive(Default)]
struct Buffer {
    tasks: VecDeque<Task<Job>>,
    waker: Option<Waker>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    pub(crate) fn new(client: Client, subscription: Subscription) -> Self {
        let (acks, inbox) = mpsc::unbounded_channel();
        Self {
            station: Station::new(client, &subscription),
            subscription,
            buffer: Mutex::default(),
            held: Mutex::default(),
            busy: AtomicUsize::new(0),
            wanted: AtomicUsize::new(usize::MAX),
            freed: Notify::new(),
            unsettled: AtomicUsize::new(0),
            settled: Notify::new(),
            acks,
            inbox: Mutex::new(Some(inbox)),
            stopping: CancellationToken::new(),
            overdue: CancellationToken::new(),
            closed: CancellationToken::new(),
            kept: CancellationToken::new(),
            drained: AtomicBool::new(false),
            worker: OnceLock::new(),
            fetching: Mutex::default(),
        }
    }

    /// Starts the loops. Must be called inside a tokio runtime, once.
    pub(crate) fn start(self: &Arc<Self>, worker: &WorkerContext) {
        let Some(inbox) = lock(&self.inbox).take() else {
            tracing::error!(queue = %self.subscription.queue, "a backend serves one worker, once");
            return;
        };
        let _ = self.worker.set(worker.clone());
        tokio::spawn(ack::run(self.clone(), inbox));
        tokio::spawn(self.clone().watch());
        *lock(&self.fetching) = Some(tokio::spawn(fetch::run(self.clone())));
        lease::start(self);
    }

    /// Sees the worker stop, and the drain time pass.
    async fn watch(self: Arc<Self>) {
        while !self.worker.get().is_none_or(WorkerContext::is_shutting_down) {
            tokio::select! {
                () = self.stopping.cancelled() => break,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        self.stopping.cancel();
        tokio::select! {
            () = tokio::time::sleep(self.subscription.drain) => self.overdue.cancel(),
            () = self.closed.cancelled() => {}
        }
    }

    /// Whether apalis has been told to hold the worker for a while, or an operator to drain it.
    pub(crate) fn is_on_hold(&self) -> bool {
        self.drained.load(Ordering::Acquire) || self.worker.get().is_some_and(WorkerContext::is_paused)
    }

    // --- slots -----------------------------------------------------------------------------------

    pub(crate) fn free(&self) -> usize {
        let unsettled = self.unsettled.load(Ordering::Acquire);
        let concurrency = self.subscription.concurrency;
        if unsettled > 2 * concurrency + UNSETTLED {
            return 0;
        }
        concurrency.saturating_sub(self.busy.load(Ordering::Acquire))
    }

    /// Waits until so many slots are free.
    pub(crate) async fn free_slots(&self, wanted: usize) -> usize {
        loop {
            let notified = self.freed.notified();
            self.wanted.store(wanted, Ordering::SeqCst);
            let free = self.free();
            if free >= wanted {
                self.wanted.store(usize::MAX, Ordering::SeqCst);
                return free;
            }
            notified.await;
        }
    }

    fn wake_fetch(&self) {
        if self.free() >= self.wanted.load(Ordering::SeqCst) {
            self.freed.notify_one();
        }
    }

    // --- jobs ------------------------------------------------------------------------------------

    /// Takes fetched jobs in, for the lease loop at once and for the worker as soon as it asks.
    pub(crate) fn admit(&self, tasks: Vec<Task<Job>>) {
        self.busy.fetch_add(tasks.len(), Ordering::AcqRel);
        let held = |task: &Task<Job>| (task.args.handle.key(), task.args.handle.clone());
        lock(&self.held).extend(tasks.iter().map(held));
        let mut buffer = lock(&self.buffer);
        buffer.tasks.extend(tasks);
        if let Some(waker) = buffer.waker.take() {
            drop(buffer);
            waker.wake();
        }
    }

    /// Ends a job whose bytes mean nothing; until that is reported it holds a slot and a lease like any other.
    pub(crate) fn bury(&self, handle: Arc<Handle>) {
        self.busy.fetch_add(1, Ordering::AcqRel);
        lock(&self.held).insert(handle.key(), handle.clone());
        self.report(Ack::undecodable(handle, &self.station));
    }

    pub(crate) fn poll_task(&self, cx: &mut Context<'_>) -> Poll<Task<Job>> {
        let mut buffer = lock(&self.buffer);
        if let Some(task) = buffer.tasks.pop_front() {
            return Poll::Ready(task);
        }
        match &buffer.waker {
            Some(waker) if waker.will_wake(cx.waker()) => {}
            _ => buffer.waker = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// What has been fetched longer ago than half a lease may not be started any more; returns it to the queue.
    pub(crate) fn hand_back_late(&self) {
        let late = |task: &Task<Job>| self.is_late(&task.args.handle);
        let late: Vec<_> = {
            let mut buffer = lock(&self.buffer);
            let count = buffer.tasks.iter().take_while(|task| late(task)).count();
            buffer.tasks.drain(..count).collect()
        };
        for task in &late {
            self.hand_back(&task.args.handle);
        }
    }

    /// What came although the worker is on hold goes to others.
    pub(crate) fn hand_all_back(&self) {
        let all: Vec<_> = lock(&self.buffer).tasks.drain(..).collect();
        for task in &all {
            self.hand_back(&task.args.handle);
        }
    }

    /// A job may be started only within half a lease of its fetch, as early as that can have been.
    pub(crate) fn is_late(&self, handle: &Handle) -> bool {
        handle.asked.elapsed() > self.station.config().lease / 2
    }

    pub(crate) fn hand_back(&self, handle: &Arc<Handle>) {
        self.report(Ack::hand_back(handle.clone(), &self.station));
    }

    /// The handler of a job has ended, one way or another: frees its slot and passes the report on.
    pub(crate) fn report(&self, ack: Ack) {
        self.unsettled.fetch_add(1, Ordering::AcqRel);
        let _ = self.acks.send(ack);
        self.busy.fetch_sub(1, Ordering::AcqRel);
        self.wake_fetch();
    }

    /// Redis has taken (or refused) these reports.
    pub(crate) fn settle(&self, acks: &[Ack]) {
        {
            let mut held = lock(&self.held);
            for ack in acks {
                held.remove(&ack.handle.key());
            }
        }
        if self.unsettled.fetch_sub(acks.len(), Ordering::AcqRel) == acks.len() {
            self.settled.notify_waiters();
        }
        self.wake_fetch();
    }

    pub(crate) fn held(&self) -> Vec<Arc<Handle>> {
        lock(&self.held).values().cloned().collect()
    }

    pub(crate) fn busy(&self) -> usize {
        self.busy.load(Ordering::Acquire)
    }

    // --- the end ---------------------------------------------------------------------------------

    /// Ends the worker's part: nothing more is fetched, what was prefetched goes back, reports are delivered.
    pub(crate) async fn close(self: Arc<Self>) {
        self.stopping.cancel();
        let fetching = lock(&self.fetching).take();
        if let Some(fetching) = fetching {
            let _ = fetching.await;
        }
        self.hand_all_back();
        if !self.are_settled_within(LAST_REPORTS).await {
            tracing::warn!(queue = %self.subscription.queue, "redis did not take the last reports; their leases will expire");
        }
        self.closed.cancel();
        let leave = async {
            self.kept.cancelled().await;
            // a token that woke this worker as it stopped is passed on
            self.station.client.poke(&self.subscription.queue).await?;
            self.station.client.hide_worker(self.subscription.worker.id, &self.subscription.queue).await
        };
        let _ = tokio::time::timeout(LAST_WORD, leave).await;
    }

    async fn are_settled_within(&self, most: Duration) -> bool {
        let end = Instant::now() + most;
        loop {
            let settled = self.settled.notified();
            if self.unsettled.load(Ordering::Acquire) == 0 {
                return true;
            }
            if tokio::time::timeout_at(end.into(), settled).await.is_err() {
                return false;
            }
        }
    }

    /// The worker was dropped: the loops end, and the leases of what it held expire.
    pub(crate) fn abandon(&self) {
        self.stopping.cancel();
        self.overdue.cancel();
        self.closed.cancel();
    }
}
