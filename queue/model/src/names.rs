//! One representative of all states that differ only in arbitrary names: this keeps a walk finite.
//!
//! Versions are compared by order, so each is replaced by its rank. Epochs, fetches and parkings are only ever compared for
//! being equal, so each is replaced by when it is first met, and by one common name once nothing can equal it.

use crate::redis::{Entry, Push, Redis};
use crate::rules::{Rule, Rules};
use crate::state::{DEAD, Doctor, Edit, LATE, Look, Message, Recorder, Relay, State, Worker};

/// Names are handed out anew at every step, so they stay below this.
const NAMES: usize = 64;

/// New names in the order in which old ones are met.
struct Renaming {
    new: [u8; NAMES],
    count: u8,
}

impl Renaming {
    fn new() -> Self {
        Self { new: [0; NAMES], count: 0 }
    }

    fn meet(&mut self, name: &mut u8) {
        if matches!(*name, 0 | DEAD | LATE) {
            return;
        }
        let new = &mut self.new[usize::from(*name)];
        if *new == 0 {
            self.count += 1;
            *new = self.count;
        }
        *name = *new;
    }

    /// Renames what was met; anything else can no longer equal anything.
    fn meet_again(&self, name: &mut u8) {
        if !matches!(*name, 0 | DEAD | LATE) {
            let new = self.new[usize::from(*name)];
            *name = if new == 0 { DEAD } else { new };
        }
    }
}

impl State {
    /// A version above every other: Redis's clock.
    pub(crate) fn clock(&self) -> u8 {
        let mut top = 0;
        let mut copy = *self;
        copy.each_version(|version| top = top.max(*version));
        top + 1
    }

    /// An epoch's name that nobody has.
    pub(crate) fn fresh_epoch(&self) -> u8 {
        let mut top = 0;
        let mut copy = *self;
        let mut visit = |name: &mut u8| top = top.max(if matches!(*name, DEAD | LATE) { 0 } else { *name });
        copy.each_standing_epoch(&mut visit);
        copy.each_remembered_epoch(&mut visit);
        top + 1
    }

    /// A fetch's name that nobody has.
    pub(crate) fn fresh_fetch(&self) -> u8 {
        let mut top = 0;
        let mut copy = *self;
        copy.each_fetch(|name, _| top = top.max(if *name == DEAD { 0 } else { *name }));
        top + 1
    }

    /// A parking's name that nobody has.
    pub(crate) fn fresh_parking(&self) -> u8 {
        let mut top = 0;
        let mut copy = *self;
        copy.each_parking(|name| top = top.max(*name));
        top + 1
    }

    pub(crate) fn normalise(&mut self, rules: Rules) {
        self.rename_epochs(rules);
        self.rename_fetches(rules);
        let mut parkings = Renaming::new();
        self.each_parking(|name| parkings.meet(name));
        if rules.has(Rule::Clock) {
            self.rank_versions();
        }
        self.forget_age(rules);
        self.net.sort_unstable();
        self.workers.sort_unstable();
        self.recorders.sort_unstable();
        self.relays.sort_unstable();
        self.doctors.sort_unstable();
    }

    /// Without a tombstone in its last seconds nothing has been under way for longer than it.
    pub(crate) fn forget_age(&mut self, rules: Rules) {
        let leaves = |redis: &Redis| redis.entry.is_leaving();
        if !rules.has(Rule::Deadline) || !(leaves(&self.redis) || self.saved.as_ref().is_some_and(leaves)) {
            self.each_aged(|aged| *aged = false);
        }
    }

    /// Which messages are certain to be refused, since nothing that stands can ever have their epoch again.
    pub(crate) fn refused_for_ever(&self, rules: Rules) -> impl Iterator<Item = usize> {
        let mut standing = [false; 256];
        let mut copy = *self;
        copy.each_standing_epoch(|name| standing[usize::from(*name)] = true);
        let is_dead = move |epoch: u8| rules.has(Rule::NamedEpoch) && epoch != LATE && !standing[usize::from(epoch)];
        copy.net.into_items().enumerate().filter_map(move |(at, message)| match message {
            Message::Push { push: Push { epoch, .. }, .. } | Message::Cancel { epoch, .. } => {
                is_dead(epoch).then_some(at)
            }
            Message::Park { .. } | Message::Unpark { .. } => None,
        })
    }

    fn rename_epochs(&mut self, rules: Rules) {
        let mut epochs = Renaming::new();
        self.each_standing_epoch(|name| epochs.meet(name));
        self.each_remembered_epoch(|name| epochs.meet_again(name));
        if rules.has(Rule::NamedEpoch) {
            // what is certain to be refused need not be waited for
            self.net.retain(|message| {
                !matches!(
                    message,
                    Message::Push { push: Push { epoch: DEAD, .. }, .. } | Message::Cancel { epoch: DEAD, .. }
                )
            });
        }
    }

