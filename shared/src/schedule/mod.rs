//! When a schedule fires: cron expressions in a time zone, with a say in what its clock changes mean.
//!
//! An [`Expression`] is what people write, checked and normalised; a [`Timetable`] is an expression in a zone under a
//! [`ClockChange`] policy, and answers the next instant. Nothing here knows jobs, tables or loops.

mod expression;
mod field;
mod timetable;

pub use chrono_tz::Tz;
pub use expression::{Expression, ExpressionError};
pub use timetable::{ClockChange, Effect, Gap, Repeat, Run, Timetable};
