//! The schedules of the ledger: what a row means, the ticks that were decided, and how they fare.
//!
//! Whoever changes a schedule calls [`announce`] in the same transaction, so that every scheduler looks again.

mod health;
mod meaning;
mod ticks;

pub use health::{End, LateSchedule, late_schedules, note_ends};
pub use meaning::{RowError, instant_id};
pub use ticks::{TickOutcome, insert_ticks};

use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// The channel of PostgreSQL on which changes are announced.
pub const CHANNEL: &str = "gotong_schedules";

/// Wakes every scheduler when the transaction commits.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn announce(connection: &mut AsyncPgConnection) -> Result<(), diesel::result::Error> {
    diesel::sql_query(format!("select pg_notify('{CHANNEL}', '')")).execute(connection).await.map(|_| ())
}
