//! Random sequences of operations, carried out by a model and by the real server, compared after every step.

use std::collections::BTreeMap;
use std::time::Duration;

use gotong_queue::{
    Cancelled, EntryView, EventKind, Job, JobError, ManualWorker, NewJob, Outcome, Parked, PushTerms, Pushed, Renewed,
    Reported, Timestamp, Until,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use uuid::Uuid;

use crate::fixture::{Fixture, job};

const JOBS: usize = 4;
const MAX_CRASHES: u32 = 2;

#[derive(Clone, Copy, Debug)]
enum End {
    Done,
    Retry,
    RetryLate,
    Dead,
    Snooze,
    HandBack,
}

#[derive(Clone, Debug)]
enum Step {
    Push { job: usize, generation: u32, late: bool, epoch: bool },
    Fetch { most: usize },
    Report { run: prop::sample::Index, end: End },
    Renew { run: prop::sample::Index },
    Cancel { job: usize, generation: u32, epoch: bool },
    Park { job: usize, generation: u32, parking: u8 },
    Unpark { job: usize, parking: u8 },
    Purge { job: usize, below: u32 },
    LeasesExpire,
    DelayedComeDue,
    Forget,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let one = || 0..JOBS;
    let generation = || 1..4u32;
    let end = prop_oneof![
        3 => Just(End::Done), 2 => Just(End::Retry), 1 => Just(End::RetryLate), 1 => Just(End::Dead), 1 => Just(End::Snooze),
        1 => Just(End::HandBack)
    ];
    let step = prop_oneof![
        6 => (one(), generation(), prop::bool::weighted(0.2), prop::bool::weighted(0.9))
            .prop_map(|(job, generation, late, epoch)| Step::Push { job, generation, late, epoch }),
        6 => (1..4usize).prop_map(|most| Step::Fetch { most }),
        6 => (any::<prop::sample::Index>(), end).prop_map(|(run, end)| Step::Report { run, end }),
        2 => any::<prop::sample::Index>().prop_map(|run| Step::Renew { run }),
        3 => (one(), generation(), prop::bool::weighted(0.9))
            .prop_map(|(job, generation, epoch)| Step::Cancel { job, generation, epoch }),
        3 => (one(), generation(), 1..3u8).prop_map(|(job, generation, parking)| Step::Park { job, generation, parking }),
        2 => (one(), 1..3u8).prop_map(|(job, parking)| Step::Unpark { job, parking }),
        1 => (one(), 1..5u32).prop_map(|(job, below)| Step::Purge { job, below }),
        1 => Just(Step::LeasesExpire),
        1 => Just(Step::DelayedComeDue),
        1 => Just(Step::Forget),
    ];
    prop::collection::vec(step, 1..60)
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Entry {
    Unknown,
    Waiting { generation: u32, attempt: u32, crashes: u32, late: bool, parked: Option<u8> },
    Running { generation: u32, attempt: u32, crashes: u32, run: usize, cancel: bool },
    Tombstone { generation: u32, ended: Option<EventKind> },
}

impl Entry {
    fn generation(self) -> u32 {
        match self {
            Self::Unknown => 0,
            Self::Waiting { generation, .. }
            | Self::Running { generation, .. }
            | Self::Tombstone { generation, .. } => generation,
        }
    }
}

/// What the queue should hold, and the events that it should have told.
struct Model {
    entries: [Entry; JOBS],
    runs: Vec<usize>,
    events: Vec<(usize, u32, EventKind)>,
}

impl Model {
    fn end(&mut self, job: usize, generation: u32, kind: EventKind) {
        self.entries[job] = Entry::Tombstone { generation, ended: Some(kind) };
        self.events.push((job, generation, kind));
    }

    fn push(&mut self, job: usize, generation: u32, late: bool) -> Pushed {
        if self.entries[job].generation() >= generation {
            return Pushed::Known;
        }
        self.entries[job] = Entry::Waiting { generation, attempt: 0, crashes: 0, late, parked: None };
        Pushed::Accepted
    }

    fn ready(&self) -> usize {
        self.entries.iter().filter(|e| matches!(e, Entry::Waiting { late: false, parked: None, .. })).count()
    }

    /// The fetch of a job that must be ready.
    fn start(&mut self, job: usize) -> Option<u32> {
        let Entry::Waiting { generation, attempt, crashes, late: false, parked: None } = self.entries[job] else {
            return None;
        };
        let run = self.runs.len();
        self.runs.push(job);
        self.entries[job] = Entry::Running { generation, attempt: attempt + 1, crashes, run, cancel: false };
        Some(attempt + 1)
    }

    fn report(&mut self, run: usize, of: u32, end: End) -> Reported {
        let job = self.runs[run];
        let Entry::Running { generation, attempt, crashes, run: current, cancel } = self.entries[job] else {
            return self.stale(job, of, end);
        };
        if current != run {
            return self.stale(job, of, end);
        }
        let wait = |attempt, late| Entry::Waiting { generation, attempt, crashes, late, parked: None };
        let (next, kind) = match end {
            End::Done => (None, Some(EventKind::Completed)),
            End::Dead => (None, Some(EventKind::Dead)),
            End::Retry => (Some(wait(attempt, false)), Some(EventKind::Retried)),
            End::RetryLate => (Some(wait(attempt, true)), Some(EventKind::Retried)),
            End::Snooze => (Some(wait(attempt - 1, false)), Some(EventKind::Snoozed)),
            End::HandBack => (Some(wait(attempt - 1, false)), None),
        };
        match next {
            Some(_) if cancel => {
                self.end(job, generation, EventKind::Cancelled);
                return Reported::Cancelled;
            }
            Some(entry) => {
                self.entries[job] = entry;
                self.events.extend(kind.map(|kind| (job, generation, kind)));
            }
            None => self.end(job, generation, kind.expect("an end is told")),
        }
        Reported::Taken
    }

    fn stale(&mut self, job: usize, generation: u32, end: End) -> Reported {
        if !matches!(end, End::HandBack) {
            self.events.push((job, generation, EventKind::StaleReport));
        }
        Reported::Stale
    }

    fn renew(&self, run: usize) -> Renewed {
        match self.entries[self.runs[run]] {
            Entry::Running { run: current, cancel, .. } if current == run && cancel => Renewed::Cancelled,
            Entry::Running { run: current, .. } if current == run => Renewed::Held,
            _ => Renewed::Lost,
        }
    }

    fn cancel(&mut self, job: usize, generation: u32) -> Cancelled {
        let entry = self.entries[job];
        if entry.generation() > generation {
            return Cancelled::Newer;
        }
        match &mut self.entries[job] {
            Entry::Tombstone { generation: g, .. } if *g == generation => return Cancelled::AlreadyEnded,
            Entry::Running { generation: g, cancel, .. } if *g == generation => {
                *cancel = true;
                return Cancelled::Flagged;
            }
            _ => {}
        }
        self.end(job, generation, EventKind::Cancelled);
        Cancelled::Ended
    }

    /// The name of the answer; the parked entry is compared with the others.
    fn park(&mut self, job: usize, generation: u32, parking: u8) -> &'static str {
        let parked = Some(parking);
        match &mut self.entries[job] {
            entry if entry.generation() > generation => "newer",
            Entry::Tombstone { generation: g, .. } if *g == generation => "ended",
            Entry::Running { generation: g, .. } if *g == generation => "running",
            Entry::Waiting { generation: g, parked: held, .. } if *g == generation => {
                *held = parked;
                "parked"
            }
            entry => {
                *entry = Entry::Waiting { generation, attempt: 0, crashes: 0, late: false, parked };
                "parked"
            }
        }
    }

    fn unpark(&mut self, job: usize, parking: u8) -> bool {
        match &mut self.entries[job] {
            Entry::Waiting { parked: parked @ Some(_), .. } if *parked == Some(parking) => {
                *parked = None;
                true
            }
            _ => false,
        }
    }

    fn purge(&mut self, job: usize, below: u32) -> bool {
        let entry = self.entries[job];
        let alive = matches!(entry, Entry::Waiting { .. } | Entry::Running { .. });
        if !alive || entry.generation() >= below {
            return false;
        }
        self.entries[job] = Entry::Tombstone { generation: below - 1, ended: None };
        true
    }

    /// The events of one pass may come in any order.
    fn expire_leases(&mut self) -> BTreeMap<usize, EventKind> {
        let mut told = BTreeMap::new();
        for job in 0..JOBS {
            let Entry::Running { generation, attempt, crashes, cancel, .. } = self.entries[job] else { continue };
            let kind = match crashes + 1 {
                _ if cancel => EventKind::Cancelled,
                MAX_CRASHES.. => EventKind::Quarantined,
                _ => EventKind::Crashed,
            };
            self.entries[job] = match kind {
                EventKind::Crashed => {
                    let crashes = crashes + 1;
                    Entry::Waiting { generation, attempt: attempt - 1, crashes, late: false, parked: None }
                }
                ended => Entry::Tombstone { generation, ended: Some(ended) },
            };
            told.insert(job, kind);
        }
        told
    }
}

/// The real queue, under the same steps.
struct Real<'a> {
    fixture: &'a Fixture,
    worker: ManualWorker,
    jobs: Vec<NewJob>,
    runs: Vec<Job>,
    read: usize,
    version: u64,
    versions: BTreeMap<Uuid, (u32, u64)>,
}

