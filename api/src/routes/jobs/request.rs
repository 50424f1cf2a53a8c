//! A job as a client asks for it: a tagged union of all kinds.

use crate::{
    auth::Actor,
    problem::{Code, Problem},
};
use chrono::{DateTime, TimeDelta, Utc};
use gotong_shared::{
    enqueue::{EnqueueError, NewJob},
    jobs::{self, Kind, pointer},
    telemetry::TraceContext,
};
use poem_openapi::{
    Enum, Object,
    registry::{MetaDiscriminatorObject, MetaSchema, MetaSchemaRef, Registry},
    types::{ParseError, ParseFromJSON, ParseResult, ToJSON, Type},
};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::{borrow::Cow, ops::RangeInclusive, time::Duration};
use uuid::Uuid;

/// How far ahead a job may be due.
const FURTHEST: TimeDelta = TimeDelta::days(366);
const TIMEOUT_MS: RangeInclusive<u64> = 100..=86_400_000;
const ATTEMPTS: RangeInclusive<u64> = 1..=100;
const BACKOFF_MS: RangeInclusive<u64> = 1..=86_400_000;
const RETENTION_S: RangeInclusive<u64> = 0..=7_776_000;

/// What is done when a live job of the same kind has the unique key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum UniquePolicy {
    /// The request is refused.
    #[default]
    Reject,
    /// The request is answered with that job.
    KeepExisting,
}

/// How a job is to be carried. What is left out is as its kind has it.
#[derive(Clone, Debug, Default, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct JobOptions {
    /// A UUIDv7 of the client's own making, less than a minute old. The same id again is the same job.
    pub id: Option<Uuid>,
    /// 0 (lowest) to 4 (highest); 2 unless told otherwise.
    #[oai(validator(minimum(value = "0"), maximum(value = "4")))]
    pub priority: Option<u8>,
    /// Not before; at most 366 days ahead.
    pub run_at: Option<DateTime<Utc>>,
    /// Not after: a job that has not started by then is dead.
    pub expires_at: Option<DateTime<Utc>>,
    /// At most one live job of the workspace and kind has this key.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub unique_key: Option<String>,
    /// What is done when one has it; `reject` unless told otherwise.
    pub unique_policy: Option<UniquePolicy>,
    /// Attempts before the job is dead.
    #[oai(validator(minimum(value = "1"), maximum(value = "100")))]
    pub max_attempts: Option<u64>,
    /// The longest that one attempt may take, in milliseconds.
    #[oai(validator(minimum(value = "100"), maximum(value = "86400000")))]
    pub timeout_ms: Option<u64>,
    /// The first retry waits a random time up to this, each further one up to twice the last, in milliseconds.
    #[oai(validator(minimum(value = "1"), maximum(value = "86400000")))]
    pub backoff_base_ms: Option<u64>,
    /// No retry waits longer, in milliseconds.
    #[oai(validator(minimum(value = "1"), maximum(value = "86400000")))]
    pub backoff_cap_ms: Option<u64>,
    /// How long the job is kept after its end, in seconds.
    #[oai(validator(minimum(value = "0"), maximum(value = "7776000")))]
    pub retention_s: Option<u64>,
}

/// A job as it is asked for: `kind`, `payload` and [`JobOptions`].
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct JobRequest(pub Map<String, Value>);

/// A job that may be accepted, and what is done if it is a duplicate.
pub struct Wanted {
    /// The job.
    pub job: NewJob,
    /// What is done if its unique key is taken.
    pub policy: UniquePolicy,
}

impl JobRequest {
    /// Reads it.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn read(mut self, actor: &Actor, trace: TraceContext) -> Result<Wanted, Problem> {
        let kind = kind_of(self.0.remove("kind"))?;
        let payload = self.0.remove("payload").ok_or_else(|| invalid("/payload", "missing field `payload`"))?;
        let options: JobOptions =
            pointer::parse(Value::Object(self.0)).map_err(|(place, message)| invalid(place, message))?;
        let job = NewJob::of_kind(actor.workspace_id, kind.name, payload).map_err(|error| match error {
            EnqueueError::Payload(error) => invalid(format!("/payload{}", error.pointer), error.message),
            error => error.into(),
        })?;
        let policy = options.unique_policy.unwrap_or_default();
        let job = options.apply(job)?.created_by(actor.id).trace(Some(trace.to_string()));
        Ok(Wanted { job, policy })
    }
}

