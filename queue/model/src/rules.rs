//! The rules of the protocol, each of which can be switched off to see what it protects from.

use std::fmt;

macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $rule:ident: $off:literal,)+) => {
        /// A rule of the protocol.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Rule { $($(#[doc = $doc])+ $rule,)+ }

        impl Rule {
            /// Every rule, in the order of a job's life.
            pub const ALL: &[Self] = &[$(Self::$rule),+];

            /// What a system without the rule does instead.
            #[must_use]
            pub fn without(self) -> &'static str {
                match self { $(Self::$rule => $off,)+ }
            }
        }
    };
}

rules! {
    /// A push is refused where Redis knows the same or a greater generation.
    Known: "a push replaces what Redis knows",
    /// A push and a cancel carry a deadline, counted from reading the row. A tombstone outlives it.
    Deadline: "a push may arrive at any time",
    /// A push and a cancel name the ledger's epoch; Redis refuses any but its own.
    NamedEpoch: "pushes and cancels do not name an epoch",
    /// The epoch that a push names was read before its row, or with it.
    EpochBeforeRow: "a push names the epoch that the ledger has when it is sent",
    /// Only an epoch that is open for the server's present run lets workers fetch.
    Gate: "workers fetch from a server that has just restarted",
    /// A run is known by a token of its own, which a report must carry.
    Token: "the attempt number is the fencing token",
    /// A version is the server's clock, so versions grow across a loss.
    Clock: "versions count on from what the push brought",
    /// A finished job leaves a tombstone that refuses pushes of its generation.
    Tombstone: "a finished job leaves nothing in Redis",
    /// A tombstone stays for longer than a push's deadline after the end is recorded.
    Hold: "a tombstone goes as soon as the end is recorded",
    /// A tombstone is released by the recording of the very event that made it.
    ExactRelease: "any recorded end of the generation releases the tombstone",
    /// Events are deleted after they are committed.
    CommitFirst: "events are deleted from Redis, then committed",
    /// The ledger applies only a greater (generation, version), and nothing over a final state.
    Order: "the ledger applies every event in the order of arrival",
    /// A batch read under one epoch does not commit under another.
    RecorderFence: "a batch commits under any epoch",
    /// A cancel of a job that Redis does not know makes a tombstone and an event.
    CancelUnknown: "a cancel ignores a job that Redis does not know",
    /// A job is held back in Redis before its edit commits.
    Park: "an edit commits without asking Redis",
    /// A job that is held back stays known, and so refuses pushes of its generation.
    ParkedIsKnown: "an edit takes the job out of Redis",
    /// An edit commits only under the epoch under which it held the job back.
    EditFence: "an edit commits under any epoch",
    /// The doctor gives a parked job back under the row's lock, hence between edits.
    UnparkUnderLock: "the doctor unparks in the middle of an edit",
    /// The doctor gives back only a job whose row, read again under the lock, is open.
    UnparkOpen: "the doctor also gives back what has ended since it looked",
    /// What gives a parked job back names the parking.
    UnparkById: "the doctor gives back whatever is parked",
    /// The doctor takes away what is alive in Redis although the ledger is past it.
    Purge: "the doctor leaves alone what the ledger knows as over",
    /// The doctor hands rows that Redis has lost to the relay again.
    Refill: "a row that is marked as pushed is never looked at again",
    /// The new epoch is committed in the ledger, then set in Redis.
    LedgerFirst: "the new epoch is set in Redis, and in the ledger once it is open",
    /// A Redis without an epoch is given a name that the ledger never has, before the ledger announces one.
    MarkEmpty: "a new epoch is set, and open at once, wherever the key is missing",
    /// Redis takes a new epoch only in place of the one that the doctor saw.
    EpochSwap: "the doctor sets the epoch whatever stands there",
    /// The epoch is opened for the run of the server that was compared.
    ComparedRun: "the epoch is opened for the run that it finds",
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// Which rules hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    off: u64,
}

impl Rules {
    /// The whole protocol.
    pub const ALL: Self = Self { off: 0 };

    /// All but one.
    #[must_use]
    pub fn without(rule: Rule) -> Self {
        Self { off: 1 << rule as u8 }
    }

    /// Whether the rule holds.
    #[must_use]
    pub fn has(self, rule: Rule) -> bool {
        self.off & (1 << rule as u8) == 0
    }

    /// A version as an entry remembers it: with a clock the next version is above every other anyway.
    #[must_use]
    pub(crate) fn remembered(self, version: u8) -> u8 {
        if self.has(Rule::Clock) { 0 } else { version }
    }
}