#[expect(clippy::needless_pass_by_value, reason = "both are answers, made for the comparison")]
fn same<T: PartialEq + std::fmt::Debug>(what: &str, real: T, model: T) -> Result<(), TestCaseError> {
    prop_assert_eq!(&real, &model, "{}: the server says {:?}, the model {:?}", what, &real, &model);
    Ok(())
}

fn parking(number: u8) -> Uuid {
    Uuid::from_u128(number.into())
}

impl Real<'_> {
    fn terms(good: bool) -> PushTerms {
        PushTerms { epoch: if good { "e1" } else { "e0" }.into(), deadline: gotong_queue::Micros(u64::MAX >> 12) }
    }

    async fn step(&mut self, step: &Step, model: &mut Model) -> Result<(), TestCaseError> {
        let (client, queue) = (&self.fixture.client, &self.fixture.queue);
        match *step {
            Step::Push { job, generation, late, epoch } => {
                let run_at = late.then(|| Timestamp::now().after(Duration::from_hours(1)));
                let push = NewJob { generation, run_at, ..self.jobs[job].clone() };
                let real = client.push(queue, &[push], Some(&Self::terms(epoch))).await.unwrap().remove(0);
                same("push", real, if epoch { model.push(job, generation, late) } else { Pushed::Stale })
            }
            Step::Fetch { most } => {
                let expected = model.ready().min(most);
                let fetched = self.worker.fetch(most).await.unwrap();
                same("fetched", fetched.len(), expected)?;
                for run in fetched {
                    let job = self.jobs.iter().position(|j| j.id == run.id).unwrap();
                    same("attempt", Some(run.attempt), model.start(job))?;
                    self.runs.push(run);
                }
                Ok(())
            }
            Step::Report { ref run, end } if !self.runs.is_empty() => {
                let run = run.index(self.runs.len());
                let job = self.runs[run].clone();
                let error = JobError::new("test", "");
                let retry = |ms| Outcome::Retry { after: Some(Duration::from_millis(ms)), error: error.clone() };
                let real = match end {
                    End::Done => self.worker.report(&job, Outcome::Done(None)).await,
                    End::Retry => self.worker.report(&job, retry(0)).await,
                    End::RetryLate => self.worker.report(&job, retry(3_600_000)).await,
                    End::Dead => self.worker.report(&job, Outcome::Dead(error)).await,
                    End::Snooze => self.worker.report(&job, Outcome::Snooze(Until::At(Timestamp(1)))).await,
                    End::HandBack => self.worker.hand_back(&job).await,
                };
                same("report", real.unwrap(), model.report(run, job.generation, end))
            }
            Step::Renew { ref run } if !self.runs.is_empty() => {
                let run = run.index(self.runs.len());
                same("renewal", self.worker.renew(&self.runs[run]).await.unwrap(), model.renew(run))
            }
            Step::Cancel { job, generation, epoch } => {
                let id = self.jobs[job].id;
                let real = client.cancel(queue, id, generation, 0, Some(&Self::terms(epoch))).await.unwrap();
                same("cancel", real, if epoch { model.cancel(job, generation) } else { Cancelled::Stale })
            }
            Step::Park { job, generation, parking: p } => {
                let row = NewJob { generation, ..self.jobs[job].clone() };
                let real = match client.park(queue, &row, parking(p)).await.unwrap() {
                    Parked::Parked { .. } => "parked",
                    Parked::Running => "running",
                    Parked::Ended => "ended",
                    Parked::Newer => "newer",
                    Parked::EpochMissing => "missing",
                };
                same("park", real, model.park(job, generation, p))
            }
            Step::Unpark { job, parking: p } => {
                let real = client.unpark(queue, self.jobs[job].id, parking(p)).await.unwrap();
                same("unpark", real, model.unpark(job, p))
            }
            Step::Purge { job, below } => {
                let real = client.purge(queue, self.jobs[job].id, below).await.unwrap();
                same("purge", real, model.purge(job, below))
            }
            Step::LeasesExpire => {
                self.make_due("leases");
                client.reap(queue, 100).await.unwrap();
                let told = model.expire_leases();
                let events = self.new_events().await;
                let real = events.iter().map(|(job, _, kind)| (*job, *kind)).collect();
                same("events of expired leases", real, told)
            }
            Step::DelayedComeDue => {
                self.make_due("delayed");
                for entry in &mut model.entries {
                    // a parked job keeps its own time
                    if let Entry::Waiting { late, parked: None, .. } = entry {
                        *late = false;
                    }
                }
                Ok(())
            }
            Step::Forget => {
                let events = self.fixture.events().await;
                client.forget(queue, &events).await.unwrap();
                self.read = 0;
                Ok(())
            }
            Step::Report { .. } | Step::Renew { .. } => Ok(()),
        }
    }

    /// Sets all scores of a sorted set to long ago; for delayed jobs, in their records too.
    fn make_due(&self, set: &str) {
        let config = self.fixture.client.config();
        let key = |name: &str| format!("{}:{{{}}}:{name}", config.prefix, self.fixture.queue);
        let mut connection = redis::Client::open(config.url.as_str()).unwrap().get_connection().unwrap();
        let script = "for _, m in ipairs(redis.call('zrange', KEYS[1], 0, -1)) do
              redis.call('zadd', KEYS[1], 1, m)
              local id, tag = string.sub(m, 2, 17), string.sub(m, 18, 21)
              local record = redis.call('hget', KEYS[2], id)
              if record and string.sub(record, 1, 5) == 'W' .. tag then
                redis.call('hset', KEYS[2], id, string.sub(record, 1, 5) .. '\\1\\0\\0\\0\\0\\0' .. string.sub(record, 12))
              end
            end";
        let () = redis::cmd("EVAL").arg(script).arg(2).arg(key(set)).arg(key("jobs")).query(&mut connection).unwrap();
    }

    async fn new_events(&mut self) -> Vec<(usize, u32, EventKind)> {
        let events = self.fixture.events().await;
        let new = &events[self.read..];
        for event in new {
            assert!(event.version > self.version, "versions of a queue grow");
            self.version = event.version;
        }
        self.read = events.len();
        let place = |id| self.jobs.iter().position(|j| j.id == id).unwrap();
        new.iter().map(|e| (place(e.job_id), e.generation, e.kind)).collect()
    }

    async fn compare(&mut self, model: &mut Model) -> Result<(), TestCaseError> {
        let ids: Vec<Uuid> = self.jobs.iter().map(|j| j.id).collect();
        let (client, queue) = (&self.fixture.client, &self.fixture.queue);
        let views = client.entries(queue, &ids).await.unwrap();
        for (job, view) in views.iter().enumerate() {
            let expected = match model.entries[job] {
                // which run it is shows in what its report is told; whether it is late, in the counts
                Entry::Running { generation, attempt, crashes, cancel, .. } => {
                    Entry::Running { generation, attempt, crashes, run: 0, cancel }
                }
                Entry::Waiting { generation, attempt, crashes, parked, .. } => {
                    Entry::Waiting { generation, attempt, crashes, late: false, parked }
                }
                other => other,
            };
            same("entry", seen(view), expected)?;
            let order = view.order();
            let before = self.versions.insert(ids[job], order).unwrap_or_default();
            prop_assert!(order.0 != before.0 || order.1 >= before.1, "a version went back: {:?} {:?}", before, order);
        }
        let counts = client.counts(queue).await.unwrap();
        let count = |f: fn(&Entry) -> bool| model.entries.iter().filter(|e| f(e)).count() as u64;
        let alive = count(|e| matches!(e, Entry::Waiting { .. } | Entry::Running { .. }));
        let delayed = count(|e| matches!(e, Entry::Waiting { late: true, parked: None, .. }));
        let running = count(|e| matches!(e, Entry::Running { .. }));
        same("alive, running", (counts.alive, counts.running), (alive, running))?;
        same("ready and delayed", counts.ready.iter().sum::<u64>() + counts.delayed, model.ready() as u64 + delayed)?;
        prop_assert_eq!(alive == 0, counts.bytes == 0);
        let told = std::mem::take(&mut model.events);
        same("events", self.new_events().await, told)
    }
}

