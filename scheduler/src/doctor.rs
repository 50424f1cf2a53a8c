//! The doctor: compares ledger and Redis, and repairs what a loss, a rollback or a death left behind. The loops
//! [`crate::loops::doctor`] and [`crate::loops::keys`] go round with it; `gotong-scheduler doctor` runs [`examine`] once.
//!
//! Each act is a statement of the ledger, a transaction or one script, as the model in `queue/model` has them: two doctors
//! never disturb each other, nor anybody else.

pub mod entries;
pub mod epoch;
mod keys;
mod orphans;
mod report;
pub mod rows;

pub use keys::look_at_keys;
pub use report::{Finding, Noted, Report};

use crate::{Resources, runner::PassError};
use gotong_queue::{HealWalk, QueueName};
use gotong_shared::statistics;
use uuid::Uuid;

/// Rows or entries compared at once.
pub(crate) const BATCH: usize = 1_000;

/// How often [`examine`] tries to settle an epoch that somebody else is at.
const TRIES: usize = 5;

/// What a doctor does about what it finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nothing at all changes.
    Look,
    /// It is mended.
    Repair,
}

/// The doctor of one queue.
#[derive(Clone)]
pub struct Doctor {
    pub(crate) resources: Resources,
    pub(crate) queue: QueueName,
    mode: Mode,
}

impl Doctor {
    /// Of that queue.
    #[must_use]
    pub fn new(resources: Resources, queue: QueueName, mode: Mode) -> Self {
        Self { resources, queue, mode }
    }

    /// Of which queue.
    #[must_use]
    pub fn queue(&self) -> &QueueName {
        &self.queue
    }

    fn mends(&self) -> bool {
        self.mode == Mode::Repair
    }
}

/// Keeps in the ledger what was mended, so that it is told as an alert.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn keep_repairs(resources: &Resources, report: &Report) -> Result<(), PassError> {
    let repairs = report.repairs();
    if !repairs.is_empty() {
        let mut connection = resources.database.connection().await?;
        statistics::note_repairs(&mut connection, &repairs).await?;
    }
    Ok(())
}

/// Looks at everything once: the epoch, then every open row, every entry, every lease and lock of each queue, then the
/// ledger's unique keys.
///
/// # Errors
/// When PostgreSQL or Redis does not answer; what was repaired until then stays repaired.
pub async fn examine(resources: &Resources, queues: &[QueueName], mode: Mode) -> Result<Report, PassError> {
    let mut report = Report::default();
    for queue in queues {
        let doctor = Doctor::new(resources.clone(), queue.clone(), mode);
        examine_queue(&doctor, &mut report).await?;
    }
    let mut after = Some(Uuid::nil());
    while let Some(from) = after {
        after = look_at_keys(resources, mode, from, &mut report).await?;
    }
    Ok(report)
}

async fn examine_queue(doctor: &Doctor, report: &mut Report) -> Result<(), PassError> {
    let mut is_settled = doctor.settle_epoch(report).await?;
    for _ in 1..TRIES {
        if is_settled || !doctor.mends() {
            break;
        }
        is_settled = doctor.settle_epoch(report).await?;
    }
    if !is_settled && doctor.mends() {
        report.note(doctor.queue.as_ref(), Finding::Epoch, "another doctor is at it", false);
    }
    let mut after = Some(Uuid::nil());
    while let Some(from) = after {
        after = doctor.compare_rows(from, report).await?;
    }
    let mut cursor = doctor.compare_entries(0, report).await?;
    while cursor != 0 {
        cursor = doctor.compare_entries(cursor, report).await?;
    }
    let mut walk = HealWalk::default();
    while !walk.is_over() {
        doctor.heal(&mut walk, report).await?;
    }
    Ok(())
}
