//! One moment: what the ledger holds of the job, what Redis holds, what is under way, and how far each participant is.

use crate::few::Few;
use crate::redis::{Carried, End, Entry, Events, Push, Redis};
use crate::rules::{Rule, Rules};
use crate::scenario::{Chance, Chances, Scenario};

/// An epoch's name that nobody can ever compare equal to again.
pub const DEAD: u8 = u8::MAX;
/// Stands for the epoch that the ledger has when a message arrives.
pub const LATE: u8 = u8::MAX - 1;
/// Below this is every generation of a row that is gone.
pub const GONE: u8 = u8::MAX;

/// How far the row is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Life {
    #[default]
    Unborn,
    Open,
    Ended(End),
    Pruned,
}

/// The ledger's row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Row {
    pub life: Life,
    pub generation: u8,
    pub version: u8,
    pub attempt: u8,
    pub pushed: bool,
    pub cancel: bool,
}

impl Row {
    pub fn is_open(self) -> bool {
        self.life == Life::Open
    }

    /// What is alive in Redis under a lower generation than this has no business there.
    pub fn alive_from(self) -> u8 {
        match self.life {
            Life::Pruned => GONE,
            Life::Ended(_) => self.generation + 1,
            Life::Open | Life::Unborn => self.generation,
        }
    }
}

/// A command on its way to Redis. `aged`: it was sent before the tombstone began its last seconds, so its deadline
/// passes before they are over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Message {
    Push { push: Push, aged: bool },
    Cancel { generation: u8, last: u8, epoch: u8, aged: bool },
    Park { job: Carried, parking: u8 },
    Unpark { parking: u8 },
}

impl Default for Message {
    fn default() -> Self {
        Self::Unpark { parking: 0 }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Worker {
    #[default]
    Idle,
    Running {
        fetch: u8,
        attempt: u8,
    },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Recorder {
    #[default]
    Idle,
    Read {
        epoch: u8,
        batch: Events,
    },
    Committed {
        batch: Events,
    },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Relay {
    #[default]
    Idle,
    Read {
        push: Push,
        aged: bool,
    },
    Pushed {
        generation: u8,
    },
}

/// An edit holds the row's lock from its park to its commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Edit {
    #[default]
    Idle,
    Parked {
        epoch: u8,
    },
}

/// How far a doctor is with the job, and what it is about to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Look {
    #[default]
    Nothing,
    /// Has read the row: below what generation Redis may hold nothing alive, and, if it is open and marked as pushed,
    /// the order that Redis should know.
    Row {
        below: u8,
        generation: u8,
        expected: Option<u8>,
    },
    Purge {
        below: u8,
    },
    Unpark {
        generation: u8,
        parking: u8,
    },
    Refill {
        generation: u8,
        version: u8,
    },
    Finished,
}

/// `before`: the epoch that it saw in Redis. `same_run`: the server has not restarted since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Doctor {
    Round { look: Look },
    Saw { before: u8, open: bool, same_run: bool },
    Announced { name: u8, before: u8, same_run: bool },
    Comparing { name: u8, same_run: bool, look: Look },
}

impl Default for Doctor {
    fn default() -> Self {
        Self::Round { look: Look::Nothing }
    }
}

/// Everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub(crate) row: Row,
    /// The ledger's epoch; 0: none yet.
    pub(crate) epoch: u8,
    pub(crate) redis: Redis,
    /// What the next restart comes back with; nothing, if it was never saved.
    pub(crate) saved: Option<Redis>,
    pub(crate) net: Few<Message, 4>,
    pub(crate) workers: Few<Worker, 3>,
    pub(crate) recorders: Few<Recorder, 2>,
    pub(crate) relays: Few<Relay, 2>,
    pub(crate) doctors: Few<Doctor, 2>,
    pub(crate) edit: Edit,
    pub(crate) chances: Chances,
    /// How often the handler may still start; seen by the checker only.
    pub(crate) starts_left: u8,
    /// Whether Redis has lost anything; seen by the checker only.
    pub(crate) hurt: bool,
}

impl State {
    /// Before the job is accepted.
    #[must_use]
    pub fn start(scenario: &Scenario) -> Self {
        Self {
            row: Row::default(),
            epoch: 0,
            redis: Redis::default(),
            saved: None,
            net: Few::default(),
            workers: Few::of(scenario.workers),
            recorders: Few::of(scenario.recorders),
            relays: Few::of(scenario.relays),
            doctors: Few::of(scenario.doctors),
            edit: Edit::Idle,
            chances: scenario.chances,
            starts_left: 1,
            hurt: false,
        }
    }

    /// The job has ended, and nothing of it is left in Redis or under way.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        matches!(self.row.life, Life::Ended(_) | Life::Pruned)
            && self.edit == Edit::Idle
            && self.net.is_empty()
            && self.redis.events.is_empty()
            && self.redis.entry == Entry::Unknown
            && self.workers.iter().all(|worker| *worker == Worker::Idle)
            && self.relays.iter().all(|relay| *relay == Relay::Idle)
    }

    /// The state in which one of these chances is used up, if any is left.
    pub(crate) fn with(&self, chance: Chance) -> Option<Self> {
        let mut next = *self;
        next.chances.spend(chance).then(|| {
            next.starts_left += u8::from(chance.allows_a_start());
            next.hurt |= chance.hurts_redis();
            next
        })
    }

    /// Whether somebody else's lock keeps the row from being changed.
    pub(crate) fn is_locked(&self) -> bool {
        self.edit != Edit::Idle
    }

    /// The row as a pusher reads it.
    pub(crate) fn job(&self, rules: Rules) -> Carried {
        let Row { generation, version, attempt, .. } = self.row;
        Carried { generation, last: rules.remembered(version), attempt }
    }

    /// The epochs that a push of a row which is read now may name: what the ledger has, or had before.
    pub(crate) fn nameable(&self, rules: Rules) -> Few<u8, 3> {
        let mut names = Few::default();
        if self.epoch == 0 {
            return names;
        }
        if !rules.has(Rule::EpochBeforeRow) {
            names.push(LATE);
            return names;
        }
        names.push(self.epoch);
        let before = [Some(self.redis), self.saved].into_iter().flatten().filter(|redis| !redis.is_mark);
        for Redis { epoch, .. } in before.filter(|_| rules.has(Rule::LedgerFirst)) {
            if epoch != 0 && !names.contains(&epoch) {
                names.push(epoch);
            }
        }
        names
    }

    /// The name for the epoch by which a push or cancel goes when it arrives now.
    pub(crate) fn named(&self, epoch: u8) -> u8 {
        if epoch == LATE { self.epoch } else { epoch }
    }

    /// A tombstone begins its last seconds: whatever is under way by now will arrive before they are over, or not at all.
    pub(crate) fn age(&mut self) {
        self.each_aged(|aged| *aged = true);
    }

    /// Whether a push or a cancel is under way.
    pub(crate) fn has_commands_under_way(mut self) -> bool {
        let mut any = false;
        self.each_aged(|_| any = true);
        any
    }

    /// Whether anything is under way that the tombstone must outlive.
    pub(crate) fn has_aged(&mut self) -> bool {
        let mut any = false;
        self.each_aged(|aged| any |= *aged);
        any
    }

    pub(crate) fn each_aged(&mut self, mut visit: impl FnMut(&mut bool)) {
        for message in self.net.iter_mut() {
            if let Message::Push { aged, .. } | Message::Cancel { aged, .. } = message {
                visit(aged);
            }
        }
        for relay in self.relays.iter_mut() {
            if let Relay::Read { aged, .. } = relay {
                visit(aged);
            }
        }
    }
}
