//! What of a state can be seen from outside: what a real ledger and a real queue can be compared with.

use crate::redis::{Entry, Redis, What};
use crate::state::{Life, Message, Relay, State};

/// How far the row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifeView {
    /// Not accepted yet.
    Unborn,
    /// Accepted, and not ended.
    Open,
    /// Its end is recorded; in the words of the ledger: completed, cancelled, or dead (expired).
    Ended(&'static str),
    /// Deleted.
    Gone,
}

/// What Redis knows of the job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryView {
    /// Nothing.
    Unknown,
    /// It waits, perhaps held back.
    Waiting {
        /// Its generation.
        generation: u8,
        /// Whether an edit holds it back.
        parked: bool,
    },
    /// It runs.
    Running {
        /// Its generation.
        generation: u8,
        /// Whether it has been asked to stop.
        cancel: bool,
    },
    /// It has ended.
    Tombstone {
        /// The generation that is refused.
        generation: u8,
    },
}

/// What is on its way to Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageView {
    /// A push that names this epoch.
    Push {
        /// The epoch.
        epoch: u8,
    },
    /// A cancel that names this epoch.
    Cancel {
        /// The epoch.
        epoch: u8,
    },
    /// A park.
    Park,
    /// An unpark.
    Unpark,
}

/// Row, entry, epochs, events, and what is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The row.
    pub life: LifeView,
    /// The row's generation; 0 without a row.
    pub generation: u8,
    /// Whether the row is marked as pushed.
    pub pushed: bool,
    /// Whether the row is to be cancelled.
    pub cancel: bool,
    /// Name of the ledger's epoch; 0: none.
    pub ledger_epoch: u8,
    /// Name of Redis's epoch; 0: none.
    pub redis_epoch: u8,
    /// Whether it is open for the present run.
    pub is_open: bool,
    /// The entry.
    pub entry: EntryView,
    /// What the events that nobody has deleted tell: `None` of a job that waits again, else the word for its end.
    pub events: Vec<Option<&'static str>>,
    /// The messages under way.
    pub messages: Vec<MessageView>,
    /// The epoch that each relay with a row in hand will name.
    pub relays: Vec<Option<u8>>,
    /// The messages that will not arrive any more once the tombstone's last seconds are over.
    pub aged: Vec<usize>,
    /// The relays whose pushes will not either.
    pub aged_relays: Vec<usize>,
}

impl State {
    pub(crate) fn view(&self) -> View {
        let Redis { entry, epoch, open, .. } = self.redis;
        View {
            life: match self.row.life {
                Life::Unborn => LifeView::Unborn,
                Life::Open => LifeView::Open,
                Life::Ended(end) => LifeView::Ended(end.word()),
                Life::Pruned => LifeView::Gone,
            },
            generation: self.row.generation,
            pushed: self.row.pushed,
            cancel: self.row.cancel,
            ledger_epoch: self.epoch,
            redis_epoch: epoch,
            is_open: open && epoch != 0,
            entry: entry_view(entry),
            events: self.redis.events.iter().map(|event| end_of(event.what)).collect(),
            messages: self.net.iter().copied().map(message_view).collect(),
            relays: self.relays.iter().copied().map(epoch_of).collect(),
            aged: self.net.iter().enumerate().filter(|(_, message)| is_aged(**message)).map(|(at, _)| at).collect(),
            aged_relays: self
                .relays
                .iter()
                .enumerate()
                .filter(|(_, relay)| is_late(**relay))
                .map(|(at, _)| at)
                .collect(),
        }
    }
}

fn entry_view(entry: Entry) -> EntryView {
    match entry {
        Entry::Unknown => EntryView::Unknown,
        Entry::Waiting { job, parking } => EntryView::Waiting { generation: job.generation, parked: parking != 0 },
        Entry::Running { job, cancel, .. } => EntryView::Running { generation: job.generation, cancel },
        Entry::Tombstone { generation, .. } => EntryView::Tombstone { generation },
    }
}

fn end_of(what: What) -> Option<&'static str> {
    match what {
        What::Back => None,
        What::Ended(end) => Some(end.word()),
    }
}

fn message_view(message: Message) -> MessageView {
    match message {
        Message::Push { push, .. } => MessageView::Push { epoch: push.epoch },
        Message::Cancel { epoch, .. } => MessageView::Cancel { epoch },
        Message::Park { .. } => MessageView::Park,
        Message::Unpark { .. } => MessageView::Unpark,
    }
}

fn is_aged(message: Message) -> bool {
    matches!(message, Message::Push { aged: true, .. } | Message::Cancel { aged: true, .. })
}

fn is_late(relay: Relay) -> bool {
    matches!(relay, Relay::Read { aged: true, .. })
}

fn epoch_of(relay: Relay) -> Option<u8> {
    match relay {
        Relay::Read { push, .. } => Some(push.epoch),
        Relay::Idle | Relay::Pushed { .. } => None,
    }
}
