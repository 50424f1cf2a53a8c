//! Many changes in one request, an outcome for each.

use super::{NO_ID, resource::DocumentBody, store::Wanted, unfit};
use crate::{
    auth::Actor,
    problem::{Code, FieldError, Problem},
};
use gotong_shared::{
    documents::{self, DocumentKey, DocumentType, Written},
    enqueue::BATCH_LIMIT,
    jobs::pointer,
    telemetry::TraceContext,
};
use poem_openapi::{
    Enum, Object,
    registry::{MetaSchemaRef, Registry},
    types::{ParseFromJSON, ParseResult, ToJSON, Type},
};
use serde::Deserialize;
use serde_json::Value;
use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};
use uuid::Uuid;

/// Changes of documents, each for itself.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct DocumentBatch {
    /// 1 to 1,000 changes, each of another document.
    #[oai(validator(min_items = 1, max_items = 1000))]
    pub documents: Vec<RawChange>,
}

/// What is done with a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Enum)]
#[serde(rename_all = "lowercase")]
#[oai(rename_all = "lowercase")]
pub enum DocumentAction {
    /// It is made or replaced.
    #[default]
    Put,
    /// It is deleted.
    Delete,
}

/// A change of one document.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct DocumentChange {
    /// What is done.
    #[serde(default)]
    #[oai(default)]
    pub action: DocumentAction,
    /// The document's type.
    #[serde(rename = "type")]
    #[oai(rename = "type")]
    pub kind: DocumentType,
    /// Its name.
    #[oai(validator(min_length = 1, max_length = 128))]
    pub id: String,
    /// What it says, when it is put.
    pub document: Option<DocumentBody>,
}

/// A [`DocumentChange`] that is read for itself, so that one that is wrong does not spoil the others.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct RawChange(pub Value);

impl Type for RawChange {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        DocumentChange::name()
    }

    fn schema_ref() -> MetaSchemaRef {
        DocumentChange::schema_ref()
    }

    fn register(registry: &mut Registry) {
        DocumentChange::register(registry);
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl ParseFromJSON for RawChange {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        Ok(Self(value.unwrap_or_default()))
    }
}

impl ToJSON for RawChange {
    fn to_json(&self) -> Option<Value> {
        Some(self.0.clone())
    }
}

/// Reads every item.
///
/// # Errors
/// When there are none or too many; what is wrong with one is that item's.
pub fn read(batch: DocumentBatch, actor: &Actor, trace: TraceContext) -> Result<Vec<Result<Wanted, Problem>>, Problem> {
    let length = batch.documents.len();
    if !(1..=BATCH_LIMIT).contains(&length) {
        return Err(Problem::new(Code::Invalid, "The batch is not acceptable.")
            .at("/documents", format!("has {length} items; 1 to {BATCH_LIMIT} are accepted")));
    }
    let mut known = HashSet::new();
    let one = |RawChange(item): RawChange| {
        let wanted = read_one(item, actor, trace)?;
        if known.insert(wanted.0.key.clone()) {
            return Ok(wanted);
        }
        Err(invalid("/id", "an earlier item of the request is about this document"))
    };
    Ok(batch.documents.into_iter().map(one).collect())
}

fn read_one(item: Value, actor: &Actor, trace: TraceContext) -> Result<Wanted, Problem> {
    let change: DocumentChange = pointer::parse(item).map_err(|(place, why)| invalid(&place, why))?;
    if !documents::is_id(&change.id) {
        return Err(invalid("/id", NO_ID));
    }
    let key = DocumentKey { workspace_id: actor.workspace_id, kind: change.kind, id: change.id };
    match (change.action, change.document) {
        (DocumentAction::Delete, None) => Wanted::delete(key, actor, trace),
        (DocumentAction::Delete, Some(_)) => Err(invalid("/document", "has no place in a deletion")),
        (DocumentAction::Put, document) => {
            let document = document.ok_or_else(|| invalid("/document", "missing field `document`"))?;
            let document = documents::check(key.kind, document.0).map_err(|faults| unfit(faults, "/document"))?;
            Wanted::put(key, document, actor, trace)
        }
    }
}

fn invalid(pointer: &str, message: impl Into<String>) -> Problem {
    Problem::new(Code::Invalid, "The item is not acceptable.").at(pointer, message)
}

/// What became of each item, in the order of the request.
#[derive(Clone, Debug, Object)]
pub struct DocumentBatchResult {
    /// One entry an item.
    pub data: Vec<DocumentBatchItem>,
    /// Their sums.
    pub meta: DocumentBatchMeta,
}

/// What became of one item.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct DocumentBatchItem {
    /// Its place in the request, from 0.
    pub index: u32,
    /// The status it would have been answered with alone.
    pub status: u16,
    /// The document's type.
    #[oai(rename = "type")]
    pub kind: Option<DocumentType>,
    /// Its name.
    pub id: Option<String>,
    /// Its version after the change.
    pub version: Option<i64>,
    /// The job that brings it to the index.
    pub job_id: Option<Uuid>,
    /// Why it was refused.
    pub error: Option<DocumentItemProblem>,
}

/// Why an item was refused.
#[derive(Clone, Debug, Object)]
pub struct DocumentItemProblem {
    /// A stable word for programs.
    pub code: String,
    /// What is wrong.
    pub detail: String,
    /// The parts of the item at fault.
    pub errors: Vec<FieldError>,
}

/// Sums of a batch.
#[derive(Clone, Debug, Object)]
pub struct DocumentBatchMeta {
    /// Items that were done.
    pub done: u32,
    /// Items that were refused.
    pub refused: u32,
}

impl DocumentBatchResult {
    /// The result of items that were read, some of them written.
    pub fn of(read: &[Result<Wanted, Problem>], written: &HashMap<DocumentKey, Written>) -> Self {
        let item = |(index, read): (u32, &Result<Wanted, Problem>)| match read {
            Ok(Wanted(change)) => match written.get(&change.key) {
                Some(row) => DocumentBatchItem {
                    index,
                    status: 202,
                    kind: Some(change.key.kind),
                    id: Some(change.key.id.clone()),
                    version: Some(row.version),
                    job_id: Some(row.job_id),
                    error: None,
                },
                None => refused(index, Some(&change.key), &Problem::not_found("document")),
            },
            Err(problem) => refused(index, None, problem),
        };
        let data: Vec<_> = (0..).zip(read).map(item).collect();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let failed = data.iter().filter(|item| item.error.is_some()).count();
        let meta = DocumentBatchMeta { done: count(data.len() - failed), refused: count(failed) };
        Self { data, meta }
    }
}

fn refused(index: u32, key: Option<&DocumentKey>, problem: &Problem) -> DocumentBatchItem {
    let code = problem.code().as_str().into();
    let error = DocumentItemProblem { code, detail: problem.detail().into(), errors: problem.errors().to_vec() };
    DocumentBatchItem {
        index,
        status: problem.code().status().as_u16(),
        kind: key.map(|key| key.kind),
        id: key.map(|key| key.id.clone()),
        version: None,
        job_id: None,
        error: Some(error),
    }
}
