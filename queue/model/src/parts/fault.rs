//! What happens to Redis, and the end of a row's retention.

use super::Steps;
use crate::few::Few;
use crate::redis::{Entry, Redis};
use crate::scenario::Chance;
use crate::state::{Doctor, Life, Row, State};
use crate::step::Step;

pub(super) fn steps(now: &State, out: &mut Steps) {
    if let Some(next) = now.with(Chance::Flush) {
        out.add(Step::Flushall, State { redis: Redis::default(), ..next });
    }
    // with the entry goes the memory of what it refuses, so this cannot be borne while an old push is under way, or while
    // an edit relies on it
    if now.redis.entry.is_alive()
        && !now.has_commands_under_way()
        && !now.is_locked()
        && let Some(mut next) = now.with(Chance::Hole)
    {
        next.redis.entry = Entry::Unknown;
        out.add(Step::EntryVanishes, next);
    }
    if let Some(next) = now.with(Chance::Rollback) {
        // only the last save before a restart counts, so there is one
        if now.saved.is_none() && now.redis != Redis::default() {
            let redis = Redis { open: false, ..now.redis };
            out.add(Step::RedisSaves, State { saved: Some(redis), ..*now });
        }
        out.add(Step::RedisRestarts, restart(next));
    }
    if matches!(now.row.life, Life::Ended(_))
        && let Some(next) = now.with(Chance::Prune)
    {
        let row = Row { life: Life::Pruned, ..Row::default() };
        out.add(Step::RowIsPruned, State { row, ..next });
    }
}

/// A command that was sent to a process dies with it, and nobody sends it again.
fn restart(mut next: State) -> State {
    next.redis = next.saved.take().unwrap_or_default();
    next.net = Few::default();
    for doctor in next.doctors.iter_mut() {
        match doctor {
            Doctor::Saw { same_run, .. } | Doctor::Announced { same_run, .. } | Doctor::Comparing { same_run, .. } => {
                *same_run = false;
            }
            Doctor::Round { .. } => {}
        }
    }
    next
}
