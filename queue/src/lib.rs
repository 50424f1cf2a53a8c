//! A job queue on Redis for [apalis](https://docs.rs/apalis-core), sound first and fast second.
//!
//! A job is pushed with [`Client::push`], fetched by a [`Backend`] inside an apalis worker under a lease that carries a
//! random fencing token, and reported with an [`Outcome`]. Nothing in this crate knows what the jobs mean: a payload
//! is bytes. The guarantees, the keys and the scripts are described in the crate's README.
//!
//! The crate runs in two ways. Alone, Redis is the only store, finished jobs leave a tombstone (and their result) for
//! [`Config::tombstone_ttl`]. With a ledger ([`Config::ledger`]), every transition is also an [`Event`] which a
//! recorder reads, commits elsewhere and then forgets, and pushes are bound to an epoch.

mod ack;
mod backend;
mod client;
mod config;
mod engine;
mod error;
mod event;
mod execute;
mod fetch;
mod job;
mod keys;
mod lease;
mod link;
mod manual;
mod moment;
mod name;
mod outcome;
mod record;
mod reply;
mod report;
mod run;
mod script;
mod state;
mod station;

pub use backend::{Backend, Subscription, WorkerInfo};
pub use client::Client;
pub use client::cancel::Cancelled;
pub use client::edit::Parked;
pub use client::epoch::EpochView;
pub use client::inspect::{Counts, Minute};
pub use client::push::{PushTerms, Pushed};
pub use client::server::{ServerReport, ServerWarning};
pub use client::upkeep::{HealStep, HealWalk, Healed, Reaped};
pub use client::workers::{WorkerQueue, WorkerView};
pub use config::Config;
pub use error::{Error, Result};
pub use event::{Event, EventBatch, EventKind, Progress};
pub use execute::{AckLayer, AckService};
pub use job::{Backoff, NewJob, OnConflict, Unique};
pub use manual::ManualWorker;
pub use name::{Micros, Priority, QueueName, Timestamp};
pub use outcome::{JobError, Outcome, Until};
pub use run::Job;
pub use state::EntryView;
pub use station::{Renewed, Reported};
