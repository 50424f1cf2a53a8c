//! Those who take part: each step as the real function that takes it.

use super::{time::EARLIER, world::World};
use diesel_async::{AsyncConnection, SimpleAsyncConnection};
use gotong_queue::{EntryView, JobError, NewJob, Outcome, Parked, Pushed, Reported};
use gotong_scheduler::doctor::{
    entries::{Verdict, judge},
    epoch::{Announced, Seen},
    rows::is_lost,
};
use gotong_shared::{
    db::{Connection, models::Job},
    ledger::{self, JobEdit, OpenRow, Recorded, Retry, RowOrder, Undelivered},
};
use harness::{LONG, eventually};
use std::time::Duration;
use uuid::Uuid;

/// On its way to Redis.
#[derive(Clone, Debug)]
pub enum Message {
    Push { job: Box<NewJob>, epoch: String },
    Cancel { cancel: Undelivered, epoch: String },
    Park { job: Box<NewJob>, parking: Uuid },
    Unpark { parking: Uuid },
}

/// What a relay has in hand.
#[derive(Clone, Debug)]
pub enum RelayHand {
    Idle,
    /// A row that was read under that epoch; a late one is pushed after its deadline.
    Read {
        job: Box<NewJob>,
        epoch: String,
        late: bool,
    },
    Pushed {
        generation: u32,
    },
}

/// An edit between its park and its commit: its connection holds the row's lock.
pub struct EditHand {
    connection: Connection,
    row: Box<Job>,
    epoch: String,
    /// Attempts and crashes as Redis counts them.
    counts: (i32, i32),
}

/// How far a doctor is with the job.
#[derive(Clone, Debug)]
pub enum Look {
    Nothing,
    Row { order: Option<RowOrder>, open: Option<OpenRow> },
    Purge { below: u32 },
    Unpark { generation: u32, parking: Uuid },
    Refill(OpenRow),
}

/// How far a doctor is.
#[derive(Clone, Debug)]
pub enum DoctorHand {
    Idle,
    Saw(Seen),
    Announced(Announced),
    /// Comparing before it opens, or on its round.
    Looking(Option<Announced>, Look),
}

impl World {
    pub async fn arrive(&mut self, message: Message, late: bool) {
        let (client, queue) = (&self.client, &self.queue);
        match message {
            Message::Push { job, epoch } => {
                let terms = self.terms(&epoch, late).await;
                let answer = client.push(queue, &[*job], Some(&terms)).await.unwrap();
                assert!(!late || answer == [Pushed::Stale], "a push after its deadline: {answer:?}");
            }
            Message::Cancel { cancel, epoch } => {
                let terms = self.terms(&epoch, late).await;
                let (generation, version) =
                    (u32::try_from(cancel.generation).unwrap(), u64::try_from(cancel.version).unwrap());
                client.cancel(queue, cancel.id, generation, version, Some(&terms)).await.unwrap();
            }
            Message::Park { job, parking } => _ = client.park(queue, &job, parking).await.unwrap(),
            Message::Unpark { parking } => _ = client.unpark(queue, self.job, parking).await.unwrap(),
        }
    }

    pub async fn relay_reads(&mut self, who: usize, epoch: String) {
        let mut connection = self.pool.connection().await.unwrap();
        let rows = ledger::due_unpushed(&mut connection, self.queue.as_ref(), chrono::TimeDelta::zero(), 10).await;
        let rows = rows.unwrap();
        assert_eq!(rows.len(), 1, "the relay finds the row");
        let job = Box::new(ledger::to_push(&rows[0]));
        self.relays[who] = RelayHand::Read { job, epoch, late: false };
    }

    pub async fn relay_pushes(&mut self, who: usize) {
        let RelayHand::Read { job, epoch, late } = self.relays[who].clone() else { return };
        let terms = self.terms(&epoch, late).await;
        let generation = job.generation;
        let answer = self.client.push(&self.queue, &[*job], Some(&terms)).await.unwrap();
        assert!(!late || answer == [Pushed::Stale], "a push after its deadline: {answer:?}");
        let known = matches!(answer[0], Pushed::Accepted | Pushed::Known);
        self.relays[who] = if known { RelayHand::Pushed { generation } } else { RelayHand::Idle };
    }

    pub async fn relay_marks(&mut self, who: usize) {
        if let RelayHand::Pushed { generation } = self.relays[who] {
            let mut connection = self.pool.connection().await.unwrap();
            ledger::mark_pushed(&mut connection, &[(self.job, generation)]).await.unwrap();
        }
        self.relays[who] = RelayHand::Idle;
    }

    pub async fn cancel_to_send(&self) -> Undelivered {
        let mut connection = self.pool.connection().await.unwrap();
        let cancels = ledger::undelivered_cancels(&mut connection, self.queue.as_ref(), 10).await.unwrap();
        assert_eq!(cancels.len(), 1, "the relay finds the cancel");
        cancels[0].clone()
    }

