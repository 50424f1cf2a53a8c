//! What Redis holds for the job, and the scripts that change it. Each is one atomic step; `queue/src/scripts/` has a file of
//! the same name for every method here.

use crate::few::Few;
use crate::rules::{Rule, Rules};

/// Events of one job that the ledger may not have yet; a script that would need one more waits, as fetch does when
/// the recorder lags.
pub const EVENTS: usize = 4;

/// What a waiting or running job carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Carried {
    pub generation: u8,
    /// The last version known when it was put there. Always 0 while versions are a clock, which needs no memory.
    pub last: u8,
    /// Attempts spent. Always 0 while runs have tokens, since nothing then depends on it.
    pub attempt: u8,
}

/// The job's entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Entry {
    #[default]
    Unknown,
    /// `parking`: which edit holds it back; 0: none.
    Waiting { job: Carried, parking: u8 },
    /// `fetch`: which fetch this run came from; that is its token.
    Running { job: Carried, fetch: u8, cancel: bool },
    /// `event`: version of the event that made it. `leaving`: the end is recorded, the last seconds run.
    Tombstone { generation: u8, event: u8, leaving: bool },
}

impl Entry {
    /// The generation that it has; 0: none.
    pub fn generation(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::Waiting { job, .. } | Self::Running { job, .. } => job.generation,
            Self::Tombstone { generation, .. } => generation,
        }
    }

    pub fn is_alive(self) -> bool {
        matches!(self, Self::Waiting { .. } | Self::Running { .. })
    }

    pub fn is_leaving(self) -> bool {
        matches!(self, Self::Tombstone { leaving: true, .. })
    }
}

/// What an event tells the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum What {
    /// The job waits again: retried, crashed, snoozed.
    #[default]
    Back,
    Ended(End),
}

/// How a job ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum End {
    Completed,
    Cancelled,
    Expired,
}

impl End {
    /// The state of the ledger's row.
    pub fn word(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Expired => "dead",
        }
    }
}

/// One transition on its way to the ledger. The version is also its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Event {
    pub generation: u8,
    pub version: u8,
    pub attempt: u8,
    pub what: What,
}

/// The events that no recorder has deleted.
pub type Events = Few<Event, EVENTS>;

/// A queue that holds one job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Redis {
    pub entry: Entry,
    pub events: Events,
    /// Name of the epoch; 0: the key is missing.
    pub epoch: u8,
    /// Whether the epoch only marks an empty Redis, so that no push can name it.
    pub is_mark: bool,
    /// Whether the epoch is open for the present run of the server.
    pub open: bool,
}

/// A row as it is pushed, and the epoch that the push names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Push {
    pub job: Carried,
    pub epoch: u8,
}

impl Redis {
    /// Whether a push or a cancel that names this epoch is refused.
    pub fn refuses(&self, epoch: u8, rules: Rules) -> bool {
        rules.has(Rule::NamedEpoch) && (self.epoch == 0 || self.epoch != epoch)
    }

    pub fn push(&mut self, push: Push, rules: Rules) {
        let knows = self.entry.generation() >= push.job.generation && rules.has(Rule::Known);
        if !self.refuses(push.epoch, rules) && !knows {
            self.entry = Entry::Waiting { job: push.job, parking: 0 };
        }
    }

    pub fn cancel(&mut self, generation: u8, last: u8, epoch: u8, clock: u8, rules: Rules) {
        let known = self.entry.generation();
        if self.refuses(epoch, rules) || known > generation {
            return;
        }
        match self.entry {
            Entry::Tombstone { .. } if known == generation => {}
            Entry::Running { job, fetch, .. } if known == generation => {
                self.entry = Entry::Running { job, fetch, cancel: true };
            }
            Entry::Waiting { job, .. } if known == generation => {
                self.end(Carried { last: job.last.max(last), ..job }, End::Cancelled, clock, rules);
            }
            _ if rules.has(Rule::CancelUnknown) => {
                self.end(Carried { generation, last, attempt: 0 }, End::Cancelled, clock, rules);
            }
            _ => {}
        }
    }