fn kind_of(name: Option<Value>) -> Result<Kind, Problem> {
    let name = name.ok_or_else(|| invalid("/kind", "missing field `kind`"))?;
    let name = name.as_str().ok_or_else(|| invalid("/kind", "is no text"))?;
    let kind = jobs::kind(name).ok_or_else(|| {
        let known: Vec<_> = open_kinds().map(|kind| kind.name).collect();
        invalid("/kind", format!("there is no kind {name:?}; there are: {}", known.join(", ")))
    })?;
    if kind.platform {
        let detail = format!(
            "Jobs of the kind {name} act on the whole platform; its schedules and routes of their own make them."
        );
        return Err(Problem::new(Code::Forbidden, detail).about("/kind"));
    }
    if let Some(route) = kind.route {
        let detail = format!("Jobs of the kind {name} are made by {route}.");
        return Err(Problem::new(Code::Forbidden, detail).about("/kind"));
    }
    Ok(kind)
}

/// The kinds that a client may ask for.
pub fn open_kinds() -> impl Iterator<Item = Kind> {
    jobs::kinds().filter(Kind::is_open)
}

pub(super) fn invalid(pointer: impl Into<String>, message: impl Into<String>) -> Problem {
    Problem::new(Code::Invalid, "The job is not acceptable.").at(pointer, message)
}

impl JobOptions {
    fn apply(self, mut job: NewJob) -> Result<NewJob, Problem> {
        let now = Utc::now();
        if let Some(id) = self.id {
            if id.get_version_num() != 7 {
                return Err(invalid("/id", "is no UUIDv7"));
            }
            job.id = id;
        }
        if let Some(run_at) = self.run_at
            && run_at > now + FURTHEST
        {
            return Err(invalid("/run_at", "is more than 366 days ahead"));
        }
        if let Some(expires_at) = self.expires_at
            && (expires_at <= now || self.run_at.is_some_and(|run_at| expires_at <= run_at))
        {
            return Err(invalid("/expires_at", "is over before the job may start"));
        }
        if let Some(key) = &self.unique_key
            && !(1..=200).contains(&key.chars().count())
        {
            return Err(invalid("/unique_key", "has 1 to 200 characters"));
        }
        if self.unique_policy.is_some() && self.unique_key.is_none() {
            return Err(invalid("/unique_policy", "needs a unique_key"));
        }
        job.priority =
            i16::try_from(within("/priority", self.priority.map(u64::from), 0..=4)?.unwrap_or(2)).unwrap_or(2);
        let millis =
            |pointer, value, range| Ok::<_, Problem>(within(pointer, value, range)?.map(Duration::from_millis));
        let limits = &mut job.limits;
        if let Some(attempts) = within("/max_attempts", self.max_attempts, ATTEMPTS)? {
            limits.max_attempts = u16::try_from(attempts).unwrap_or(u16::MAX);
        }
        limits.timeout = millis("/timeout_ms", self.timeout_ms, TIMEOUT_MS)?.unwrap_or(limits.timeout);
        limits.backoff_base =
            millis("/backoff_base_ms", self.backoff_base_ms, BACKOFF_MS)?.unwrap_or(limits.backoff_base);
        limits.backoff_cap = millis("/backoff_cap_ms", self.backoff_cap_ms, BACKOFF_MS)?.unwrap_or(limits.backoff_cap);
        if limits.backoff_cap < limits.backoff_base {
            return Err(invalid("/backoff_cap_ms", "is less than backoff_base_ms"));
        }
        if let Some(seconds) = within("/retention_s", self.retention_s, RETENTION_S)? {
            limits.retention = Duration::from_secs(seconds);
        }
        Ok(NewJob { run_at: self.run_at, expires_at: self.expires_at, unique_key: self.unique_key, ..job })
    }
}

/// The value, if it is within the range or not there at all.
pub(super) fn within(pointer: &str, value: Option<u64>, range: RangeInclusive<u64>) -> Result<Option<u64>, Problem> {
    match value {
        Some(value) if !range.contains(&value) => {
            Err(invalid(pointer, format!("is not between {} and {}", range.start(), range.end())))
        }
        value => Ok(value),
    }
}

