//! Batches: up to 1,000 jobs or ids in one request, an outcome for each (207).

use super::request::JobRequest;
use crate::problem::{Code, FieldError, Problem};
use gotong_shared::enqueue::BATCH_LIMIT;
use poem_openapi::Object;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

/// Jobs to be accepted, each for itself.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct JobBatch {
    /// 1 to 1,000 jobs.
    #[oai(validator(min_items = 1, max_items = 1000))]
    pub jobs: Jobs,
}

/// The jobs of a batch. Each is read for itself, so that one that is wrong does not spoil the others.
pub type Jobs = Vec<JobRequest>;

/// Jobs by id.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct JobIds {
    /// 1 to 1,000 ids.
    #[oai(validator(min_items = 1, max_items = 1000))]
    pub ids: Vec<Uuid>,
}

/// What became of each item, in the order of the request.
#[derive(Clone, Debug, Object)]
pub struct BatchResult {
    /// One entry an item.
    pub data: Vec<BatchItem>,
    /// Their sums.
    pub meta: BatchMeta,
}

/// What became of one item.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct BatchItem {
    /// Its place in the request, from 0.
    pub index: u32,
    /// The status it would have been answered with alone.
    pub status: u16,
    /// The job.
    pub id: Option<Uuid>,
    /// Why it was refused.
    pub error: Option<ItemProblem>,
}

/// Why an item was refused.
#[derive(Clone, Debug, Object)]
pub struct ItemProblem {
    /// A stable word for programs.
    pub code: String,
    /// What is wrong.
    pub detail: String,
    /// The parts of the item at fault.
    pub errors: Vec<FieldError>,
}

/// Sums of a batch.
#[derive(Clone, Debug, Object)]
pub struct BatchMeta {
    /// Items that were done.
    pub done: u32,
    /// Items that were refused.
    pub refused: u32,
}

impl ItemProblem {
    /// What a problem says of its item.
    pub fn of(problem: &Problem) -> Self {
        let code = problem.code().as_str().into();
        Self { code, detail: problem.detail().into(), errors: problem.errors().to_vec() }
    }
}

impl BatchResult {
    /// The result of items in their order.
    pub fn of(items: impl Iterator<Item = (u16, Option<Uuid>, Option<ItemProblem>)>) -> Self {
        let data: Vec<BatchItem> =
            (0..).zip(items).map(|(index, (status, id, error))| BatchItem { index, status, id, error }).collect();
        let refused = data.iter().filter(|item| item.error.is_some()).count();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let meta = BatchMeta { done: count(data.len() - refused), refused: count(refused) };
        Self { data, meta }
    }
}

/// Refuses an empty batch and one that is too large.
///
/// # Errors
/// 422 naming the member.
pub fn check_length(pointer: &str, length: usize) -> Result<(), Problem> {
    if (1..=BATCH_LIMIT).contains(&length) {
        return Ok(());
    }
    Err(Problem::new(Code::Invalid, "The batch is not acceptable.")
        .at(pointer, format!("has {length} items; 1 to {BATCH_LIMIT} are accepted")))
}

/// The body again, for its fingerprint.
pub fn as_value(ids: &[Uuid]) -> Value {
    ids.iter().map(ToString::to_string).collect()
}
