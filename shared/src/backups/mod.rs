//! The rows of backups, of the drills that prove them and of the restores from them, and how each target stands.
//!
//! A backup is listed as good by one statement, [`complete`], after its manifest is in the store; whatever else becomes of
//! its job makes it a failed one (`ledger::consequences`). The unique index `backups_under_way` lets one backup of a
//! target be under way at a time.

mod drills;
mod failures;
mod restores;
mod retention;
mod rows;
mod standing;
mod states;

pub use drills::{DrillEnd, begin_drill, end_drill};
pub(crate) use failures::fail;
pub use restores::{begin_restore, end_restore};
pub use retention::plan;
pub use rows::{
    Begun, Completed, NewBackup, begin, complete, deleted, expire, forget_old, insert, pin, to_delete, under_way,
};
pub use standing::{Age, Standing, ages, copy_of_media, note_copy, standings};
pub use states::{BackupState, DrillState, RestoreState, Verification};
