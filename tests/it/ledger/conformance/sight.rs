//! What can be seen of the real ledger and the real queue, in the words of the model.

use super::world::World;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use gotong_model::{EntryView, LifeView, View};
use gotong_queue::{EntryView as RealEntry, EventKind};
use gotong_shared::{db::schema::jobs, ledger};

/// Row, entry, epochs and events.
#[derive(Debug, PartialEq, Eq)]
pub struct Sight {
    life: LifeView,
    generation: u8,
    pushed: bool,
    cancel: bool,
    ledger_epoch: Option<String>,
    redis_epoch: Option<String>,
    is_open: bool,
    entry: EntryView,
    events: Vec<Option<&'static str>>,
}

impl World {
    /// As it should look.
    pub fn expected(&self, view: &View) -> Sight {
        let name = |number: u8| (number != 0).then(|| self.epochs[&number].clone());
        Sight {
            life: view.life,
            generation: view.generation,
            pushed: view.pushed,
            cancel: view.cancel,
            ledger_epoch: name(view.ledger_epoch),
            redis_epoch: name(view.redis_epoch),
            is_open: view.is_open,
            entry: view.entry,
            events: view.events.clone(),
        }
    }

    /// As it looks.
    pub async fn sight(&self) -> Sight {
        let mut connection = self.pool.connection().await.unwrap();
        let row: Option<(String, i32, bool, bool, bool)> = jobs::table
            .find(self.job)
            .select((
                jobs::state,
                jobs::generation,
                jobs::pushed,
                jobs::cancel_requested_at.is_not_null(),
                jobs::finished_at.is_not_null(),
            ))
            .first(&mut connection)
            .await
            .optional()
            .unwrap();
        let absent = if self.is_accepted { LifeView::Gone } else { LifeView::Unborn };
        let (life, generation, pushed, cancel) = match row {
            None => (absent, 0, false, false),
            Some((state, generation, pushed, cancel, ended)) => {
                let life = if ended { LifeView::Ended(word(&state)) } else { LifeView::Open };
                (life, u8::try_from(generation).unwrap(), pushed, cancel)
            }
        };
        let named = ledger::epochs(&mut connection, &[self.queue.as_ref()]).await.unwrap().remove(self.queue.as_ref());
        let epoch = self.client.epoch(&self.queue).await.unwrap();
        let is_open = epoch.is_open();
        let events = self.client.read_events(&self.queue, 100).await.unwrap().events;
        let told = events.iter().filter(|event| event.kind != EventKind::StaleReport);
        Sight {
            life,
            generation,
            pushed,
            cancel,
            ledger_epoch: named.map(|(name, _)| name),
            redis_epoch: epoch.name,
            is_open,
            entry: entry(&self.client.entries(&self.queue, &[self.job]).await.unwrap()[0]),
            events: told.map(|event| end(event.kind)).collect(),
        }
    }
}

fn word(state: &str) -> &'static str {
    ["completed", "cancelled", "dead"].into_iter().find(|word| *word == state).expect("an end that the model knows")
}

fn end(kind: EventKind) -> Option<&'static str> {
    match kind {
        EventKind::Completed => Some("completed"),
        EventKind::Cancelled => Some("cancelled"),
        EventKind::Expired | EventKind::Dead => Some("dead"),
        EventKind::Quarantined => panic!("no job here loses that many leases"),
        EventKind::Retried | EventKind::Crashed | EventKind::Snoozed | EventKind::StaleReport => None,
    }
}

fn entry(real: &RealEntry) -> EntryView {
    let generation = u8::try_from(real.order().0).unwrap();
    match real {
        RealEntry::Unknown => EntryView::Unknown,
        RealEntry::Waiting { parked, .. } => EntryView::Waiting { generation, parked: parked.is_some() },
        RealEntry::Running { cancel_requested, .. } => EntryView::Running { generation, cancel: *cancel_requested },
        RealEntry::Tombstone { .. } => EntryView::Tombstone { generation },
    }
}
