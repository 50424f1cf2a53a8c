//! The HTTP API, as its clients see it.

mod auth;
mod bad_uploads;
mod commands;
mod idempotency;
mod jobs;
mod media;
mod queues;
mod raw;
mod schedules;
mod session;
mod surface;
mod workers;
