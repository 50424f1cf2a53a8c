//! The HTTP API, as its clients see it.

mod alerts;
mod auth;
mod backups;
mod bad_uploads;
mod commands;
mod emails;
mod events;
mod examples;
mod failures;
mod idempotency;
mod jobs;
mod media;
mod queues;
mod raw;
mod reports;
mod roles;
mod schedules;
mod session;
mod stats;
mod suppressions;
mod surface;
mod workers;
