//! A worker by hand: for tests that need every step for themselves, and for programs with a runtime of their own.

use std::time::Duration;

use crate::ack::Ack;
use crate::backend::Subscription;
use crate::client::Client;
use crate::error::Result;
use crate::link::Link;
use crate::outcome::Outcome;
use crate::run::Job;
use crate::station::{Ask, Fetched, Renewed, Reported, Station};

/// Fetches, renews and reports when told to, and at no other time. [`crate::Backend`] does all of it by itself.
pub struct ManualWorker {
    station: Station,
    link: Link,
}

impl ManualWorker {
    /// A worker with a connection of its own; concurrency and drain time of the subscription mean nothing here.
    #[must_use]
    pub fn new(client: Client, subscription: &Subscription) -> Self {
        let link = client.own_link(Duration::ZERO);
        Self { station: Station::new(client, subscription), link }
    }

    /// Takes at most `most` (capped at 1,000) jobs under a lease. A job whose bytes mean nothing is ended as dead on the
    /// way. Empty also when fetching is not allowed now.
    ///
    /// # Errors
    /// As any command. With [`crate::Error::UnknownResult`] jobs may have been taken: their leases expire.
    pub async fn fetch(&self, most: usize) -> Result<Vec<Job>> {
        let ask = Ask { most: most.clamp(1, 1_000), upward: false };
        loop {
            match self.station.fetch(&self.link, ask, &mut None).await? {
                Fetched::Jobs(jobs, unreadable, _) => {
                    let acks: Vec<Ack> =
                        unreadable.into_iter().map(|handle| Ack::undecodable(handle, &self.station)).collect();
                    if !acks.is_empty() {
                        self.station.report(&self.link, &acks).await?;
                    }
                    return Ok(jobs);
                }
                Fetched::More => {}
                Fetched::Nothing(_) | Fetched::Paused | Fetched::Closed | Fetched::Lagging | Fetched::Late => {
                    return Ok(Vec::new());
                }
            }
        }
    }

    /// Reports how a run ended.
    ///
    /// # Errors
    /// As any command. Reporting again after an unknown result is harmless: if the first arrived, the second is stale.
    pub async fn report(&self, job: &Job, outcome: Outcome) -> Result<Reported> {
        let ack = Ack::of(job.handle.clone(), &self.station, outcome);
        Ok(self.station.report(&self.link, &[ack]).await?.remove(0))
    }

    /// Gives a job back as if it had not been fetched: at the head of its list, no attempt spent.
    ///
    /// # Errors
    /// As any command.
    pub async fn hand_back(&self, job: &Job) -> Result<Reported> {
        let ack = Ack::hand_back(job.handle.clone(), &self.station);
        Ok(self.station.report(&self.link, &[ack]).await?.remove(0))
    }

    /// Prolongs the lease of a run and sends its progress.
    ///
    /// # Errors
    /// As any command.
    pub async fn renew(&self, job: &Job) -> Result<Renewed> {
        let changed = job.handle.take_changed();
        Ok(self.station.renew(&self.link, &[(job.handle.clone(), changed)]).await?.remove(0))
    }
}
