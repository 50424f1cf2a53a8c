//! What may go wrong or be asked for in one walk, and how many take part.

use std::fmt;

/// Something that happens only as often as a scenario allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chance {
    /// A handler fails.
    Fail,
    /// A worker stops before its handler is done, and hands the job back.
    HandBack,
    /// A worker dies.
    Death,
    /// A worker stalls for longer than its lease.
    Stall,
    /// The answer to a fetch is lost.
    LostFetch,
    /// A waiting job reaches its `expires_at`.
    Expiry,
    /// Redis loses everything, without a restart.
    Flush,
    /// Redis restarts, or fails over, to what it held some time ago, perhaps to nothing.
    Rollback,
    /// The job's entry is deleted behind our back.
    Hole,
    /// Somebody asks for a cancel.
    Cancel,
    /// Somebody edits the job while it waits.
    Edit,
    /// Somebody retries the finished job.
    Retry,
    /// The finished row is deleted at the end of its retention.
    Prune,
}

impl Chance {
    const COUNT: usize = Self::Prune as usize + 1;

    /// Whether the handler may start once more because of it.
    pub(crate) fn allows_a_start(self) -> bool {
        !matches!(self, Self::LostFetch | Self::Expiry | Self::Cancel | Self::Edit | Self::Prune)
    }

    /// Whether Redis loses something by it.
    pub(crate) fn hurts_redis(self) -> bool {
        matches!(self, Self::Flush | Self::Rollback | Self::Hole)
    }
}

/// How often each chance is left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Chances([u8; Chance::COUNT]);

impl Chances {
    /// How often that may still happen.
    #[must_use]
    pub fn left(&self, chance: Chance) -> u8 {
        self.0[chance as usize]
    }

    /// Uses one up; `false` if none is left.
    pub(crate) fn spend(&mut self, chance: Chance) -> bool {
        let left = &mut self.0[chance as usize];
        let any = *left > 0;
        *left -= u8::from(any);
        any
    }
}

/// One walk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// For the reader.
    pub name: String,
    /// What may happen.
    pub chances: Chances,
    /// Messages of unknown result that may be under way at once, beside those of the API.
    pub messages: u8,
    /// How many workers, at most 3.
    pub workers: u8,
    /// How many recorders, at most 2.
    pub recorders: u8,
    /// How many relays, at most 2.
    pub relays: u8,
    /// How many doctors, at most 2.
    pub doctors: u8,
}

impl Scenario {
    /// Nothing goes wrong but what always may: late messages, and deaths of the API, relay, recorder and doctor.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        let chances = Chances::default();
        Self { name: name.into(), chances, messages: 2, workers: 2, recorders: 1, relays: 1, doctors: 1 }
    }

    /// Allows something once more.
    #[must_use]
    pub fn may(mut self, chance: Chance) -> Self {
        self.chances.0[chance as usize] += 1;
        self
    }

    /// With so many workers.
    #[must_use]
    pub fn workers(self, workers: u8) -> Self {
        Self { workers, ..self }
    }

    /// With two recorders.
    #[must_use]
    pub fn two_recorders(self) -> Self {
        Self { recorders: 2, ..self }
    }

    /// With two relays.
    #[must_use]
    pub fn two_relays(self) -> Self {
        Self { relays: 2, ..self }
    }

    /// With two doctors.
    #[must_use]
    pub fn two_doctors(self) -> Self {
        Self { doctors: 2, ..self }
    }

    /// With so many messages under way.
    #[must_use]
    pub fn messages(self, messages: u8) -> Self {
        Self { messages, ..self }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
