//! When a schedule fires: cron expressions in a time zone, with a say in what its clock changes mean.
//!
//! An [`Expression`] is what people write, checked and normalised; a [`Timetable`] is an expression in a zone under a
//! [`ClockChange`] policy, and answers the next instant; a [`Plan`] is that, or a fixed interval, or one time, within
//! bounds. [`due`] sorts the ticks that have come, [`template`] makes a payload of a tick, [`sentence`] says in words when
//! it fires. Nothing here knows jobs, tables or loops.

mod cadence;
pub mod due;
mod expression;
mod field;
pub mod sentence;
pub mod template;
mod timetable;
mod words;

pub use cadence::{Cadence, Plan};
pub use chrono_tz::Tz;
pub use expression::{Expression, ExpressionError};
pub use timetable::{ClockChange, Effect, Gap, Repeat, Run, Timetable};
pub use words::{Missed, Overlap, UnknownWord};