    pub async fn request_cancel(&self) {
        let mut connection = self.pool.connection().await.unwrap();
        let asked = ledger::request_cancels(&mut connection, Uuid::nil(), &[self.job]).await.unwrap();
        assert_eq!(asked.get(&self.job), Some(&true), "the job is open");
    }

    /// Fetches where the model says that there is something to fetch; the returned job may have been put off a little.
    pub async fn fetch(&mut self, who: usize) {
        let job =
            eventually("the job is fetched", LONG, async || self.workers[who].fetch(1).await.unwrap().pop()).await;
        if let Some(run) = self.runs.get_mut(who) {
            *run = Some(job);
        }
    }

    /// Tries to fetch where nothing may be had.
    pub async fn fetch_in_vain(&self) {
        let got = self.workers[3].fetch(1).await.unwrap();
        assert!(got.is_empty(), "a worker got a job that it must not get");
    }

    pub async fn report(&mut self, who: usize, outcome: Outcome, stale: bool) {
        let Some(run) = self.runs[who].take() else { return };
        let reported = self.workers[who].report(&run, outcome).await.unwrap();
        assert_eq!(reported == Reported::Stale, stale, "{reported:?}");
    }

    pub async fn fail(&mut self, who: usize) {
        let outcome = Outcome::Retry { after: Some(Duration::ZERO), error: JobError::new("test", "as it should") };
        self.report(who, outcome, false).await;
    }

    pub async fn hand_back(&mut self, who: usize) {
        if let Some(run) = self.runs[who].take() {
            assert_eq!(self.workers[who].hand_back(&run).await.unwrap(), Reported::Taken);
        }
    }

    pub async fn recorder_reads(&mut self, who: usize) {
        self.recorders[who] = Some(self.client.read_events(&self.queue, 1_000).await.unwrap());
    }

    pub async fn recorder_commits(&mut self, who: usize, fenced: bool) {
        let Some(batch) = &self.recorders[who] else { return };
        let mut connection = self.pool.connection().await.unwrap();
        let epoch = batch.epoch.as_deref();
        let recorded = ledger::record(&mut connection, self.queue.as_ref(), epoch, &batch.events).await.unwrap();
        assert_eq!(recorded == Recorded::Fenced, fenced, "{recorded:?}");
        if fenced {
            self.recorders[who] = None;
        }
    }

    pub async fn recorder_forgets(&mut self, who: usize) {
        if let Some(batch) = self.recorders[who].take() {
            self.client.forget(&self.queue, &batch.events).await.unwrap();
        }
    }

    /// Locks the row and parks the job; whether it is parked.
    pub async fn begin_edit(&mut self) -> bool {
        let mut connection = self.pool.connection().await.unwrap();
        connection.batch_execute("begin").await.unwrap();
        let row = ledger::begin_edit(&mut connection, Uuid::nil(), self.job).await.unwrap().expect("there is a row");
        match self.client.park(&self.queue, &ledger::to_push(&row), Uuid::new_v4()).await.unwrap() {
            Parked::Parked { epoch, attempt, crashes, .. } => {
                let counts = (i32::try_from(attempt).unwrap(), i32::try_from(crashes).unwrap());
                self.edit = Some(EditHand { connection, row: Box::new(row), epoch, counts });
                true
            }
            Parked::Running | Parked::Ended | Parked::Newer | Parked::EpochMissing => {
                connection.batch_execute("rollback").await.unwrap();
                false
            }
        }
    }

    /// Commits the edit if the epoch is still that of its park; whether it did.
    pub async fn commit_edit(&mut self) -> bool {
        let Some(EditHand { mut connection, row, epoch, counts }) = self.edit.take() else { return false };
        let edit = JobEdit { priority: Some(3), ..JobEdit::default() };
        let changed = ledger::finish_edit(&mut connection, &row, &edit, &epoch, counts).await.unwrap();
        let same = changed.is_some();
        connection.batch_execute(if same { "commit" } else { "rollback" }).await.unwrap();
        same
    }

    pub async fn abandon_edit(&mut self) {
        if let Some(mut edit) = self.edit.take() {
            edit.connection.batch_execute("rollback").await.unwrap();
        }
    }

    /// A manual retry of the finished job commits.
    pub async fn retry(&self) {
        let mut connection = self.pool.connection().await.unwrap();
        let ids = [self.job];
        let retried = connection.transaction(async |c| ledger::retry_jobs(c, Uuid::nil(), &ids).await).await;
        assert_eq!(retried.unwrap().0.get(&self.job), Some(&Retry::Begun));
    }

    /// Answers the mark that it put into an empty Redis.
    pub async fn doctor_sees(&mut self, who: usize) -> Option<String> {
        let named = self.ledger_epoch().await;
        let view = self.client.epoch(&self.queue).await.unwrap();
        let is_empty = view.name.is_none();
        let seen = self.doctor.mark_epoch(named, view).await.unwrap().expect("nobody else is at it");
        let mark = is_empty.then(|| seen.before.clone());
        self.doctors[who] = DoctorHand::Saw(seen);
        mark
    }

