//! `/suppressions`: who gets no e-mail.

use super::{Altering, Asking, Listing, Tag};
use crate::{
    AppState,
    auth::{Reader, Writer},
    idempotency::IdempotencyKey,
    json::JsonBody,
    page::{self, Cursor, Page, PageLinks, PageMeta},
    problem::{Problem, Refused},
    state::Session,
    transaction::{Done, Fault, Made, once},
};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use gotong_shared::{
    db::{models::Suppression, schema::suppressions},
    mail::{
        RecipientAddress, SuppressionReason,
        suppression::{NewSuppression, suppress},
    },
};
use poem::web::Data;
use poem_openapi::{
    ApiResponse, Object, OpenApi,
    param::{Header, Path, Query},
    payload::Json,
    types::ToJSON,
};
use serde::Deserialize;
use uuid::Uuid;

/// The longest detail, in characters.
const DETAIL: usize = 500;

/// An address to be put on the list.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(skip_serializing_if_is_none)]
pub struct SuppressionRequest {
    /// Such as `siti@example.org`.
    pub address: String,
    /// Why; `manual` unless told otherwise.
    pub reason: Option<SuppressionReason>,
    /// What somebody should know about it; 500 characters at most.
    pub detail: Option<String>,
}

/// An address that gets no e-mail.
#[derive(Clone, Debug, Object)]
#[oai(rename = "Suppression", skip_serializing_if_is_none)]
pub struct SuppressionResource {
    /// Its id.
    pub id: Uuid,
    /// In lower case.
    pub address: String,
    /// Why. Who has unsubscribed still gets what is not bulk mail.
    pub reason: SuppressionReason,
    /// What a server or a person said.
    pub detail: Option<String>,
    /// The e-mail that it came of.
    pub email_id: Option<Uuid>,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// A page of suppressions, the latest first.
#[derive(Clone, Debug, Object)]
pub struct SuppressionList {
    data: Vec<SuppressionResource>,
    meta: PageMeta,
    links: PageLinks,
}

impl SuppressionResource {
    fn of(row: Suppression) -> Self {
        Self {
            id: row.id,
            address: row.address,
            reason: SuppressionReason::of(&row.reason).unwrap_or(SuppressionReason::Manual),
            detail: row.detail,
            email_id: row.email_id,
            created_at: row.created_at,
        }
    }
}

/// How an address that is put on the list is answered.
#[derive(ApiResponse)]
enum Suppressed {
    /// It is on the list, now or before. A reason that holds for all mail takes the place of an unsubscription.
    #[oai(status = 201)]
    Created(
        Json<SuppressionResource>,
        /// `true` when this is the stored answer to an earlier request with the same Idempotency-Key.
        #[oai(header = "Idempotency-Replayed")]
        Option<bool>,
    ),
}

/// How a removal is answered.
#[derive(ApiResponse)]
enum Removed {
    /// It is off the list: e-mails are sent again.
    #[oai(status = 204)]
    Gone,
}

/// The operations on suppressions.
pub struct SuppressionsApi;

#[OpenApi(prefix_path = "/suppressions", tag = "Tag::Emails")]
impl SuppressionsApi {
    /// List suppressions.
    ///
    /// The latest first.
    #[oai(path = "/", method = "get", operation_id = "list_suppressions")]
    async fn list(
        &self,
        Data(app): Data<&AppState>,
        caller: Reader,
        /// Only this address.
        #[oai(validator(max_length = 320))]
        address: Query<Option<String>>,
        /// Only for this reason.
        reason: Query<Option<SuppressionReason>>,
        /// The most items on a page.
        #[oai(default = "page::usual", validator(minimum(value = "1"), maximum(value = "100")))]
        per_page: Query<u32>,
        /// Where the page starts, from the links of another page.
        cursor: Query<Option<String>>,
    ) -> Result<Json<SuppressionList>, Refused<Listing>> {
        let cursor = Cursor::read(cursor.as_deref())?;
        let per_page = per_page.min(page::LONGEST);
        let mut query = suppressions::table
            .filter(suppressions::workspace_id.eq(caller.workspace_id))
            .select(Suppression::as_select())
            .limit(i64::from(per_page) + 1)
            .into_boxed();
        let mut filters = Vec::new();
        if let Some(address) = &address.0 {
            query = query.filter(suppressions::address.eq(address.to_lowercase()));
            filters.push(("address", address.clone()));
        }
        if let Some(reason) = reason.0 {
            query = query.filter(suppressions::reason.eq(reason.as_str()));
            filters.push(("reason", reason.as_str().to_owned()));
        }
        query = match cursor {
            None => query.order(suppressions::id.desc()),
            Some(Cursor::After(id)) => query.filter(suppressions::id.lt(id)).order(suppressions::id.desc()),
            Some(Cursor::Before(id)) => query.filter(suppressions::id.gt(id)).order(suppressions::id.asc()),
        };
        let mut session = app.session().await?;
        let (connection, deadline) = session.ledger();
        let rows: Vec<Suppression> = deadline.bound(query.load(connection)).await?;
        let page = Page::of(rows, per_page, cursor, "/api/v1/suppressions", &filters, |row| row.id);
        let data = page.rows.into_iter().map(SuppressionResource::of).collect();
        Ok(Json(SuppressionList { data, meta: page.meta, links: page.links }))
    }

