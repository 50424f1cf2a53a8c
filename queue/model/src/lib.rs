//! The protocol between the ledger (PostgreSQL) and the queue (Redis), as an explicit-state model.
//!
//! One job; every interleaving of everything that can happen to it. Each step is one atomic act of one participant: a
//! PostgreSQL statement or transaction, one Redis script, or a message that the network delivers late or never. [`check`]
//! walks a [`Scenario`] to its end under the [`Rules`] and reports a shortest way to a broken promise, if there is one.
//!
//! A change of the protocol changes this model first. The README says what is checked and what is not modelled.

mod checker;
mod digest;
mod few;
mod names;
mod parts;
mod player;
mod redis;
mod rules;
mod scenario;
mod scenarios;
mod show;
mod state;
mod step;
mod view;
mod violation;

pub use checker::{Counterexample, Report, check};
pub use parts::Next;
pub use player::{Act, Player, Trace, UnknownTrace};
pub use rules::{Rule, Rules};
pub use scenario::{Chance, Chances, Scenario};
pub use scenarios::{large, small};
pub use state::State;
pub use step::Step;
pub use view::{EntryView, LifeView, MessageView, View};
pub use violation::Violation;
