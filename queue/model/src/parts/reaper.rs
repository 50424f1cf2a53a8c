//! The reaper: leases that are over, jobs that waited for too long, tombstones whose last seconds are over.

use super::Steps;
use crate::redis::{Carried, End, Entry};
use crate::rules::Rule;
use crate::scenario::Chance;
use crate::state::{State, Worker};
use crate::step::Step;

pub(super) fn steps(now: &State, out: &mut Steps) {
    match now.redis.entry {
        Entry::Running { job, fetch, cancel } => {
            let holds = |worker: &Worker| matches!(worker, Worker::Running { fetch: f, .. } if *f == fetch);
            if !now.workers.iter().any(holds) {
                lose(*now, job, cancel, Step::LeaseRunsOut, out);
            } else if let Some(next) = now.with(Chance::Stall) {
                lose(next, job, cancel, Step::LeaseIsLost, out);
            }
        }
        Entry::Waiting { job, parking: 0 } => {
            if let Some(mut next) = now.with(Chance::Expiry)
                && next.redis.end(job, End::Expired, now.clock(), out.rules)
            {
                out.add(Step::JobExpires, next);
            }
        }
        Entry::Tombstone { leaving: true, .. } => {
            let mut next = *now;
            if !out.rules.has(Rule::Deadline) || !next.has_aged() {
                next.redis.entry = Entry::Unknown;
                out.add(Step::TombstoneExpires, next);
            }
        }
        Entry::Unknown | Entry::Waiting { .. } | Entry::Tombstone { .. } => {}
    }
}

fn lose(mut next: State, job: Carried, cancel: bool, step: Step, out: &mut Steps) {
    let clock = next.clock();
    let done = if cancel {
        next.redis.end(job, End::Cancelled, clock, out.rules)
    } else {
        next.redis.give_back(job, true, clock, out.rules)
    };
    if done {
        out.add(step, next);
    }
}