    /// Gives the waiting job out, as that fetch; `false` if it must not be.
    pub fn fetch(&mut self, fetch: u8, rules: Rules) -> bool {
        let Entry::Waiting { job, parking: 0 } = self.entry else { return false };
        if rules.has(Rule::Gate) && !(self.open && self.epoch != 0) {
            return false;
        }
        let job = Carried { attempt: job.attempt + u8::from(!rules.has(Rule::Token)), ..job };
        self.entry = Entry::Running { job, fetch, cancel: false };
        true
    }

    /// The job waits again; `told`: the ledger hears of it. `false` if the events have no room.
    pub fn give_back(&mut self, job: Carried, told: bool, clock: u8, rules: Rules) -> bool {
        let version = tick(job.last, clock, rules);
        let event = Event { generation: job.generation, version, attempt: job.attempt, what: What::Back };
        if told && !self.events.push(event) {
            return false;
        }
        self.entry = Entry::Waiting { job: Carried { last: rules.remembered(version), ..job }, parking: 0 };
        true
    }

    /// The job ends; `false` if the events have no room.
    pub fn end(&mut self, job: Carried, end: End, clock: u8, rules: Rules) -> bool {
        let Carried { generation, attempt, last } = job;
        let version = tick(last, clock, rules);
        if !self.events.push(Event { generation, version, attempt, what: What::Ended(end) }) {
            return false;
        }
        self.entry = if rules.has(Rule::Tombstone) {
            Entry::Tombstone { generation, event: version, leaving: false }
        } else {
            Entry::Unknown
        };
        true
    }

    /// Deletes events; whether a tombstone's last seconds begin with it.
    pub fn forget(&mut self, batch: &Events, rules: Rules) -> bool {
        self.events.retain(|event| !batch.contains(event));
        let Entry::Tombstone { generation, event, leaving: false } = self.entry else { return false };
        let made_it = |e: &Event| {
            let is_the_one = e.version == event || !rules.has(Rule::ExactRelease);
            matches!(e.what, What::Ended(_)) && e.generation == generation && is_the_one
        };
        if !batch.iter().any(made_it) {
            return false;
        }
        let stays = rules.has(Rule::Hold);
        self.entry = if stays { Entry::Tombstone { generation, event: 0, leaving: true } } else { Entry::Unknown };
        stays
    }

    /// Holds the job back; `false` if it runs, has ended, is of a later generation, or there is no epoch.
    pub fn park(&mut self, mut job: Carried, parking: u8, rules: Rules) -> bool {
        let known = self.entry.generation();
        if self.epoch == 0 || known > job.generation {
            return false;
        }
        match self.entry {
            Entry::Waiting { job: waiting, .. } if known == job.generation => job = waiting,
            Entry::Running { .. } | Entry::Tombstone { .. } if known == job.generation => return false,
            _ => {}
        }
        let held_back = Entry::Waiting { job, parking };
        self.entry = if rules.has(Rule::ParkedIsKnown) { held_back } else { Entry::Unknown };
        true
    }

    pub fn unpark(&mut self, id: u8, rules: Rules) {
        if let Entry::Waiting { parking, .. } = &mut self.entry
            && (*parking == id || !rules.has(Rule::UnparkById))
        {
            *parking = 0;
        }
    }

    /// Replaces what is alive below that generation by a tombstone in its last seconds; whether there was any.
    pub fn purge(&mut self, below: u8) -> bool {
        let stale = self.entry.is_alive() && self.entry.generation() < below;
        if stale {
            // it refuses late pushes of what is taken away, but not of the row's next generation
            self.entry = Entry::Tombstone { generation: below - 1, event: 0, leaving: true };
        }
        stale
    }
}

fn tick(last: u8, clock: u8, rules: Rules) -> u8 {
    if rules.has(Rule::Clock) { clock } else { last + 1 }
}
