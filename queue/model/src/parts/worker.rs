//! Workers: fetch the job, run its handler, report.

use super::{Steps, distinct};
use crate::redis::{Carried, End, Entry};
use crate::rules::Rule;
use crate::scenario::Chance;
use crate::state::{Life, State, Worker};
use crate::step::Step;
use crate::violation::Violation;

pub(super) fn steps(now: &State, out: &mut Steps) {
    fetch(now, out);
    for (i, worker) in distinct(&now.workers) {
        let Worker::Running { fetch, attempt } = worker else { continue };
        let mut idle = *now;
        idle.workers[i] = Worker::Idle;
        if let Some(next) = idle.with(Chance::Death) {
            out.add(Step::WorkerDies, next);
        }
        match now.redis.entry {
            Entry::Running { job, fetch: held, cancel }
                if if out.rules.has(Rule::Token) { fetch == held } else { attempt == job.attempt } =>
            {
                let wrong = (fetch != held).then_some(Violation::ForeignReport);
                report(&idle, job, cancel, wrong, out);
            }
            _ => out.add(Step::ReportIsStale, idle),
        }
    }
}

fn fetch(now: &State, out: &mut Steps) {
    let mut next = *now;
    let fetch = now.fresh_fetch();
    if !next.redis.fetch(fetch, out.rules) {
        return;
    }
    let Entry::Running { job, .. } = next.redis.entry else { return };
    if let Some(lost) = next.with(Chance::LostFetch) {
        out.add(Step::FetchIsLost, lost);
    }
    if let Some(worker) = next.workers.iter_mut().find(|worker| **worker == Worker::Idle) {
        *worker = Worker::Running { fetch, attempt: job.attempt };
        let wrong = wrong_start(now, job.generation);
        next.starts_left = next.starts_left.saturating_sub(1);
        out.add_judged(Step::WorkerFetches, next, wrong);
    }
}

fn wrong_start(now: &State, generation: u8) -> Option<Violation> {
    let row = &now.row;
    match row.life {
        Life::Pruned => Some(Violation::StartAfterEnd),
        Life::Ended(_) if generation == row.generation => Some(Violation::StartAfterEnd),
        _ if generation < row.generation => Some(Violation::StartOfOldGeneration),
        _ => (now.starts_left == 0).then_some(Violation::UnaccountedStart),
    }
}

/// Every report that a handler may come to. A request to cancel turns whatever would run again into an end.
fn report(idle: &State, job: Carried, cancel: bool, wrong: Option<Violation>, out: &mut Steps) {
    let (clock, rules) = (idle.clock(), out.rules);
    let mut end = |from: &State, step, end| {
        let mut next = *from;
        if next.redis.end(job, end, clock, rules) {
            out.add_judged(step, next, wrong);
        }
    };
    end(idle, Step::HandlerCompletes, End::Completed);
    if cancel {
        end(idle, Step::HandlerObeysCancel, End::Cancelled);
        return;
    }
    if let Some(mut next) = idle.with(Chance::Fail)
        && next.redis.give_back(job, true, clock, rules)
    {
        out.add_judged(Step::HandlerFails, next, wrong);
    }
    if let Some(mut next) = idle.with(Chance::HandBack)
        && next.redis.give_back(job, false, clock, rules)
    {
        out.add_judged(Step::WorkerHandsBack, next, wrong);
    }
}
