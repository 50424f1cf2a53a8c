//! Recorders: commit the events, and then let Redis forget them.

use super::{Steps, distinct};
use crate::redis::{Event, Events, What};
use crate::rules::{Rule, Rules};
use crate::state::{Life, Recorder, Row, State};
use crate::step::Step;
use crate::violation::Violation;

pub(super) fn steps(now: &State, out: &mut Steps) {
    for (i, recorder) in distinct(&now.recorders) {
        let mut idle = *now;
        idle.recorders[i] = Recorder::Idle;
        if recorder != Recorder::Idle {
            out.add(Step::RecorderDies, idle);
        }
        match recorder {
            Recorder::Idle if now.redis.events.is_empty() => {}
            Recorder::Idle => {
                let batch = now.redis.events;
                idle.recorders[i] = Recorder::Read { epoch: now.redis.epoch, batch };
                if !out.rules.has(Rule::CommitFirst) {
                    idle.forget(&batch, out.rules);
                }
                out.add(Step::RecorderReads, idle);
            }
            Recorder::Read { epoch, batch } => commit(now, i, epoch, batch, out),
            Recorder::Committed { batch } => {
                idle.forget(&batch, out.rules);
                out.add(Step::RecorderForgets, idle);
            }
        }
    }
}

fn commit(now: &State, i: usize, epoch: u8, batch: Events, out: &mut Steps) {
    let mut next = *now;
    next.recorders[i] = Recorder::Idle;
    if out.rules.has(Rule::RecorderFence) && epoch != now.epoch {
        out.add(Step::RecorderIsFenced, next);
        return;
    }
    if now.is_locked() {
        return;
    }
    let wrong = next.apply(&batch, out.rules);
    if out.rules.has(Rule::CommitFirst) {
        next.recorders[i] = Recorder::Committed { batch };
    }
    out.add_judged(Step::RecorderCommits, next, wrong);
}

impl State {
    fn forget(&mut self, batch: &Events, rules: Rules) {
        if self.redis.forget(batch, rules) {
            self.age();
        }
    }

    /// The ledger's side of a batch: the greatest event of the job, where it is greater than the row.
    fn apply(&mut self, batch: &Events, rules: Rules) -> Option<Violation> {
        if matches!(self.row.life, Life::Unborn | Life::Pruned) {
            return None;
        }
        let before = self.row;
        if rules.has(Rule::Order) {
            let greatest = batch.iter().max_by_key(|event| (event.generation, event.version))?;
            let newer = (greatest.generation, greatest.version) > (before.generation, before.version);
            let is_final = matches!(before.life, Life::Ended(_)) && greatest.generation == before.generation;
            if newer && !is_final {
                self.row = after(before, *greatest);
            }
        } else {
            self.row = batch.iter().fold(before, |row, event| after(row, *event));
        }
        let dropped = |event: &Event| matches!(event.what, What::Ended(_)) && event.generation == before.generation;
        match (before.life, self.row.life) {
            (Life::Ended(was), Life::Ended(is)) if was != is => Some(Violation::FinalStateChanges),
            (Life::Ended(_), Life::Open) => Some(Violation::FinalStateChanges),
            (_, Life::Open) if !self.hurt && batch.iter().any(dropped) => Some(Violation::OutcomeDropped),
            _ => None,
        }
    }
}

fn after(row: Row, event: Event) -> Row {
    let life = match event.what {
        What::Back => Life::Open,
        What::Ended(end) => Life::Ended(end),
    };
    let Event { generation, version, attempt, .. } = event;
    Row { life, generation, version, attempt: attempt.max(row.attempt), ..row }
}
