//! One loop, one file.

pub mod cron;
pub mod doctor;
pub mod keys;
pub mod observer;
pub mod pruner;
pub mod reaper;
pub mod recorder;
pub mod relay;
pub mod watchman;
