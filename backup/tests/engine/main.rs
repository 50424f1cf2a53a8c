//! The engine against real servers: those of `cargo xtask test`. Each test has a database and a bucket of its own.

mod copies;
mod damage;
mod database;
mod faults;
mod odd;
mod place;
mod proxy;
mod stock;
