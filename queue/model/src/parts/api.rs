//! The API: accepts the job; takes requests to cancel it, and to retry it once it has ended.

use super::Steps;
use crate::scenario::Chance;
use crate::state::{Life, Message, Row, State};
use crate::step::Step;

pub(super) fn steps(now: &State, out: &mut Steps) {
    match now.row.life {
        Life::Unborn => {
            let row = Row { life: Life::Open, generation: 1, ..Row::default() };
            commit(&State { row, ..*now }, Step::ApiDies, Step::ApiPushes, out);
        }
        Life::Open => cancel(now, out),
        Life::Ended(_) => retry(now, out),
        Life::Pruned => {}
    }
}

/// What is committed is pushed, or whoever committed it dies first.
pub(super) fn commit(committed: &State, dies: Step, pushes: Step, out: &mut Steps) {
    out.add(dies, *committed);
    for epoch in committed.nameable(out.rules).iter() {
        let mut next = *committed;
        let push = crate::redis::Push { job: next.job(out.rules), epoch: *epoch };
        if next.net.push(Message::Push { push, aged: false }) {
            out.add(pushes, next);
        }
    }
}

fn cancel(now: &State, out: &mut Steps) {
    if now.is_locked() || now.row.cancel {
        return;
    }
    if let Some(mut next) = now.with(Chance::Cancel) {
        next.row.cancel = true;
        out.add(Step::CancelCommits, next);
    }
}

fn retry(now: &State, out: &mut Steps) {
    if let Some(next) = now.with(Chance::Retry) {
        let row = Row { life: Life::Open, generation: now.row.generation + 1, ..Row::default() };
        commit(&State { row, ..next }, Step::RetryCommits, Step::RetryPushes, out);
    }
}
