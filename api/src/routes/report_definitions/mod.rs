//! `/report-definitions`: queries of a workspace's own.

mod request;
mod resource;
mod store;

pub use request::ReportDefinitionRequest;
pub use resource::ReportDefinitionResource;

use super::{Asking, Listing, Patching, Reading, Removing, Tag};
use crate::{
    AppState,
    auth::{Actor, Reader, Role, Writer},
    idempotency::IdempotencyKey,
    json::JsonBody,
    page::{self, Cursor, Page},
    problem::{Code, Problem, Refused},
    transaction::{Done, Fault, Made, once},
};
use poem::web::Data;
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Header, Path, Query},
    payload::Json,
    types::ToJSON,
};
use resource::ReportDefinitionList;
use uuid::Uuid;

/// How a new definition is answered.
#[derive(ApiResponse)]
enum DefinitionCreated {
    /// It is kept, as version 1.
    #[oai(status = 201)]
    Created(
        Json<ReportDefinitionResource>,
        /// The definition.
        #[oai(header = "Location")]
        String,
        /// Its tag.
        #[oai(header = "ETag")]
        String,
        /// `true` when this is the stored answer to an earlier request with the same Idempotency-Key.
        #[oai(header = "Idempotency-Replayed")]
        Option<bool>,
    ),
}

/// A definition with its tag.
#[derive(ApiResponse)]
enum DefinitionFound {
    /// The definition.
    #[oai(status = 200)]
    Found(
        Json<ReportDefinitionResource>,
        /// Its tag, which a change names in `If-Match`.
        #[oai(header = "ETag")]
        String,
    ),
}

/// How a deletion is answered.
#[derive(ApiResponse)]
enum DefinitionDeleted {
    /// Nobody can ask for it any more. Reports made of it stay.
    #[oai(status = 204)]
    Gone,
}

/// The operations on definitions.
pub struct ReportDefinitionsApi;

#[OpenApi(prefix_path = "/report-definitions", tag = "Tag::Reports")]
impl ReportDefinitionsApi {
    /// Create a report definition.
    ///
    /// A query that reads the views of the schema `reporting`, which show the workspace's own rows. It runs as a role that
    /// may read these and nothing else. Only administrators may keep definitions.
    #[oai(path = "/", method = "post", operation_id = "create_report_definition")]
    async fn create(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        /// The client's own name for this request, 1 to 255 visible ASCII characters. The same key and body within a
        /// day are answered alike without being done again.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
        body: JsonBody<ReportDefinitionRequest>,
    ) -> Result<DefinitionCreated, Refused<Asking>> {
        only_admins(&caller)?;
        let key = IdempotencyKey::read(caller.workspace_id, "create_report_definition", idempotency_key.0)?;
        let checked = body.0.check(app).await?;
        let request = key.map(|key| key.of(body.0.to_json_string()));
        let created = once(app, request.as_ref(), async |session| {
            let definition = store::insert(session, &caller, &body.0, &checked).await?;
            let location = definition.links.this.clone();
            Ok(Made::new(201, definition).at(location))
        });
        let Done { resource: definition, replayed, .. } = created.await.map_err(Fault::problem)?;
        let (location, tag) = (definition.links.this.clone(), definition.etag.clone());
        Ok(DefinitionCreated::Created(Json(definition), location, tag, replayed))
    }

    /// List report definitions.
    ///
    /// The latest made first, each in its latest version.
    #[oai(path = "/", method = "get", operation_id = "list_report_definitions")]
    async fn list(
        &self,
        Data(app): Data<&AppState>,
        caller: Reader,
        /// The most items on a page.
        #[oai(default = "page::usual", validator(minimum(value = "1"), maximum(value = "100")))]
        per_page: Query<u32>,
        /// Where the page starts, from the links of another page.
        cursor: Query<Option<String>>,
    ) -> Result<Json<ReportDefinitionList>, Refused<Listing>> {
        let cursor = Cursor::read(cursor.as_deref())?;
        let per_page = per_page.min(page::LONGEST);
        let rows = store::list(app, &caller, per_page, cursor).await?;
        let no_filters: [(&str, &str); 0] = [];
        let page =
            Page::of(rows, per_page, cursor, "/api/v1/report-definitions", &no_filters, |found| found.definition.id);
        Ok(Json(ReportDefinitionList::of(page)))
    }

    /// Get a report definition.
    ///
    /// In its latest version.
    #[oai(path = "/:id", method = "get", operation_id = "get_report_definition")]
    async fn get(
        &self,
        Data(app): Data<&AppState>,
        caller: Reader,
        id: Path<Uuid>,
    ) -> Result<DefinitionFound, Refused<Reading>> {
        Ok(found(app, &caller, id.0, None).await?)
    }

    /// Get a version of a report definition.
    ///
    /// Versions never change.
    #[oai(path = "/:id/versions/:version", method = "get", operation_id = "get_report_definition_version")]
    async fn version(
        &self,
        Data(app): Data<&AppState>,
        caller: Reader,
        id: Path<Uuid>,
        /// Its number, from 1.
        version: Path<i32>,
    ) -> Result<DefinitionFound, Refused<Reading>> {
        Ok(found(app, &caller, id.0, Some(version.0)).await?)
    }

    /// Add a version of a report definition.
    ///
    /// `If-Match` names the version that the client has seen. Earlier versions stay, and reports made of them say so.
    #[oai(path = "/:id", method = "put", operation_id = "update_report_definition")]
    async fn replace(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        id: Path<Uuid>,
        /// The `ETag` of the definition, or `*`.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
        body: JsonBody<ReportDefinitionRequest>,
    ) -> Result<DefinitionFound, Refused<Patching>> {
        only_admins(&caller)?;
        store::find(app, &caller, id.0, None).await?;
        let checked = body.0.check(app).await?;
        let replaced = store::replace(app, &caller, id.0, if_match.as_deref(), &body.0, &checked).await;
        replaced.map_err(Fault::problem)?;
        Ok(found(app, &caller, id.0, None).await?)
    }

    /// Delete a report definition.
    ///
    /// Reports made of it stay. Schedules that name it fail from now on.
    #[oai(path = "/:id", method = "delete", operation_id = "delete_report_definition")]
    async fn delete(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        id: Path<Uuid>,
        /// The `ETag` of the definition, or `*`.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
    ) -> Result<DefinitionDeleted, Refused<Removing>> {
        only_admins(&caller)?;
        store::delete(app, &caller, id.0, if_match.as_deref()).await.map_err(Fault::problem)?;
        Ok(DefinitionDeleted::Gone)
    }
}

async fn found(app: &AppState, caller: &Actor, id: Uuid, version: Option<i32>) -> Result<DefinitionFound, Problem> {
    let resource = ReportDefinitionResource::of(&store::find(app, caller, id, version).await?);
    let tag = resource.etag.clone();
    Ok(DefinitionFound::Found(Json(resource), tag))
}

/// A query reads whatever the workspace has.
fn only_admins(actor: &Actor) -> Result<(), Problem> {
    if actor.role == Role::Admin {
        return Ok(());
    }
    let detail = format!("The role {} may ask for reports; their definitions need the role admin.", actor.role);
    Err(Problem::new(Code::Forbidden, detail))
}
