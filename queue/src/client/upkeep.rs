//! Repairs: expired leases, jobs that a ledger says are over, leases without jobs.

use uuid::Uuid;

use crate::client::{CHUNK, Client};
use crate::error::Result;
use crate::link::Link;
use crate::name::QueueName;
use crate::{reply, script};

/// What one pass of [`Client::reap`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reaped {
    /// Jobs that wait again after their lease expired.
    pub returned: u64,
    /// Jobs that have lost too many leases.
    pub quarantined: u64,
    /// Jobs whose lease expired after they had been asked to stop.
    pub cancelled: u64,
    /// Waiting jobs that were past their `expires_at`.
    pub expired: u64,
    /// Delayed jobs that became ready.
    pub promoted: u64,
    /// Tombstones whose time was over.
    pub released: u64,
    /// Leases that had no job.
    pub orphans: u64,
    /// Whether the limit stopped the pass, so that another finds more.
    pub more: bool,
}

/// What one pass of [`Client::heal`] removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Healed {
    /// Leases and running states without a job.
    pub leases: u64,
    /// Unique keys without a live owner.
    pub locks: u64,
    /// Running states without a lease, which got one so that the reaper finds them.
    pub adopted: u64,
    /// Waiting jobs that stood in no list, so that no worker could find them; they were put back.
    pub stranded: u64,
}

/// A walk over everything that [`Client::heal_step`] looks at.
#[derive(Clone, Debug)]
pub struct HealWalk {
    cursors: [Vec<u8>; 5],
}

impl Default for HealWalk {
    fn default() -> Self {
        Self { cursors: std::array::from_fn(|_| b"0".to_vec()) }
    }
}

impl HealWalk {
    /// Whether everything has been looked at.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.cursors.iter().all(|cursor| cursor == b"-")
    }
}

/// What one step of a [`HealWalk`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealStep {
    /// How many of each.
    pub counts: Healed,
    /// Some of the jobs whose leases or running states these were; with the others, at most 10.
    pub jobs: Vec<Uuid>,
    /// Some of the waiting jobs that stood in no list.
    pub stranded: Vec<Uuid>,
    /// Some of the unique keys.
    pub keys: Vec<String>,
}

impl Client {
    /// Returns expired leases, promotes due jobs, ends expired ones, releases tombstones: at most `limit` (capped at
    /// 1,000) of each.
    ///
    /// For the length of a lease after the server has started, leases are left alone, so that workers which waited for
    /// it can renew them or report.
    ///
    /// # Errors
    /// As any command.
    pub async fn reap(&self, queue: &QueueName, limit: usize) -> Result<Reaped> {
        self.reap_on(self.link(), queue, limit, true).await
    }

    /// Unless `all`, only expired leases are looked for.
    pub(crate) async fn reap_on(&self, link: &Link, queue: &QueueName, limit: usize, all: bool) -> Result<Reaped> {
        let config = self.config();
        let live = link.live().await?;
        let settled = live.server.started.is_none_or(|at| at.elapsed() >= config.lease);
        let mut call = self.call(&script::REAP, queue);
        self.terms_of_end(&mut call);
        call.number(limit.clamp(1, CHUNK) as u64).number(config.max_crashes);
        call.arg(if settled { "1" } else { "0" }).millis(config.lease);
        call.arg(if all { "1" } else { "0" });
        let mut parts = reply::Parts::of(link.run_on(&live, &call).await?)?;
        Ok(Reaped {
            returned: parts.number()?,
            quarantined: parts.number()?,
            cancelled: parts.number()?,
            expired: parts.number()?,
            promoted: parts.number()?,
            released: parts.number()?,
            orphans: parts.number()?,
            more: parts.number()? == 1,
        })
    }

    /// Replaces an entry that is alive and below this generation by a tombstone that goes after
    /// [`crate::Config::tombstone_hold`]; `false` if there is none.
    ///
    /// # Errors
    /// As any command.
    pub async fn purge(&self, queue: &QueueName, id: Uuid, below_generation: u32) -> Result<bool> {
        let mut call = self.call(&script::PURGE, queue);
        call.millis(self.stay()).arg(id.as_bytes()).number(below_generation);
        Ok(reply::number(&self.run(&call).await?)? == 1)
    }

    /// Removes leases without jobs and locks without owners, and puts back waiting jobs that no list holds: a step of a walk
    /// that remembers where it stood, about `limit` (capped at 1,000; of jobs 200) of each examined a step.
    ///
    /// # Errors
    /// As any command.
    pub async fn heal(&self, queue: &QueueName, limit: usize) -> Result<Healed> {
        let mut call = self.call(&script::HEAL, queue);
        call.millis(self.config().lease).number(limit.clamp(1, CHUNK) as u64).arg("0");
        let mut parts = reply::Parts::of(self.run(&call).await?)?;
        healed(&mut parts)
    }

    /// One step of a walk of one's own over the same, which changes nothing if it only `looks`; about `limit` (capped at
    /// 1,000) of each examined.
    ///
    /// # Errors
    /// As any command.
    pub async fn heal_step(
        &self,
        queue: &QueueName,
        walk: &mut HealWalk,
        limit: usize,
        looks: bool,
    ) -> Result<HealStep> {
        let mut call = self.call(&script::HEAL, queue);
        call.millis(self.config().lease).number(limit.clamp(1, CHUNK) as u64).arg(if looks { "1" } else { "0" });
        for cursor in &walk.cursors {
            call.arg(cursor);
        }
        let mut parts = reply::Parts::of(self.run(&call).await?)?;
        let mut step = HealStep { counts: healed(&mut parts)?, ..HealStep::default() };
        for cursor in &mut walk.cursors {
            *cursor = parts.bytes()?;
        }
        while let Some(found) = parts.next_bytes()? {
            match found.split_first() {
                Some((b's', id)) => step.stranded.extend(Uuid::from_slice(id)),
                Some((b'k', key)) => step.keys.push(String::from_utf8_lossy(key).into_owned()),
                Some((_, id)) => step.jobs.extend(Uuid::from_slice(id)),
                None => {}
            }
        }
        Ok(step)
    }
}

fn healed(parts: &mut reply::Parts) -> Result<Healed> {
    Ok(Healed { leases: parts.number()?, locks: parts.number()?, adopted: parts.number()?, stranded: parts.number()? })
}
