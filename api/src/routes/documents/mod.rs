//! `/documents`: what can be searched, as its owners write it.

mod bulk;
mod resource;
mod store;

pub use resource::{DocumentBody, DocumentResource, address};

use super::{Batching, Patching, Reading, Removing, Tag};
use crate::{
    AppState,
    auth::{Reader, Writer},
    context::RequestContext,
    idempotency::IdempotencyKey,
    json::JsonBody,
    problem::{Code, Problem, Refused},
    transaction::{Done, Fault, Made, once},
};
use bulk::{DocumentBatch, DocumentBatchResult};
use gotong_shared::documents::{self, DocumentKey, DocumentType};
use poem::web::Data;
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Header, Path},
    payload::Json,
};
use serde_json::Value;
use store::Wanted;

/// The longest body of a bulk request, in bytes.
const LARGEST_BULK: usize = 16 * 1024 * 1024;

/// How a change is answered.
#[derive(ApiResponse)]
enum DocumentAccepted {
    /// The change is kept, and its job will bring it to the index.
    #[oai(status = 202)]
    Accepted(
        Json<DocumentResource>,
        /// The job.
        #[oai(header = "Location")]
        String,
        /// The document's version, which a change may name in `If-Match`.
        #[oai(header = "ETag")]
        String,
    ),
}

/// A document with its tag.
#[derive(ApiResponse)]
enum DocumentFound {
    /// The document.
    #[oai(status = 200)]
    Found(
        Json<DocumentResource>,
        /// The document's version, which a change may name in `If-Match`.
        #[oai(header = "ETag")]
        String,
    ),
}

/// How a bulk request is answered.
#[derive(ApiResponse)]
enum BulkAnswer {
    /// What became of each item.
    #[oai(status = 207)]
    Settled(
        Json<DocumentBatchResult>,
        /// `true` when this is the stored answer to an earlier request with the same Idempotency-Key.
        #[oai(header = "Idempotency-Replayed")]
        Option<bool>,
    ),
}

/// The operations on documents.
pub struct DocumentsApi;

#[OpenApi(prefix_path = "/documents", tag = "Tag::Search")]
impl DocumentsApi {
    /// Put a document.
    ///
    /// Makes it, or replaces it whole. Its version grows with each change. The change and the job that brings it to the
    /// search index are kept together; changes of one document share the job that waits.
    #[allow(clippy::too_many_arguments, reason = "each is a parameter of the operation")]
    #[oai(path = "/:type/:id", method = "put", operation_id = "put_document")]
    async fn put(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        #[oai(name = "type")] r#type: Path<DocumentType>,
        /// The document's name: 1 to 128 letters, digits, `.`, `_`, `~` and `-`.
        id: Path<String>,
        /// The version that the change starts from, as `ETag` gave it. Without it the change is made whatever there is.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
        Data(context): Data<&RequestContext>,
        body: JsonBody<DocumentBody>,
    ) -> Result<DocumentAccepted, Refused<Patching>> {
        let key = key(&caller, r#type.0, id.0)?;
        let document = documents::check(key.kind, body.0.0).map_err(|faults| unfit(faults, ""))?;
        let wanted = Wanted::put(key, document, &caller, context.trace)?;
        Ok(change(app, wanted, if_match.as_deref()).await?)
    }

    /// Get a document.
    ///
    /// As it is kept, whether the search index has it already or not.
    #[oai(path = "/:type/:id", method = "get", operation_id = "get_document")]
    async fn get(
        &self,
        Data(app): Data<&AppState>,
        caller: Reader,
        #[oai(name = "type")] r#type: Path<DocumentType>,
        /// The document's name.
        id: Path<String>,
    ) -> Result<DocumentFound, Refused<Reading>> {
        let key = DocumentKey { workspace_id: caller.workspace_id, kind: r#type.0, id: id.0 };
        let document = store::find(app, &key).await?;
        let tag = document.etag();
        Ok(DocumentFound::Found(Json(document), tag))
    }

    /// Delete a document.
    ///
    /// Its version grows once more, so that nothing older can bring it back.
    #[oai(path = "/:type/:id", method = "delete", operation_id = "delete_document")]
    async fn delete(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        #[oai(name = "type")] r#type: Path<DocumentType>,
        /// The document's name.
        id: Path<String>,
        /// The version that the change starts from, as `ETag` gave it. Without it the change is made whatever there is.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
        Data(context): Data<&RequestContext>,
    ) -> Result<DocumentAccepted, Refused<Removing>> {
        let key = DocumentKey { workspace_id: caller.workspace_id, kind: r#type.0, id: id.0 };
        let wanted = Wanted::delete(key, &caller, context.trace)?;
        Ok(change(app, wanted, if_match.as_deref()).await?)
    }

    /// Put and delete up to 1,000 documents.
    ///
    /// Each is done or refused for itself; those that are done are done together.
    #[oai(path = "/bulk", method = "post", operation_id = "change_documents")]
    async fn bulk(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        /// The client's own name for this request, 1 to 255 visible ASCII characters. The same key and body within a
        /// day are answered alike without being done again.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
        Data(context): Data<&RequestContext>,
        body: JsonBody<DocumentBatch, LARGEST_BULK>,
    ) -> Result<BulkAnswer, Refused<Batching>> {
        let key = IdempotencyKey::read(caller.workspace_id, "change_documents", idempotency_key.0)?;
        let asked = || body.0.documents.iter().map(|item| item.0.clone()).collect::<Value>().to_string();
        let request = key.map(|key| key.of(asked()));
        let read = bulk::read(body.0, &caller, context.trace)?;
        let done = once(app, request.as_ref(), async |session| {
            let wanted: Vec<&Wanted> = read.iter().filter_map(|item| item.as_ref().ok()).collect();
            let (written, enqueued) = store::write(session, caller.workspace_id, &wanted).await?;
            let result = DocumentBatchResult::of(&read, &written);
            Ok(Made::new(207, result).with(enqueued))
        });
        let Done { resource: result, replayed, .. } = done.await.map_err(Fault::problem)?;
        Ok(BulkAnswer::Settled(Json(result), replayed))
    }
}

async fn change(app: &AppState, wanted: Wanted, if_match: Option<&str>) -> Result<DocumentAccepted, Problem> {
    let clock = app.clock().await;
    let (document, enqueued) = store::change(app, &wanted, if_match).await.map_err(Fault::problem)?;
    app.push(clock, enqueued);
    let (location, tag) = (document.links.job.clone().unwrap_or_default(), document.etag());
    Ok(DocumentAccepted::Accepted(Json(document), location, tag))
}

fn key(caller: &crate::auth::Actor, kind: DocumentType, id: String) -> Result<DocumentKey, Problem> {
    if documents::is_id(&id) {
        return Ok(DocumentKey { workspace_id: caller.workspace_id, kind, id });
    }
    Err(Problem::new(Code::Invalid, "The id is not acceptable.").at("/path/id", NO_ID))
}

const NO_ID: &str = "has 1 to 128 letters, digits, '.', '_', '~' and '-'";

/// What is wrong with a document, at places that begin with `prefix`.
fn unfit(faults: Vec<documents::Fault>, prefix: &str) -> Problem {
    let problem = Problem::new(Code::Invalid, "The document is not acceptable.");
    let at =
        |problem: Problem, fault: documents::Fault| problem.at(format!("{prefix}{}", fault.pointer), fault.message);
    faults.into_iter().fold(problem, at)
}
