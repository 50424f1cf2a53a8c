//! Doctors: settle the epoch; compare row and entry, and repair what a loss, a rollback or a death left behind.

use super::{Steps, distinct};
use crate::redis::{Entry, Redis};
use crate::rules::Rule;
use crate::state::{Doctor, Life, Look, Message, State};
use crate::step::Step;

pub(super) fn steps(now: &State, out: &mut Steps) {
    for (i, doctor) in distinct(&now.doctors) {
        let with = |doctor| {
            let mut next = *now;
            next.doctors[i] = doctor;
            next
        };
        if doctor != Doctor::default() {
            out.add(Step::DoctorDies, with(Doctor::default()));
        }
        match doctor {
            Doctor::Round { look } => {
                if look == Look::Nothing && (out.scenario.doctors > 1 || !now.epoch_is_settled()) {
                    see(now, i, out);
                }
                compare(now, look, Look::Nothing, &|look| with(Doctor::Round { look }), out);
            }
            Doctor::Saw { before, open, same_run } => {
                announce(&with(Doctor::default()), i, before, open, same_run, out);
            }
            Doctor::Announced { name, before, same_run } => set(now, i, name, before, same_run, out),
            Doctor::Comparing { name, same_run, look: Look::Finished } => {
                open(with(Doctor::default()), name, same_run, out);
            }
            Doctor::Comparing { name, same_run, look } => {
                let compared = |look| with(Doctor::Comparing { name, same_run, look });
                compare(now, look, Look::Finished, &compared, out);
            }
        }
    }
}

impl State {
    fn epoch_is_settled(&self) -> bool {
        self.epoch != 0 && self.redis.epoch == self.epoch && self.redis.open
    }
}

/// Where it finds no epoch it sets one that is closed and that no push can name. So when it later swaps that for the one
/// it announced, nothing has been lost in between.
fn see(now: &State, i: usize, out: &mut Steps) {
    let mut next = *now;
    let mut step = Step::DoctorSeesEpoch;
    if now.redis.epoch == 0 && out.rules.has(Rule::MarkEmpty) {
        (next.redis.epoch, next.redis.is_mark) = (now.fresh_epoch(), true);
        step = Step::DoctorMarksEmpty;
    }
    let Redis { epoch: before, open, .. } = next.redis;
    next.doctors[i] = Doctor::Saw { before, open, same_run: true };
    out.add(step, next);
}

fn announce(idle: &State, i: usize, before: u8, open: bool, same_run: bool, out: &mut Steps) {
    let mut next = *idle;
    if before != 0 && before == idle.epoch && open {
        out.add(Step::DoctorIsFinished, next);
        return;
    }
    let name = idle.fresh_epoch();
    if out.rules.has(Rule::LedgerFirst) {
        next.epoch = name;
    }
    next.doctors[i] = Doctor::Announced { name, before, same_run };
    out.add(Step::DoctorAnnounces, next);
}

/// Before it is opened, what is there is compared.
fn set(now: &State, i: usize, name: u8, before: u8, same_run: bool, out: &mut Steps) {
    let mut next = *now;
    next.doctors[i] = Doctor::default();
    if now.redis.epoch == before || !out.rules.has(Rule::EpochSwap) {
        (next.redis.epoch, next.redis.is_mark) = (name, false);
        next.redis.open = before == 0 && same_run;
        if before != 0 {
            next.doctors[i] = Doctor::Comparing { name, same_run, look: Look::Nothing };
        } else if !out.rules.has(Rule::LedgerFirst) {
            next.epoch = name;
        }
    }
    out.add(Step::DoctorSetsEpoch, next);
}

fn open(mut next: State, name: u8, same_run: bool, out: &mut Steps) {
    if next.redis.epoch == name {
        next.redis.open = same_run || !out.rules.has(Rule::ComparedRun);
    }
    if !out.rules.has(Rule::LedgerFirst) {
        next.epoch = name;
    }
    out.add(Step::DoctorOpens, next);
}

/// The row first, Redis second, then what the two call for; `done` is where that ends.
fn compare(now: &State, look: Look, done: Look, with: &dyn Fn(Look) -> State, out: &mut Steps) {
    match look {
        Look::Nothing if now.row.life == Life::Unborn => {
            if done != Look::Nothing {
                out.add(Step::DoctorIsFinished, with(done));
            }
        }
        Look::Nothing => {
            let row = &now.row;
            let expected = (row.is_open() && row.pushed).then_some(row.version);
            let seen = Look::Row { below: row.alive_from(), generation: row.generation, expected };
            out.add(Step::DoctorReadsRow, with(seen));
        }
        Look::Row { below, generation, expected } => {
            let verdict = verdict(now.redis.entry, below, generation, expected, out);
            out.add(Step::DoctorReadsRedis, with(verdict.unwrap_or(done)));
        }
        Look::Purge { below } => {
            let mut next = with(done);
            if next.redis.purge(below) {
                next.age();
            }
            out.add(Step::DoctorPurges, next);
        }
        Look::Unpark { generation, parking } => unpark(now, generation, parking, with(done), out),
        Look::Refill { generation, version } => {
            let row = &now.row;
            let mut next = with(done);
            if now.is_locked() {
                return;
            }
            if row.is_open() && row.generation == generation && row.version == version {
                next.row.pushed = false;
            }
            out.add(Step::DoctorRefills, next);
        }
        Look::Finished => {}
    }
}

fn verdict(entry: Entry, below: u8, generation: u8, expected: Option<u8>, out: &Steps) -> Option<Look> {
    if entry.is_alive() && entry.generation() < below && out.rules.has(Rule::Purge) {
        return Some(Look::Purge { below });
    }
    if let Entry::Waiting { parking: parking @ 1.., job } = entry {
        return Some(Look::Unpark { generation: job.generation, parking });
    }
    let version = expected.filter(|_| entry.generation() < generation && out.rules.has(Rule::Refill))?;
    Some(Look::Refill { generation, version })
}

/// While the doctor holds the row's lock no edit is between its park and its commit; it does not wait for the lock.
fn unpark(now: &State, generation: u8, parking: u8, mut next: State, out: &mut Steps) {
    let row = &now.row;
    let is_it = row.generation == generation && row.life != Life::Pruned;
    let open = row.is_open() || !out.rules.has(Rule::UnparkOpen);
    let locked = now.is_locked() && out.rules.has(Rule::UnparkUnderLock);
    if locked || !is_it || !open {
        out.add(Step::DoctorIsFinished, next);
        return;
    }
    if out.may_send(now) {
        let mut sent = next;
        sent.net.push(Message::Unpark { parking });
        out.add(Step::UnparkIsLate, sent);
    }
    next.redis.unpark(parking, out.rules);
    out.add(Step::DoctorUnparks, next);
}
