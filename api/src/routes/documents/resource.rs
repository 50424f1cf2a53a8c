//! A document on the wire.

use chrono::{DateTime, Utc};
use gotong_shared::documents::{DocumentType, Found, Profile, Project, Written};
use poem_openapi::{
    Object,
    registry::{MetaSchema, MetaSchemaRef, Registry},
    types::{ParseFromJSON, ParseResult, ToJSON, Type},
};
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;
use uuid::Uuid;

/// What a document says: a project or a profile, as its path or item tells.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct DocumentBody(pub Value);

impl Type for DocumentBody {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "DocumentBody".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Reference("DocumentBody".into())
    }

    fn register(registry: &mut Registry) {
        registry.create_schema::<Self, _>("DocumentBody".into(), |registry| {
            Project::register(registry);
            Profile::register(registry);
            MetaSchema {
                description: Some("What a document says, by its type."),
                any_of: vec![Project::schema_ref(), Profile::schema_ref()],
                ..MetaSchema::new("object")
            }
        });
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl ParseFromJSON for DocumentBody {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        Ok(Self(value.unwrap_or_default()))
    }
}

impl ToJSON for DocumentBody {
    fn to_json(&self) -> Option<Value> {
        Some(self.0.clone())
    }
}

/// A document, or what is left of a deleted one.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct DocumentResource {
    /// Its type.
    #[oai(rename = "type")]
    pub kind: DocumentType,
    /// Its name.
    pub id: String,
    /// Grows with each change, a deletion included.
    pub version: i64,
    /// What it says; missing when it is deleted.
    pub document: Option<DocumentBody>,
    /// Whether it is deleted.
    pub deleted: bool,
    /// The job that will bring it to the index, if one waits.
    pub job_id: Option<Uuid>,
    /// When it was first there.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// What belongs to it.
    pub links: DocumentLinks,
}

/// What belongs to a document.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct DocumentLinks {
    /// The document.
    #[oai(rename = "self")]
    pub this: String,
    /// The job that will bring it to the index, if one waits.
    pub job: Option<String>,
}

/// The address of a document.
#[must_use]
pub fn address(kind: DocumentType, id: &str) -> String {
    format!("/api/v1/documents/{kind}/{id}")
}

impl DocumentLinks {
    fn of(kind: DocumentType, id: &str, job: Option<Uuid>) -> Self {
        Self { this: address(kind, id), job: job.map(|job| format!("/api/v1/jobs/{job}")) }
    }
}

impl DocumentResource {
    /// A document as it was found.
    #[must_use]
    pub fn found(found: Found) -> Self {
        let Found { row, created_at, updated_at, pending_job_id } = found;
        Self {
            links: DocumentLinks::of(row.key.kind, &row.key.id, pending_job_id),
            kind: row.key.kind,
            id: row.key.id,
            version: row.version,
            deleted: row.body.is_none(),
            document: row.body.map(DocumentBody),
            job_id: pending_job_id,
            created_at,
            updated_at,
        }
    }

    /// A document after a change.
    #[must_use]
    pub fn written(kind: DocumentType, row: &Written, body: Option<Value>) -> Self {
        Self {
            links: DocumentLinks::of(kind, &row.id, Some(row.job_id)),
            kind,
            id: row.id.clone(),
            version: row.version,
            deleted: body.is_none(),
            document: body.map(DocumentBody),
            job_id: Some(row.job_id),
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }

    /// Its tag.
    #[must_use]
    pub fn etag(&self) -> String {
        etag(self.version)
    }
}

/// The tag of a version.
pub fn etag(version: i64) -> String {
    format!("\"{version}\"")
}
