//! The protocol between the ledger (PostgreSQL) and the dispatcher (Redis): every statement that changes a job's row.
//!
//! Before the push and after the recorded end the ledger decides; in between Redis does. Transitions are ordered by
//! `(generation, version)`: the ledger applies only a greater pair, and nothing over a final state of the same
//! generation. ARCHITECTURE.md tells the whole story; `queue/model/` walks it.

mod attempts;
mod cancel;
mod consequences;
mod delete;
mod doctor;
mod edit;
mod epoch;
mod list;
mod push;
mod record;
mod retry;
mod state;
mod tally;

pub use cancel::{Undelivered, request_cancels, undelivered_cancels};
pub use delete::{Deletion, delete_jobs};
pub use doctor::{HeldKey, OpenRow, RowOrder, free_keys, held_keys, lock_open, open_rows, orders, refill, still_lost};
pub use edit::{JobEdit, begin_edit, finish_edit};
pub use epoch::{announce_epoch, epochs};
pub use list::{JobFilter, Start, first_id_of, list_jobs};
pub use push::{NEAR, due_unpushed, mark_pushed, to_push};
pub use record::{Recorded, record};
pub use retry::{Retry, retry_jobs};
pub use state::State;