fn seen(view: &EntryView) -> Entry {
    match *view {
        EntryView::Unknown => Entry::Unknown,
        EntryView::Waiting { generation, attempt, crashes, parked, .. } => {
            let parked = parked.map(|p| u8::try_from(p.as_u128()).unwrap());
            Entry::Waiting { generation, attempt, crashes, late: false, parked }
        }
        EntryView::Running { generation, attempt, crashes, cancel_requested, .. } => {
            Entry::Running { generation, attempt, crashes, run: 0, cancel: cancel_requested }
        }
        EntryView::Tombstone { generation, ended, .. } => Entry::Tombstone { generation, ended },
    }
}

async fn walk(fixture: &Fixture, steps: &[Step]) -> Result<(), TestCaseError> {
    let worker = ManualWorker::new(fixture.client.clone(), &fixture.subscription(1));
    let jobs = (0..).take(JOBS).map(job).map(|j| NewJob { max_attempts: 1_000, ..j }).collect();
    let mut real = Real { fixture, worker, jobs, runs: Vec::new(), read: 0, version: 0, versions: BTreeMap::new() };
    let mut model = Model { entries: [Entry::Unknown; JOBS], runs: Vec::new(), events: Vec::new() };
    for step in steps {
        real.step(step, &mut model).await?;
        real.compare(&mut model).await.map_err(|e| TestCaseError::fail(format!("after {step:?}: {e}")))?;
    }
    Ok(())
}

#[test]
fn the_server_does_what_the_model_does() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let lease = Duration::from_millis(100);
    let base = runtime.block_on(Fixture::with(|config| {
        config.ledger = true;
        (config.lease, config.renew_every) = (lease, lease / 3);
        config.max_crashes = MAX_CRASHES;
        config.tombstone_hold = Duration::from_mins(10);
    }));
    runtime.block_on(base.client.ping()).unwrap();
    // the reaper leaves leases alone until the server is known to have been up for as long as one
    std::thread::sleep(lease); // the server's age is what counts
    let mut runner = TestRunner::new(Config { cases: 150, failure_persistence: None, ..Config::default() });
    let result = runner.run(&steps(), |steps| {
        let queue = format!("q-{}", Uuid::new_v4().simple()).parse().unwrap();
        let fixture = Fixture { server: None, client: base.client.clone(), queue };
        runtime.block_on(async {
            fixture.open("e1").await;
            walk(&fixture, &steps).await
        })
    });
    result.unwrap_or_else(|e| panic!("{e}"));
}
