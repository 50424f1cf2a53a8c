//! The network: a message whose sender does not know its result arrives at some time before its deadline, or never.

use super::{Steps, distinct};
use crate::redis::Push;
use crate::state::{Message, State};
use crate::step::Step;

pub(super) fn steps(now: &State, out: &mut Steps) {
    for (i, message) in distinct(&now.net) {
        let mut next = *now;
        next.net.remove(i);
        out.add(Step::MessageExpires, next);
        deliver(&mut next, message, out);
        out.add(Step::MessageArrives, next);
    }
}

fn deliver(next: &mut State, message: Message, out: &Steps) {
    let rules = out.rules;
    match message {
        Message::Push { push, .. } => {
            let push = Push { epoch: next.named(push.epoch), ..push };
            next.redis.push(push, rules);
        }
        Message::Cancel { generation, last, epoch, .. } => {
            let (epoch, clock) = (next.named(epoch), next.clock());
            next.redis.cancel(generation, last, epoch, clock, rules);
        }
        Message::Park { job, parking } => _ = next.redis.park(job, parking, rules),
        Message::Unpark { parking } => next.redis.unpark(parking, rules),
    }
}
