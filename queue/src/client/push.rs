//! Pushing jobs.

use uuid::Uuid;

use std::collections::HashSet;

use crate::client::{CHUNK, Client};
use crate::error::{Error, Result};
use crate::job::{NewJob, OnConflict};
use crate::keys::Keys;
use crate::link::Call;
use crate::name::{Micros, QueueName};
use crate::{record, reply, script};

/// Under what a push or a cancel is valid, from the moment its row was read. Only with a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushTerms {
    /// The epoch that the ledger had then.
    pub epoch: String,
    /// By when, in Redis time, the command must have arrived.
    pub deadline: Micros,
}

/// What became of one pushed job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It waits now.
    Accepted,
    /// Redis knows the same or a greater generation; nothing changed.
    Known,
    /// The epoch is another, or the deadline has passed; nothing changed.
    Stale,
    /// The queue is at its length or byte limit; nothing changed.
    Full,
    /// The unique key is held by this live job ([`crate::OnConflict::Reject`]); nothing changed.
    Rejected(Uuid),
    /// The unique key is held by this live job ([`crate::OnConflict::KeepExisting`]); nothing changed.
    Kept(Uuid),
}

impl Client {
    /// Pushes jobs, 1,000 a script call, each call sent once. The answers are in the order of the jobs.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] if any job breaks a limit (then none is sent); otherwise as the first chunk that fails:
    /// earlier chunks have then been carried out, later ones have not been sent.
    pub async fn push(&self, queue: &QueueName, jobs: &[NewJob], under: Option<&PushTerms>) -> Result<Vec<Pushed>> {
        let config = self.config();
        if config.ledger && under.is_none() {
            return Err(Error::invalid("terms", "with a ledger, a push names its epoch and deadline"));
        }
        for job in jobs {
            job.validate(config)?;
        }
        let keys = self.keys(queue);
        let mut answers = Vec::with_capacity(jobs.len());
        for chunk in chunks(jobs) {
            if let [job] = chunk
                && let Some(answer) = self.push_one(&keys, job, under).await?
            {
                answers.push(answer);
                continue;
            }
            let answer = self.run(&self.push_call(&keys, chunk, under)).await?;
            read_answers(answer, chunk, &mut answers)?;
        }
        Ok(answers)
    }

    /// The short way for one job that is to be ready at once and holds nothing beside its entry; `None`, and nothing has
    /// changed, if there is more to it.
    async fn push_one(&self, keys: &Keys, job: &NewJob, under: Option<&PushTerms>) -> Result<Option<Pushed>> {
        if job.run_at.is_some() || job.expires_at.is_some() || job.unique.is_some() {
            return Ok(None);
        }
        let mut call = Call::new(&script::PUSH_ONE, &keys.for_one(job.priority), 6, job.payload.len() + 160);
        self.terms_of_push(&mut call, under);
        call.arg(job.id.as_bytes()).arg(record::pack_head(job));
        match reply::bytes(self.run(&call).await?)?.as_slice() {
            b"A" => Ok(Some(Pushed::Accepted)),
            b"S" => Ok(Some(Pushed::Stale)),
            b"P" => Ok(None),
            _ => Err(Error::Corrupt("an unknown answer to a push")),
        }
    }

    fn terms_of_push(&self, call: &mut Call, under: Option<&PushTerms>) {
        call.arg(under.map_or("", |u| u.epoch.as_str()));
        call.number(under.map_or(0, |u| u.deadline.0));
        call.number(self.config().queue_length).number(self.config().queue_bytes);
    }

    fn push_call(&self, keys: &Keys, jobs: &[NewJob], under: Option<&PushTerms>) -> Call {
        let bytes = jobs.iter().map(|j| j.payload.len() + 160).sum();
        let mut call = Call::new(&script::PUSH, keys.all(), 4 + 3 * jobs.len(), bytes);
        self.terms_of_push(&mut call, under);
        for job in jobs {
            call.arg(job.id.as_bytes());
            call.number(job.run_at.map_or(0, |t| t.0));
            call.arg(record::pack_head(job));
        }
        call
    }
}

/// Runs of jobs with different ids, since a script reads all entries before it writes any.
fn chunks(jobs: &[NewJob]) -> impl Iterator<Item = &[NewJob]> {
    let mut rest = jobs;
    std::iter::from_fn(move || {
        let mut seen = HashSet::with_capacity(rest.len().min(CHUNK));
        let len = rest.iter().take(CHUNK).take_while(|job| seen.insert(job.id)).count();
        let (chunk, after) = rest.split_at(len);
        rest = after;
        (!chunk.is_empty()).then_some(chunk)
    })
}

fn read_answers(answer: redis::Value, jobs: &[NewJob], into: &mut Vec<Pushed>) -> Result<()> {
    let mut parts = reply::Parts::of(answer)?;
    let letters = parts.bytes()?;
    if letters == b"S" {
        into.extend(jobs.iter().map(|_| Pushed::Stale));
        return Ok(());
    }
    if letters.len() != jobs.len() {
        return Err(Error::Corrupt("a push was answered for another number of jobs"));
    }
    for (letter, job) in letters.into_iter().zip(jobs) {
        into.push(match letter {
            b'A' => Pushed::Accepted,
            b'K' => Pushed::Known,
            b'F' => Pushed::Full,
            b'U' => {
                let owner = Uuid::from_slice(&parts.bytes()?).map_err(|_| Error::Corrupt("an owner that is no id"))?;
                match job.unique.as_ref().map(|u| u.on_conflict) {
                    Some(OnConflict::KeepExisting) => Pushed::Kept(owner),
                    _ => Pushed::Rejected(owner),
                }
            }
            _ => return Err(Error::Corrupt("an unknown answer to a push")),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_ends_at_its_size_and_before_a_repeated_id() {
        let job = |n| NewJob::new(Uuid::from_u128(n), "k", "");
        let jobs: Vec<_> = (0..2_500).map(job).chain([job(2_499), job(1)]).collect();
        let lens: Vec<_> = chunks(&jobs).map(<[_]>::len).collect();
        assert_eq!(lens, [1_000, 1_000, 500, 2]);
    }
}
