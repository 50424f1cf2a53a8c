//! `/reports`: questions about what the ledger knows, answered in files.

mod resource;
pub(crate) mod store;

pub use resource::{ReportLinkRequest, ReportResource};

use super::{Asking, Downloading, Listing, Reading, Tag};
use crate::{
    AppState,
    auth::{Reader, Writer},
    context::RequestContext,
    file::{File, FileAnswer},
    idempotency::IdempotencyKey,
    json::JsonBody,
    page::{self, Cursor, Page},
    problem::{Code, Declares, Problem, Refused},
    transaction::{Done, Fault, Made, once},
};
use chrono::{TimeDelta, Utc};
use gotong_shared::{
    db::models::Report,
    jobs::{Contract, ReportGenerate},
    reports::{ReportFormat, ReportState, filename_of, link},
};
use poem::{Request, web::Data};
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Header, Path, Query},
    payload::Json,
    types::ToJSON,
};
use resource::{ReportAddress, ReportList};
use uuid::Uuid;

/// How a report that is asked for is answered.
#[derive(ApiResponse)]
enum ReportAccepted {
    /// It is accepted, and will be made.
    #[oai(status = 202)]
    Accepted(
        Json<ReportResource>,
        /// The report.
        #[oai(header = "Location")]
        String,
        /// `true` when this is the stored answer to an earlier request with the same Idempotency-Key.
        #[oai(header = "Idempotency-Replayed")]
        Option<bool>,
    ),
}

/// How a deletion is answered.
#[derive(ApiResponse)]
enum ReportDeleted {
    /// It is gone, and so is its file.
    #[oai(status = 204)]
    Gone,
}

/// Problems of removing a report.
pub struct RemovingReport;

impl Declares for RemovingReport {
    const STATUSES: &'static [u16] = &[400, 401, 403, 404, 409, 500, 503];
}

/// Problems of asking for a link.
pub struct Linking;

impl Declares for Linking {
    const STATUSES: &'static [u16] = &[400, 401, 403, 404, 413, 415, 422, 500, 503];
}

/// The operations on reports.
pub struct ReportsApi;

#[OpenApi(prefix_path = "/reports", tag = "Tag::Reports")]
impl ReportsApi {
    /// Ask for a report.
    ///
    /// All of it is read in one snapshot of the ledger. A report that reaches its row limit says so on its first page, here
    /// as `truncated`, and in its e-mail.
    #[oai(path = "/", method = "post", operation_id = "create_report")]
    async fn create(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        /// The client's own name for this request, 1 to 255 visible ASCII characters. The same key and body within a
        /// day are answered alike without being done again.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
        Data(context): Data<&RequestContext>,
        body: JsonBody<ReportGenerate>,
    ) -> Result<ReportAccepted, Refused<Asking>> {
        let key = IdempotencyKey::read(caller.workspace_id, "create_report", idempotency_key.0)?;
        body.0.validate().map_err(store::unfit)?;
        if body.0.delivery.is_some() && !app.mail.is_configured() {
            let detail = "No mail server is configured; an operator has to set GOTONG_SMTP_URL.";
            return Err(Problem::new(Code::MailNotConfigured, detail).into());
        }
        let request = key.map(|key| key.of(body.0.to_json_string()));
        let accepted = once(app, request.as_ref(), async |session| {
            let (report, enqueued) = store::insert(session, &caller, &body.0, context.trace.to_string()).await?;
            let location = report.links.this.clone();
            Ok(Made::new(202, report).at(location).with(enqueued))
        });
        let Done { resource: report, replayed, .. } = accepted.await.map_err(Fault::problem)?;
        let location = report.links.this.clone();
        Ok(ReportAccepted::Accepted(Json(report), location, replayed))
    }

    /// List reports.
    ///
    /// Newest first. Administrators also see the platform's own, which begin with `platform`.
    #[oai(path = "/", method = "get", operation_id = "list_reports")]
    async fn list(
        &self,
        Data(app): Data<&AppState>,
        caller: Reader,
        /// Only reports in this state.
        state: Query<Option<ReportState>>,
        /// The most items on a page.
        #[oai(default = "page::usual", validator(minimum(value = "1"), maximum(value = "100")))]
        per_page: Query<u32>,
        /// Where the page starts, from the links of another page.
        cursor: Query<Option<String>>,
    ) -> Result<Json<ReportList>, Refused<Listing>> {
        let cursor = Cursor::read(cursor.as_deref())?;
        let per_page = per_page.min(page::LONGEST);
        let rows = store::list(app, &caller, state.0, per_page, cursor).await?;
        let filters: Vec<_> = state.0.map(|state| ("state", state.as_str())).into_iter().collect();
        Ok(Json(ReportList::of(Page::of(rows, per_page, cursor, "/api/v1/reports", &filters, |report| report.id))))
    }