    /// Suppress an address.
    ///
    /// It gets no e-mail of this workspace until it is taken off the list.
    #[oai(path = "/", method = "post", operation_id = "create_suppression")]
    async fn create(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        /// The client's own name for this request, 1 to 255 visible ASCII characters. The same key and body within a
        /// day are answered alike without being done again.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
        body: JsonBody<SuppressionRequest>,
    ) -> Result<Suppressed, Refused<Asking>> {
        let key = IdempotencyKey::read(caller.workspace_id, "create_suppression", idempotency_key.0)?;
        let address = body.0.check()?;
        let request = key.map(|key| key.of(body.0.to_json_string()));
        let created = once(app, request.as_ref(), async |session| {
            let new = NewSuppression {
                workspace_id: caller.workspace_id,
                address: address.as_str(),
                reason: body.0.reason.unwrap_or(SuppressionReason::Manual),
                detail: body.0.detail.as_deref(),
                email_id: None,
                created_by: Some(caller.id),
            };
            Ok(Made::new(201, insert(session, new).await?))
        });
        let Done { resource, replayed, .. } = created.await.map_err(Fault::problem)?;
        Ok(Suppressed::Created(Json(resource), replayed))
    }

    /// Take an address off the list.
    #[oai(path = "/:id", method = "delete", operation_id = "delete_suppression")]
    async fn delete(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        id: Path<Uuid>,
    ) -> Result<Removed, Refused<Altering>> {
        let mut session = app.session().await?;
        let (connection, deadline) = session.ledger();
        let row = suppressions::table.find(id.0).filter(suppressions::workspace_id.eq(caller.workspace_id));
        let deleted = deadline.bound(diesel::delete(row).execute(connection)).await?;
        if deleted == 0 { Err(Problem::not_found("suppression").into()) } else { Ok(Removed::Gone) }
    }
}

impl SuppressionRequest {
    fn check(&self) -> Result<RecipientAddress, Problem> {
        let refuse = |pointer: &str, why: String| {
            super::emails::request::refused("The address cannot be put on the list.", vec![(pointer.to_owned(), why)])
        };
        if self.detail.as_ref().is_some_and(|detail| detail.chars().count() > DETAIL) {
            return Err(refuse("/detail", format!("is longer than {DETAIL} characters")));
        }
        RecipientAddress::parse(&self.address).map_err(|error| refuse("/address", error.to_string()))
    }
}

async fn insert(session: &mut Session, new: NewSuppression<'_>) -> Result<SuppressionResource, Fault> {
    let (connection, deadline) = session.ledger();
    deadline.bound(suppress(connection, new)).await?;
    let query = suppressions::table
        .filter(suppressions::workspace_id.eq(new.workspace_id))
        .filter(suppressions::address.eq(new.address.to_ascii_lowercase()))
        .select(Suppression::as_select());
    Ok(SuppressionResource::of(deadline.bound(query.first(connection)).await?))
}
