//! What Gotong's three binaries share.
//!
//! - [`backups`]: the rows of backups, drills and restores, and how each target stands.
//! - [`config`]: one struct per concern, read from `GOTONG_…` variables. The only place that reads the environment.
//! - [`db`]: the pool, the schema and one file of rows per table.
//! - [`jobs`]: the contract of every kind of job (payload, queue, limits), and the registry of them all.
//! - [`documents`]: what can be searched: the rows that every index follows.
//! - [`enqueue`]: how a job is accepted: within the caller's transaction, pushed after its commit.
//! - [`ledger`]: the protocol between the ledger and the queues; every change of a job's row is made there.
//! - [`queue_settings`]: what an operator decided about a queue.
//! - [`reports`]: what a report can be about, of when, in which form, and the connection on which it is read.
//! - [`schedule`]: when a cron expression in a time zone fires. [`scheduled`]: the schedules of the ledger, their ticks
//!   and their health.
//! - [`statistics`]: what happened, counted.
//! - [`storage`], [`search`], [`mail`]: the outside world, each with a quick health check.
//! - [`telemetry`], [`probe`]: logs, traces, health and metrics of a process.
//! - [`process`]: what every program begins and ends with.
//!
//! It must not know routes (`api`), handlers (`worker`) or loops (`scheduler`).

pub mod backups;
pub mod config;
pub mod db;
pub mod documents;
pub mod enqueue;
pub mod jobs;
pub mod ledger;
pub mod mail;
pub mod media;
pub mod probe;
pub mod process;
pub mod queue_settings;
pub mod reports;
pub mod schedule;
pub mod scheduled;
pub mod search;
pub mod statistics;
pub mod storage;
pub mod telemetry;
mod words;
