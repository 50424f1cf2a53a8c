//! The project's own commands (`cargo xtask`), and the private servers that tests start for themselves.
//!
//! The commands are described in `xtask/README.md`. Nothing here is part of the product.

pub mod cli;
pub mod examples;
pub mod servers;

mod bench;
mod cargo;
mod checkout;
mod ci;
mod dashboard;
mod environment;
mod fetch;
mod http;
mod interrupt;
mod model;
mod openapi;
mod pins;
mod platform;
mod ports;
mod process;
mod progress;
mod psql;
mod remembered;
mod report;
mod screenshots;
mod sdk;
mod services;
mod settings;
mod stack;
mod test;
mod tidy;
mod tools;