    /// Get a report.
    ///
    /// What it is about and where it comes from: source and version, parameters, range, of when its data are, how many
    /// rows, and the SHA-256 of its file.
    #[oai(path = "/:id", method = "get", operation_id = "get_report")]
    async fn get(
        &self,
        Data(app): Data<&AppState>,
        caller: Reader,
        id: Path<Uuid>,
    ) -> Result<Json<ReportResource>, Refused<Reading>> {
        Ok(Json(ReportResource::of(store::find(app, &caller, id.0).await?)))
    }

    /// Download a report.
    ///
    /// Until it is made, the answer is 404 with the code `report_pending`. Understands `Range`, `If-Range` and
    /// `If-None-Match`.
    #[oai(path = "/:id/content", method = "get", operation_id = "get_report_content")]
    async fn content(
        &self,
        Data(app): Data<&AppState>,
        caller: Reader,
        id: Path<Uuid>,
        request: &Request,
    ) -> Result<FileAnswer, Refused<Downloading>> {
        let report = store::find(app, &caller, id.0).await?;
        Ok(serve(app, &report, request).await?)
    }

    /// Make a link to a report.
    ///
    /// Whoever has the link can download the report until then, without a key.
    #[oai(path = "/:id/link", method = "post", operation_id = "create_report_link")]
    async fn link(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        id: Path<Uuid>,
        body: JsonBody<ReportLinkRequest>,
    ) -> Result<Json<ReportAddress>, Refused<Linking>> {
        let seconds = body.0.expires_in_s;
        if !(1..=30 * 86_400).contains(&seconds) {
            let problem = Problem::new(Code::Invalid, "The link cannot be made.");
            return Err(problem.at("/expires_in_s", "is not from 1 to 2592000, which are 30 days").into());
        }
        let report = store::find(app, &caller, id.0).await?;
        let until = report.expires_at.min(Utc::now() + TimeDelta::seconds(seconds));
        let url = link::address(&app.letterhead.public_url, &report.link_secret, report.id, until);
        Ok(Json(ReportAddress { url, expires_at: until }))
    }

    /// Delete a report.
    ///
    /// Its file goes with it, and its links lead nowhere. Cancel the job of one that is not made yet.
    #[oai(path = "/:id", method = "delete", operation_id = "delete_report")]
    async fn delete(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        id: Path<Uuid>,
    ) -> Result<ReportDeleted, Refused<RemovingReport>> {
        store::delete(app, &caller, id.0).await.map_err(Fault::problem)?;
        Ok(ReportDeleted::Gone)
    }
}

/// A page without a script or anything from elsewhere; what is drawn is in the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; sandbox";

/// The file of a report.
///
/// # Errors
/// 404 when there is none (yet), or what serving a file answers.
pub async fn serve(app: &AppState, report: &Report, request: &Request) -> Result<FileAnswer, Problem> {
    let (Some(key), Some(sha256), Some(size)) = (&report.object_key, &report.sha256, report.byte_size) else {
        return Err(no_file(report));
    };
    let format = ReportFormat::of(&report.format).unwrap_or_default();
    let file = File {
        object_key: key,
        content_type: format.media_type(),
        size: u64::try_from(size).unwrap_or_default(),
        sha256,
        filename: &filename_of(report),
        cache_control: "private, no-cache",
        policy: POLICY,
    };
    file.answer(app, request).await
}

fn no_file(report: &Report) -> Problem {
    match ReportState::of(&report.state) {
        Some(ReportState::Empty) => {
            Problem::new(Code::NotFound, "There were no rows, so no file was made, as the request asked for.")
        }
        Some(ReportState::Failed) => {
            let why = report.failure_message.as_deref().unwrap_or("its job did not succeed");
            Problem::new(Code::NotFound, format!("The report could not be made: {why}"))
        }
        Some(ReportState::Cancelled) => Problem::new(Code::NotFound, "The report was cancelled."),
        _ => Problem::new(Code::ReportPending, "The report is not made yet.").retry_after(2),
    }
}
