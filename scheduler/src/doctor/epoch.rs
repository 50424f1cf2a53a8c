//! Epochs: under which name, and for which run of the server, ledger and Redis agree.

use super::{Doctor, Finding, Report};
use crate::runner::PassError;
use gotong_queue::EpochView;
use gotong_shared::{ledger, queue_settings};
use uuid::Uuid;

/// What is wrong with an epoch, and what was seen of it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What the ledger named before Redis was asked.
    pub named: Option<String>,
    /// What stood in Redis, or the mark that was put into an empty one.
    pub before: String,
    /// The run of the server that answered.
    pub run_id: String,
}

/// A new epoch that the ledger names and Redis does not have yet.
#[derive(Clone, Debug)]
pub struct Announced {
    /// Its name.
    pub name: String,
    /// What it comes in place of.
    pub before: String,
    /// The run of the server for which it may be opened.
    pub run_id: String,
}

impl Doctor {
    /// Sees to it that ledger and Redis agree on the epoch, and that it is open for this run of the server. Answers
    /// whether that is so now; if not, somebody else is at it.
    ///
    /// # Errors
    /// When PostgreSQL or Redis does not answer.
    pub async fn settle_epoch(&self, report: &mut Report) -> Result<bool, PassError> {
        let (named, view) = self.read_epoch().await?;
        let Some(wrong) = wrong(named.as_deref(), &view) else { return Ok(true) };
        if !self.mends() {
            report.note(self.queue.as_ref(), Finding::Epoch, wrong, false);
            return Ok(false);
        }
        let Some(seen) = self.mark_epoch(named, view).await? else { return Ok(false) };
        let Some(announced) = self.announce_epoch(seen).await? else { return Ok(false) };
        if !self.set_epoch(&announced).await? {
            return Ok(false);
        }
        let taken = self.compare_everything(report).await?;
        self.restore_pause().await?;
        let opened = self.open_epoch(&announced).await?;
        report.note(self.queue.as_ref(), Finding::Epoch, wrong, opened);
        let (queue, epoch) = (&self.queue, announced.name);
        tracing::warn!(%queue, wrong, epoch, taken, "Redis is new, came back or failed over: compared, and opened");
        Ok(opened)
    }

    /// A Redis that has forgotten that its queue is paused is told before anybody can fetch.
    async fn restore_pause(&self) -> Result<(), PassError> {
        let settings = {
            let mut connection = self.resources.database.connection().await?;
            queue_settings::of(&mut connection, self.queue.as_ref()).await?
        };
        if settings.is_paused() {
            self.resources.client.pause(&self.queue).await?;
        }
        Ok(())
    }

    /// The ledger is read first: of two doctors in step one then loses its compare-and-set, instead of both winning in
    /// turn.
    async fn read_epoch(&self) -> Result<(Option<String>, EpochView), PassError> {
        let mut connection = self.resources.database.connection().await?;
        let queue = self.queue.as_ref();
        let named = ledger::epochs(&mut connection, &[queue]).await?.remove(queue);
        drop(connection);
        Ok((named.map(|(name, _)| name), self.resources.client.epoch(&self.queue).await?))
    }

    /// A missing key first gets a closed mark that the ledger never names: a doctor that stalls with an epoch to open can
    /// then not open it in a Redis that has lost its memory meanwhile.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn mark_epoch(&self, named: Option<String>, view: EpochView) -> Result<Option<Seen>, PassError> {
        let EpochView { name, run_id, .. } = view;
        if let Some(before) = name {
            return Ok(Some(Seen { named, before, run_id }));
        }
        let before = format!("lost-{}", Uuid::new_v4());
        let marked = self.resources.client.set_epoch(&self.queue, &before, None, None).await?;
        Ok(marked.then_some(Seen { named, before, run_id }))
    }

    /// Commits a new epoch. From now on nothing commits that was learnt from Redis under the old one.
    ///
    /// # Errors
    /// When PostgreSQL does not answer.
    pub async fn announce_epoch(&self, seen: Seen) -> Result<Option<Announced>, PassError> {
        let Seen { named, before, run_id } = seen;
        let name = Uuid::new_v4().to_string();
        let mut connection = self.resources.database.connection().await?;
        let queue = self.queue.as_ref();
        let first = ledger::announce_epoch(&mut connection, queue, named.as_deref(), &name, &run_id).await?;
        Ok(first.then_some(Announced { name, before, run_id }))
    }

    /// Puts it, closed, in place of the one that was seen; `false` if another stands there by now.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn set_epoch(&self, announced: &Announced) -> Result<bool, PassError> {
        let Announced { name, before, .. } = announced;
        Ok(self.resources.client.set_epoch(&self.queue, name, None, Some(before)).await?)
    }

    /// Opens it for the run that was compared, if it still stands.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn open_epoch(&self, announced: &Announced) -> Result<bool, PassError> {
        Ok(self.resources.client.open_epoch(&self.queue, &announced.name, &announced.run_id).await?)
    }
}

/// What is wrong with the epoch, if anything is.
fn wrong(named: Option<&str>, view: &EpochView) -> Option<&'static str> {
    match view.name.as_deref() {
        None => Some("Redis has none: it is new, or has lost everything"),
        held if held != named => Some("Redis has another than the ledger: it came back with old data"),
        _ if !view.is_open() => Some("it is not open for this run of Redis: it restarted or failed over"),
        _ => None,
    }
}
