//! The protocol between the ledger (PostgreSQL) and the dispatcher (Redis): every statement that changes a job's row.
//!
//! Before the push and after the recorded end the ledger decides; in between Redis does. Transitions are ordered by
//! `(generation, version)`: the ledger applies only a greater pair, and nothing over a final state of the same
//! generation. ARCHITECTURE.md tells the whole story; `queue/model/` walks it.

mod attempts;
mod cancel;
mod consequences;
mod doctor;
mod epoch;
mod push;
mod record;
mod state;
mod tally;

pub use cancel::{Undelivered, request_cancel, undelivered_cancels};
pub use doctor::{HeldKey, OpenRow, RowOrder, free_keys, held_keys, lock_open, open_rows, orders, refill, still_lost};
pub use epoch::{announce_epoch, epochs};
pub use push::{NEAR, due_unpushed, mark_pushed, to_push};
pub use record::{Recorded, record};
pub use state::State;
