//! What the crate writes, read back by others.

mod csv;
mod golden;
mod html;
mod limits;
mod pdf;
mod xlsx;

#[path = "../sample/mod.rs"]
mod sample;
