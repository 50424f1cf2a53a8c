//! The walks: small ones for every run of the tests, large ones for a change of the protocol.

use crate::scenario::Chance::{
    Cancel, Death, Edit, Expiry, Fail, Flush, HandBack, Hole, LostFetch, Prune, Retry, Rollback, Stall,
};
use crate::scenario::Scenario;

/// Each is walked within a few seconds, most in far less.
#[must_use]
pub fn small() -> Vec<Scenario> {
    let new = Scenario::new;
    vec![
        new("no faults").two_recorders(),
        new("a handler fails twice").may(Fail).may(Fail),
        new("a worker dies, another stalls").may(Death).may(Stall),
        new("a fetch is lost, a worker stops").may(LostFetch).may(HandBack),
        new("the job expires").may(Expiry).may(Fail),
        new("FLUSHALL").may(Flush),
        new("Redis comes back").may(Rollback),
        new("an entry vanishes").may(Hole),
        new("cancel").may(Cancel),
        new("edit").may(Edit),
        new("manual retry").may(Retry),
        new("two relays, a handler fails").two_relays().may(Fail),
        new("an entry vanishes, two recorders").may(Hole).two_recorders(),
        new("an entry vanishes, a handler fails").may(Hole).may(Fail),
        new("cancel, two recorders").may(Cancel).two_recorders(),
        new("cancel, a handler fails, a worker stalls").may(Cancel).may(Fail).may(Stall),
        new("edit, two recorders").may(Edit).two_recorders(),
        new("edit, the job expires").may(Edit).may(Expiry),
        new("edit, cancel").may(Edit).may(Cancel),
        new("edit twice").may(Edit).may(Edit),
        new("manual retry, two recorders").may(Retry).two_recorders(),
        new("manual retry, a worker stalls").may(Retry).may(Stall),
        new("manual retry, cancel").may(Retry).may(Cancel),
        new("manual retry, edit").may(Retry).may(Edit),
        new("FLUSHALL twice").may(Flush).may(Flush).two_recorders(),
        new("cancel, FLUSHALL").may(Cancel).may(Flush),
        new("edit, FLUSHALL").may(Edit).may(Flush),
        new("manual retry, FLUSHALL").may(Retry).may(Flush),
        new("Redis comes back, two recorders").may(Rollback).two_recorders(),
        new("Redis comes back, a handler fails").may(Rollback).may(Fail),
        new("Redis comes back, a worker dies").may(Rollback).may(Death),
        new("Redis comes back, the job expires").may(Rollback).may(Expiry),
        new("Redis comes back, the row is pruned").may(Rollback).may(Prune),
        new("Redis comes back, an entry vanishes").may(Rollback).may(Hole),
        new("Redis comes back, FLUSHALL").may(Rollback).may(Flush),
        new("Redis comes back twice").may(Rollback).may(Rollback),
        new("FLUSHALL, two doctors").may(Flush).two_doctors(),
    ]
}

/// All others.
#[must_use]
pub fn large() -> Vec<Scenario> {
    let new = Scenario::new;
    vec![
        new("a handler fails, workers die and stall").may(Fail).may(Fail).may(Death).may(Stall).may(Stall).workers(3),
        new("FLUSHALL, a handler fails, a worker stalls").may(Flush).may(Fail).may(Stall),
        new("FLUSHALL, two relays").may(Flush).may(Fail).two_relays(),
        new("FLUSHALL twice, two doctors").may(Flush).may(Flush).two_doctors().workers(1).messages(1),
        new("an entry vanishes, edit").may(Hole).may(Edit).may(Stall),
        new("an entry vanishes, manual retry").may(Hole).may(Retry).may(Stall),
        new("cancel, Redis comes back").may(Cancel).may(Rollback),
        new("cancel, a handler fails, Redis comes back").may(Cancel).may(Fail).may(Rollback),
        new("edit, a handler fails, a worker stalls").may(Edit).may(Fail).may(Stall),
        new("edit, Redis comes back").may(Edit).may(Rollback),
        new("edit, cancel, FLUSHALL").may(Edit).may(Cancel).may(Flush),
        new("edit, cancel, Redis comes back").may(Edit).may(Cancel).may(Rollback),
        new("edit twice, FLUSHALL").may(Edit).may(Edit).may(Flush),
        new("edit, two doctors").may(Edit).two_doctors(),
        new("manual retry, Redis comes back").may(Retry).may(Rollback),
        new("manual retry, edit, Redis comes back").may(Retry).may(Edit).may(Rollback),
        new("manual retry twice, a worker stalls").may(Retry).may(Retry).may(Stall),
        new("Redis comes back, FLUSHALL, a handler fails").may(Rollback).may(Flush).may(Fail),
        new("Redis comes back, a worker dies, another stalls").may(Rollback).may(Death).may(Stall),
        new("Redis comes back, two relays").may(Rollback).two_relays(),
        new("Redis comes back twice, two recorders").may(Rollback).may(Rollback).two_recorders(),
        new("Redis comes back, two doctors").may(Rollback).two_doctors(),
        new("Redis comes back, FLUSHALL, two doctors").may(Rollback).may(Flush).two_doctors().workers(1).messages(1),
        new("Redis comes back twice, two doctors").may(Rollback).may(Rollback).two_doctors().workers(1).messages(1),
    ]
}