    /// Answers the name of the new epoch. A real doctor also gives up where another one has announced an epoch since it
    /// looked; the model's does not, so here it looks again.
    pub async fn doctor_announces(&mut self, who: usize) -> String {
        let DoctorHand::Saw(seen) = self.doctors[who].clone() else { panic!("it has seen the epoch") };
        let seen = Seen { named: self.ledger_epoch().await, ..seen };
        let announced = self.doctor.announce_epoch(seen).await.unwrap().expect("nobody else is at it");
        let name = announced.name.clone();
        self.doctors[who] = DoctorHand::Announced(announced);
        name
    }

    async fn ledger_epoch(&self) -> Option<String> {
        let mut connection = self.pool.connection().await.unwrap();
        let named = ledger::epochs(&mut connection, &[self.queue.as_ref()]).await.unwrap();
        named.get(self.queue.as_ref()).map(|(name, _)| name.clone())
    }

    pub async fn doctor_sets(&mut self, who: usize) {
        let DoctorHand::Announced(announced) = self.doctors[who].clone() else { return };
        let set = self.doctor.set_epoch(&announced).await.unwrap();
        self.doctors[who] = if set { DoctorHand::Looking(Some(announced), Look::Nothing) } else { DoctorHand::Idle };
    }

    pub async fn doctor_opens(&mut self, who: usize) {
        if let DoctorHand::Looking(Some(announced), _) = self.doctors[who].clone() {
            self.doctor.open_epoch(&announced).await.unwrap();
        }
        self.doctors[who] = DoctorHand::Idle;
    }

    /// The server has restarted: who looked at it before looked at another run.
    pub fn age_doctors(&mut self) {
        for hand in &mut self.doctors {
            match hand {
                DoctorHand::Saw(seen) => EARLIER.clone_into(&mut seen.run_id),
                DoctorHand::Announced(announced) | DoctorHand::Looking(Some(announced), _) => {
                    EARLIER.clone_into(&mut announced.run_id);
                }
                DoctorHand::Idle | DoctorHand::Looking(None, _) => {}
            }
        }
    }

    fn look(&mut self, who: usize, look: Look) {
        let opening = match &self.doctors[who] {
            DoctorHand::Looking(opening, _) => opening.clone(),
            DoctorHand::Idle | DoctorHand::Saw(_) | DoctorHand::Announced(_) => None,
        };
        self.doctors[who] = DoctorHand::Looking(opening, look);
    }

    fn look_of(&self, who: usize) -> Look {
        match &self.doctors[who] {
            DoctorHand::Looking(_, look) => look.clone(),
            DoctorHand::Idle | DoctorHand::Saw(_) | DoctorHand::Announced(_) => Look::Nothing,
        }
    }

    pub async fn doctor_reads_row(&mut self, who: usize) {
        let mut connection = self.pool.connection().await.unwrap();
        let order = ledger::orders(&mut connection, &[self.job]).await.unwrap().get(&self.job).copied();
        let open = ledger::open_rows(&mut connection, self.queue.as_ref(), Uuid::nil(), 10).await.unwrap();
        self.look(who, Look::Row { order, open: open.into_iter().next() });
    }

    pub async fn doctor_reads_redis(&mut self, who: usize) {
        let Look::Row { order, open } = self.look_of(who) else { return };
        let entry: EntryView = self.client.entries(&self.queue, &[self.job]).await.unwrap().remove(0);
        let lost = open.filter(|row| is_lost(row, &entry));
        let next = match judge(order, &entry) {
            Some(Verdict::Over { below }) => Look::Purge { below },
            Some(Verdict::Parked { generation, parking }) => Look::Unpark { generation, parking },
            None => lost.map_or(Look::Nothing, Look::Refill),
        };
        self.look(who, next);
    }

    /// Does what the look calls for.
    pub async fn doctor_acts(&mut self, who: usize) {
        match self.look_of(who) {
            Look::Purge { below } => _ = self.client.purge(&self.queue, self.job, below).await.unwrap(),
            Look::Unpark { generation, parking } => {
                self.doctor.unpark(self.job, generation, parking).await.unwrap();
            }
            Look::Refill(row) => {
                let mut connection = self.pool.connection().await.unwrap();
                ledger::refill(&mut connection, &[row]).await.unwrap();
            }
            Look::Nothing | Look::Row { .. } => {}
        }
        self.look(who, Look::Nothing);
    }

    /// The unpark that a doctor sends without learning its result.
    pub fn unpark_to_send(&mut self, who: usize) -> Message {
        let Look::Unpark { parking, .. } = self.look_of(who) else { panic!("it has found the job parked") };
        self.look(who, Look::Nothing);
        Message::Unpark { parking }
    }
}