impl Type for JobRequest {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "JobRequest".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Reference("JobRequest".into())
    }

    fn register(registry: &mut Registry) {
        registry.create_schema::<Self, _>("JobRequest".into(), |registry| {
            JobOptions::register(registry);
            let kinds: Vec<_> = open_kinds().map(|kind| (kind.name, describe(registry, &kind))).collect();
            let path = |schema: &str| format!("#/components/schemas/{schema}");
            MetaSchema {
                description: Some("A job of one of the kinds."),
                one_of: kinds.iter().map(|(_, schema)| MetaSchemaRef::Reference(schema.clone())).collect(),
                discriminator: Some(MetaDiscriminatorObject {
                    property_name: "kind",
                    mapping: kinds.iter().map(|(kind, schema)| ((*kind).to_owned(), path(schema))).collect(),
                }),
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

impl ParseFromJSON for JobRequest {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        match value.unwrap_or_default() {
            Value::Object(members) => Ok(Self(members)),
            other => Err(ParseError::expected_type(other)),
        }
    }
}

impl ToJSON for JobRequest {
    fn to_json(&self) -> Option<Value> {
        Some(Value::Object(self.0.clone()))
    }
}

/// Registers a kind's form of the request, such as `ThumbnailGenerateRequest`, and answers its name.
fn describe(registry: &mut Registry, kind: &Kind) -> String {
    let payload = kind.describe(registry);
    let name = format!("{}Request", in_pascal_case(kind.name));
    let word = MetaSchema { enum_items: vec![kind.name.into()], ..MetaSchema::new("string") };
    let own = MetaSchema {
        required: vec!["kind", "payload"],
        properties: vec![("kind", MetaSchemaRef::Inline(Box::new(word))), ("payload", payload)],
        ..MetaSchema::new("object")
    };
    let schema =
        MetaSchema { all_of: vec![MetaSchemaRef::Inline(Box::new(own)), JobOptions::schema_ref()], ..MetaSchema::ANY };
    registry.schemas.insert(name.clone(), schema);
    name
}

fn in_pascal_case(kind: &str) -> String {
    let capital = |word: &str| {
        word.chars()
            .next()
            .map(|first| first.to_ascii_uppercase())
            .into_iter()
            .chain(word.chars().skip(1))
            .collect::<String>()
    };
    kind.split(['.', '_']).map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Role;
    use serde_json::json;

    fn read(body: Value) -> Result<Wanted, Problem> {
        let actor = Actor { id: Uuid::nil(), workspace_id: Uuid::nil(), role: Role::Operator };
        let request: JobRequest = serde_json::from_value(body).unwrap();
        request.read(&actor, TraceContext::fresh())
    }

    #[test]
    fn options_override_the_kind_within_their_bounds() {
        let media = json!({ "media_id": Uuid::nil() });
        let wanted = read(json!({ "kind": "thumbnail.generate", "payload": media, "priority": 4, "timeout_ms": 5000,
            "max_attempts": 3, "backoff_base_ms": 10, "backoff_cap_ms": 20, "retention_s": 60, "unique_key": "k" }));
        let NewJob { priority, limits, unique_key, .. } = wanted.unwrap().job;
        assert_eq!((priority, limits.timeout, limits.max_attempts), (4, Duration::from_secs(5), 3));
        assert_eq!((limits.backoff_base.as_millis(), limits.backoff_cap.as_millis()), (10, 20));
        assert_eq!((limits.retention, unique_key.as_deref()), (Duration::from_mins(1), Some("k")));
    }

    #[test]
    fn what_is_wrong_is_pointed_at() {
        let id = Uuid::nil();
        for (options, pointer) in [
            (json!({ "priority": 5 }), "/priority"),
            (json!({ "priority": -1 }), "/priority"),
            (json!({ "run_at": "soon" }), "/run_at"),
            (json!({ "run_at": "2999-01-01T00:00:00Z" }), "/run_at"),
            (json!({ "expires_at": "2001-01-01T00:00:00Z" }), "/expires_at"),
            (json!({ "unique_key": "" }), "/unique_key"),
            (json!({ "unique_policy": "keep_existing" }), "/unique_policy"),
            (json!({ "max_attempts": 0 }), "/max_attempts"),
            (json!({ "timeout_ms": 99 }), "/timeout_ms"),
            (json!({ "backoff_base_ms": 20, "backoff_cap_ms": 10 }), "/backoff_cap_ms"),
            (json!({ "retention_s": 7_776_001 }), "/retention_s"),
            (json!({ "id": "00000000-0000-4000-8000-000000000000" }), "/id"),
            (json!({ "colour": 1 }), "/colour"),
            (json!({ "kind": "tea.brew" }), "/kind"),
            (json!({ "kind": 7 }), "/kind"),
            (json!({ "kind": null }), "/kind"),
            (json!({ "kind": "maintenance.purge_media", "payload": { "grace_s": 1 } }), "/kind"),
            (json!({ "payload": {} }), "/payload/media_id"),
            (json!({ "payload": { "media_id": 3 } }), "/payload/media_id"),
            (json!({ "payload": { "media_id": id, "$claim": {} } }), "/payload/$claim"),
        ] {
            let mut body = json!({ "kind": "thumbnail.generate", "payload": { "media_id": id } });
            body.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
            let Err(problem) = read(body.clone()) else { panic!("{body} was accepted") };
            assert_eq!(problem.errors()[0].pointer, pointer, "{body}: {problem}");
        }
    }

    #[test]
    fn kinds_are_named_as_types_are() {
        assert_eq!(in_pascal_case("thumbnail.generate"), "ThumbnailGenerate");
        assert_eq!(in_pascal_case("maintenance.purge_media"), "MaintenancePurgeMedia");
    }
}
