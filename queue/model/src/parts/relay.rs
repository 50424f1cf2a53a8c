//! The relay: pushes what is not marked as pushed, delivers cancels. It holds no lock, so it also reads rows that an
//! edit is at.

use super::{Steps, distinct};
use crate::redis::Push;
use crate::state::{Message, Relay, State};
use crate::step::Step;

pub(super) fn steps(now: &State, out: &mut Steps) {
    send_cancel(now, out);
    for (i, relay) in distinct(&now.relays) {
        let with = |relay| {
            let mut next = *now;
            next.relays[i] = relay;
            next
        };
        match relay {
            Relay::Idle => {
                if now.row.is_open() && !now.row.pushed && !now.row.cancel {
                    for epoch in now.nameable(out.rules).iter() {
                        let push = Push { job: now.job(out.rules), epoch: *epoch };
                        out.add(Step::RelayReads, with(Relay::Read { push, aged: false }));
                    }
                }
            }
            Relay::Read { push, aged } => {
                let mut next = with(Relay::Idle);
                out.add(Step::RelayDies, next);
                if out.may_send(now) {
                    next.net.push(Message::Push { push, aged });
                    out.add(Step::RelayLosesTrack, next);
                }
                push_and_learn(now, i, push, out);
            }
            Relay::Pushed { generation } => {
                let mut next = with(Relay::Idle);
                out.add(Step::RelayDies, next);
                if !now.is_locked() {
                    next.row.pushed |= next.row.generation == generation;
                    out.add(Step::RelayMarks, next);
                }
            }
        }
    }
}

fn push_and_learn(now: &State, i: usize, push: Push, out: &mut Steps) {
    let mut next = *now;
    let push = Push { epoch: now.named(push.epoch), ..push };
    if now.redis.refuses(push.epoch, out.rules) {
        next.relays[i] = Relay::Idle;
        out.add(Step::RelayIsRefused, next);
    } else {
        next.redis.push(push, out.rules);
        next.relays[i] = Relay::Pushed { generation: push.job.generation };
        out.add(Step::RelayPushes, next);
    }
}

/// A cancel needs no answer: it is sent again until the row is final.
fn send_cancel(now: &State, out: &mut Steps) {
    if !(now.row.is_open() && now.row.cancel && out.may_send(now)) {
        return;
    }
    for epoch in now.nameable(out.rules).iter() {
        let (generation, last) = (now.row.generation, out.rules.remembered(now.row.version));
        let cancel = Message::Cancel { generation, last, epoch: *epoch, aged: false };
        let mut next = *now;
        if !now.net.contains(&cancel) && next.net.push(cancel) {
            out.add(Step::RelaySendsCancel, next);
        }
    }
}