    fn rename_fetches(&mut self, rules: Rules) {
        let mut fetches = Renaming::new();
        self.each_fetch(|name, standing| {
            // while a run's fetch is its token, a run that no entry knows is one like another
            if standing || !rules.has(Rule::Token) { fetches.meet(name) } else { fetches.meet_again(name) }
        });
    }

    fn rank_versions(&mut self) {
        let mut held = 0u64;
        self.each_version(|version| held |= 1 << *version);
        held &= !1;
        self.each_version(|version| {
            let rank = (held & ((2u64 << *version) - 1)).count_ones();
            *version = u8::try_from(rank).expect("there are at most 64 of them");
        });
    }

    fn each_version(&mut self, mut visit: impl FnMut(&mut u8)) {
        visit(&mut self.row.version);
        let mut in_redis = |redis: &mut Redis| {
            match &mut redis.entry {
                Entry::Unknown => {}
                Entry::Waiting { job, .. } | Entry::Running { job, .. } => visit(&mut job.last),
                Entry::Tombstone { event, .. } => visit(event),
            }
            redis.events.iter_mut().for_each(|event| visit(&mut event.version));
        };
        in_redis(&mut self.redis);
        self.saved.iter_mut().for_each(in_redis);
        for recorder in self.recorders.iter_mut() {
            if let Recorder::Read { batch, .. } | Recorder::Committed { batch } = recorder {
                batch.iter_mut().for_each(|event| visit(&mut event.version));
            }
        }
        for doctor in self.doctors.iter_mut() {
            if let Some(Look::Row { expected: Some(version), .. } | Look::Refill { version, .. }) = look_of(doctor) {
                visit(version);
            }
        }
    }

    /// The epochs that something may yet be compared with.
    fn each_standing_epoch(&mut self, mut visit: impl FnMut(&mut u8)) {
        visit(&mut self.epoch);
        visit(&mut self.redis.epoch);
        self.saved.iter_mut().for_each(|saved| visit(&mut saved.epoch));
        for doctor in self.doctors.iter_mut() {
            if let Doctor::Announced { name, .. } | Doctor::Comparing { name, .. } = doctor {
                visit(name);
            }
        }
    }

    /// The epochs that participants and messages will compare with those.
    fn each_remembered_epoch(&mut self, mut visit: impl FnMut(&mut u8)) {
        for message in self.net.iter_mut() {
            match message {
                Message::Push { push, .. } => visit(&mut push.epoch),
                Message::Cancel { epoch, .. } => visit(epoch),
                Message::Park { .. } | Message::Unpark { .. } => {}
            }
        }
        for recorder in self.recorders.iter_mut() {
            if let Recorder::Read { epoch, .. } = recorder {
                visit(epoch);
            }
        }
        for relay in self.relays.iter_mut() {
            if let Relay::Read { push, .. } = relay {
                visit(&mut push.epoch);
            }
        }
        if let Edit::Parked { epoch } = &mut self.edit {
            visit(epoch);
        }
        for doctor in self.doctors.iter_mut() {
            if let Doctor::Saw { before, .. } | Doctor::Announced { before, .. } = doctor {
                visit(before);
            }
        }
    }

    /// Every fetch, and whether it is an entry's.
    fn each_fetch(&mut self, mut visit: impl FnMut(&mut u8, bool)) {
        let mut in_redis = |redis: &mut Redis| {
            if let Entry::Running { fetch, .. } = &mut redis.entry {
                visit(fetch, true);
            }
        };
        in_redis(&mut self.redis);
        self.saved.iter_mut().for_each(in_redis);
        for worker in self.workers.iter_mut() {
            if let Worker::Running { fetch, .. } = worker {
                visit(fetch, false);
            }
        }
    }

    fn each_parking(&mut self, mut visit: impl FnMut(&mut u8)) {
        let mut in_redis = |redis: &mut Redis| {
            if let Entry::Waiting { parking, .. } = &mut redis.entry {
                visit(parking);
            }
        };
        in_redis(&mut self.redis);
        self.saved.iter_mut().for_each(in_redis);
        for message in self.net.iter_mut() {
            if let Message::Park { parking, .. } | Message::Unpark { parking } = message {
                visit(parking);
            }
        }
        for doctor in self.doctors.iter_mut() {
            if let Some(Look::Unpark { parking, .. }) = look_of(doctor) {
                visit(parking);
            }
        }
    }
}

fn look_of(doctor: &mut Doctor) -> Option<&mut Look> {
    match doctor {
        Doctor::Round { look } | Doctor::Comparing { look, .. } => Some(look),
        Doctor::Saw { .. } | Doctor::Announced { .. } => None,
    }
}
