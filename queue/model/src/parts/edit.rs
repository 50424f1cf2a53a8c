//! Edits of a waiting job: lock the row and park the entry, commit payload and generation, push.

use super::{Steps, api};
use crate::redis::Entry;
use crate::rules::Rule;
use crate::scenario::Chance;
use crate::state::{Edit, Message, Row, State};
use crate::step::Step;
use crate::violation::Violation;

pub(super) fn steps(now: &State, out: &mut Steps) {
    match now.edit {
        Edit::Idle if now.row.is_open() => {
            if let Some(next) = now.with(Chance::Edit) {
                begin(&next, out);
            }
        }
        Edit::Idle => {}
        Edit::Parked { epoch } => {
            let unlocked = State { edit: Edit::Idle, ..*now };
            out.add(Step::EditDies, unlocked);
            if out.rules.has(Rule::EditFence) && epoch != now.epoch {
                out.add(Step::EditIsFenced, unlocked);
            } else {
                finish(&unlocked, out);
            }
        }
    }
}

/// The lock and the park are one step here: nothing that the lock forbids in between could matter before the park. A
/// refused edit changes nothing, and so is no step.
fn begin(now: &State, out: &mut Steps) {
    let mut next = *now;
    if !out.rules.has(Rule::Park) {
        next.edit = Edit::Parked { epoch: now.epoch };
        out.add(Step::EditSkipsPark, next);
        return;
    }
    let (job, parking) = (now.job(out.rules), now.fresh_parking());
    if next.redis.park(job, parking, out.rules) {
        next.edit = Edit::Parked { epoch: now.redis.epoch };
        out.add(Step::EditParks, next);
    }
    if out.may_send(now) {
        let mut sent = *now;
        sent.net.push(Message::Park { job, parking });
        out.add(Step::ParkIsLate, sent);
    }
}

fn finish(unlocked: &State, out: &mut Steps) {
    let row = Row { generation: unlocked.row.generation + 1, version: 0, pushed: false, ..unlocked.row };
    let committed = State { row, ..*unlocked };
    if matches!(committed.redis.entry, Entry::Running { .. }) && !committed.hurt {
        out.add_judged(Step::EditCommits, committed, Some(Violation::EditDuringRun));
        return;
    }
    api::commit(&committed, Step::EditCommits, Step::EditPushes, out);
}
