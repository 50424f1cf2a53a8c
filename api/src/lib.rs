//! Gotong's HTTP API: accepts work, says how it stands, serves what came of it.
//!
//! A route never does the work: it validates, writes rows, enqueues, answers. [`app`] shows every route and what is
//! around them; an operation is a method in [`routes`]; a refusal is a [`problem::Problem`].
//!
//! It must not know handlers (`worker`) or loops (`scheduler`).

mod app;
mod attended;
pub mod auth;
mod cached;
pub mod commands;
mod config;
mod context;
mod dashboard;
mod envelope;
mod feed;
mod file;
mod gathered;
mod idempotency;
mod json;
mod linger;
mod metrics;
pub mod openapi;
mod page;
mod patience;
pub mod problem;
mod report_link;
mod route_template;
pub mod routes;
mod schema;
mod serve;
mod state;
mod transaction;
mod unsubscribe;
mod upload;

pub use app::app;
pub use config::Config;
pub use serve::{RunError, run, serve};
pub use state::{AppState, StateError};
