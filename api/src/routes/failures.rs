//! `/failures`: failures that are alike, grouped.

use super::{Listing, Tag};
use crate::{
    AppState,
    auth::Reader,
    page::{self, Cursor, Page, PageLinks, PageMeta},
    problem::{Code, Problem, Refused},
};
use chrono::{DateTime, Utc};
use gotong_shared::{
    jobs,
    statistics::{self, Edge, FailureGroup},
};
use poem::web::Data;
use poem_openapi::{Object, OpenApi, param::Query, payload::Json};
use uuid::Uuid;

/// Failures that are alike: of one kind, with one class and, but for numbers, ids, quoted text and paths, one message.
#[derive(Clone, Debug, Object)]
#[oai(rename = "FailureGroup")]
pub struct FailureResource {
    /// What they share, 16 hexadecimal digits; jobs can be found by it.
    pub fingerprint: String,
    /// The kind of the jobs.
    pub kind: String,
    /// A stable word, such as `timeout`.
    pub class: String,
    /// What the latest of them said.
    pub message: String,
    /// How many attempts failed so.
    pub count: i64,
    /// When the first of them happened.
    pub first_seen: DateTime<Utc>,
    /// When the last of them happened.
    pub last_seen: DateTime<Utc>,
    /// Where to go from here.
    pub links: FailureLinks,
}

/// Where to go from a group of failures.
#[derive(Clone, Debug, Object)]
pub struct FailureLinks {
    /// The jobs whose last recorded attempt failed so.
    pub jobs: String,
}

/// A page of groups.
#[derive(Clone, Debug, Object)]
pub struct FailureGroupList {
    /// The last seen first.
    pub data: Vec<FailureResource>,
    /// About the page.
    pub meta: PageMeta,
    /// Its neighbours.
    pub links: PageLinks,
}

/// The operations on failures.
pub struct FailuresApi;

#[OpenApi(prefix_path = "/failures", tag = "Tag::Platform")]
impl FailuresApi {
    /// List failures, grouped.
    ///
    /// The last seen first. A group is forgotten 30 days after its last failure.
    #[oai(path = "/", method = "get", operation_id = "list_failures")]
    async fn list(
        &self,
        Data(state): Data<&AppState>,
        caller: Reader,
        /// Only jobs of this kind.
        kind: Query<Option<String>>,
        /// The most groups on a page.
        #[oai(default = "page::usual", validator(minimum(value = "1"), maximum(value = "100")))]
        per_page: Query<u32>,
        /// Where the page starts, from the links of another page.
        cursor: Query<Option<String>>,
    ) -> Result<Json<FailureGroupList>, Refused<Listing>> {
        let cursor = Cursor::read(cursor.as_deref())?;
        let kind = kind.0.as_deref();
        if kind.is_some_and(|kind| jobs::kind(kind).is_none()) {
            return Err(Problem::new(Code::Invalid, "There is no such kind.").about("/query/kind").into());
        }
        let per_page = per_page.min(page::LONGEST);
        let edge = cursor.map(edge);
        let mut session = state.session().await?;
        let (connection, deadline) = session.ledger();
        let limit = i64::from(per_page) + 1;
        let groups = statistics::failure_groups(connection, caller.workspace_id, kind, edge.as_ref(), limit);
        let rows = deadline.bound(groups).await?;
        let filters: Vec<_> = kind.map(|kind| ("kind", kind)).into_iter().collect();
        let Page { rows, meta, links } = Page::of(rows, per_page, cursor, "/api/v1/failures", &filters, place);
        Ok(Json(FailureGroupList { data: rows.into_iter().map(FailureResource::of).collect(), meta, links }))
    }
}

/// A group's place in the order of the list, as the 16 bytes that a cursor holds: when it was last seen, in µs, and its
/// fingerprint.
fn place(group: &FailureGroup) -> Uuid {
    let seen = u64::try_from(group.last_seen.timestamp_micros()).unwrap_or(0);
    Uuid::from_u64_pair(seen, u64::from_str_radix(&group.fingerprint, 16).unwrap_or(0))
}

fn edge(cursor: Cursor) -> Edge {
    let read = |place: Uuid| {
        let (seen, fingerprint) = place.as_u64_pair();
        let seen = i64::try_from(seen).ok().and_then(DateTime::from_timestamp_micros);
        (seen.unwrap_or(DateTime::UNIX_EPOCH), format!("{fingerprint:016x}"))
    };
    match cursor {
        Cursor::After(place) => {
            let (seen, fingerprint) = read(place);
            Edge::After(seen, fingerprint)
        }
        Cursor::Before(place) => {
            let (seen, fingerprint) = read(place);
            Edge::Before(seen, fingerprint)
        }
    }
}

impl FailureResource {
    fn of(group: FailureGroup) -> Self {
        let jobs = format!("/api/v1/jobs?error_fingerprint={}", group.fingerprint);
        Self {
            fingerprint: group.fingerprint,
            kind: group.kind,
            class: group.error_class,
            message: group.error_message,
            count: group.count,
            first_seen: group.first_seen,
            last_seen: group.last_seen,
            links: FailureLinks { jobs },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_the_wire() {
        let group = FailureGroup {
            fingerprint: "00ff00ff00ff00ff".into(),
            kind: String::new(),
            error_class: String::new(),
            error_message: String::new(),
            first_seen: DateTime::UNIX_EPOCH,
            last_seen: "2026-03-01T12:30:15.123456Z".parse().unwrap(),
            count: 1,
        };
        let expected = Edge::After(group.last_seen, group.fingerprint.clone());
        assert_eq!(edge(Cursor::After(place(&group))), expected);
    }
}
