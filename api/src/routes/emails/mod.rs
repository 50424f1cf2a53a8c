//! `/emails`: messages to people.

pub mod request;
mod resource;
mod store;

pub use request::{EmailAddress, EmailRequest};
pub use resource::{EmailPreview, EmailResource};

use super::{Asking, Listing, Reading, Tag};
use crate::{
    AppState,
    auth::{Reader, Writer},
    context::RequestContext,
    idempotency::IdempotencyKey,
    json::JsonBody,
    page::{self, Cursor, Page},
    problem::{Code, Problem, Refused},
    transaction::{Done, Fault, Made, once},
};
use chrono::Utc;
use gotong_shared::mail::RecipientState;
use poem::web::Data;
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Header, Path, Query},
    payload::{Html, Json},
    types::ToJSON,
};
use resource::EmailList;
use store::Filter;
use uuid::Uuid;

/// How an e-mail that is asked for is answered.
#[derive(ApiResponse)]
enum EmailAccepted {
    /// It is accepted, and will be sent to each recipient, or it will be told why not.
    #[oai(status = 202)]
    Accepted(
        Json<EmailResource>,
        /// The e-mail.
        #[oai(header = "Location")]
        String,
        /// `true` when this is the stored answer to an earlier request with the same Idempotency-Key.
        #[oai(header = "Idempotency-Replayed")]
        Option<bool>,
    ),
}

/// What a browser may do with a message that it shows: nothing but draw it, within a page of ours.
const DRAWN: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'";

/// The HTML form of a message.
#[derive(ApiResponse)]
enum EmailDrawn {
    /// As it is sent. Scripts do not run in it and nothing is loaded from elsewhere.
    #[oai(status = 200)]
    Html(
        Html<String>,
        /// What a browser may do with it.
        #[oai(header = "Content-Security-Policy")]
        String,
        /// Who may show it within a page.
        #[oai(header = "X-Frame-Options")]
        String,
    ),
}

/// The operations on e-mails.
pub struct EmailsApi;

#[OpenApi(prefix_path = "/emails", tag = "Tag::Emails")]
impl EmailsApi {
    /// Send an e-mail.
    ///
    /// It is checked and its template rendered before it is accepted. A server may accept a message just before the
    /// connection or the worker breaks: then it is sent again with the same Message-ID, and the recipient is marked
    /// `possibly_duplicate`.
    #[oai(path = "/", method = "post", operation_id = "create_email")]
    async fn create(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        /// The client's own name for this request, 1 to 255 visible ASCII characters. The same key and body within a
        /// day are answered alike without being done again.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
        Data(context): Data<&RequestContext>,
        body: JsonBody<EmailRequest>,
    ) -> Result<EmailAccepted, Refused<Asking>> {
        let key = IdempotencyKey::read(caller.workspace_id, "create_email", idempotency_key.0)?;
        if !app.mail.is_configured() {
            let detail = "No mail server is configured; an operator has to set GOTONG_SMTP_URL.";
            return Err(Problem::new(Code::MailNotConfigured, detail).into());
        }
        let checked = body.0.check(Utc::now())?;
        let request = key.map(|key| key.of(body.0.to_json_string()));
        let accepted = once(app, request.as_ref(), async |session| {
            let trace = context.trace.to_string();
            let (email, enqueued) = store::insert(session, app, &caller, &body.0, &checked, trace).await?;
            let location = email.links.this.clone();
            Ok(Made::new(202, email).at(location).with(enqueued))
        });
        let Done { resource: email, replayed, .. } = accepted.await.map_err(Fault::problem)?;
        let location = email.links.this.clone();
        Ok(EmailAccepted::Accepted(Json(email), location, replayed))
    }

    /// List e-mails.
    ///
    /// Newest first.
    #[oai(path = "/", method = "get", operation_id = "list_emails")]
    async fn list(
        &self,
        Data(app): Data<&AppState>,
        caller: Reader,
        /// Only e-mails with a recipient in this state.
        state: Query<Option<RecipientState>>,
        /// Only e-mails to this address.
        #[oai(validator(max_length = 320))]
        address: Query<Option<String>>,
        /// The most items on a page.
        #[oai(default = "page::usual", validator(minimum(value = "1"), maximum(value = "100")))]
        per_page: Query<u32>,
        /// Where the page starts, from the links of another page.
        cursor: Query<Option<String>>,
    ) -> Result<Json<EmailList>, Refused<Listing>> {
        let cursor = Cursor::read(cursor.as_deref())?;
        let per_page = per_page.min(page::LONGEST);
        let filter = Filter { state: state.0, address: address.0 };
        let rows = store::list(app, &caller, &filter, per_page, cursor).await?;
        let state = filter.state.map(|state| ("state", state.as_str().to_owned()));
        let parameters: Vec<_> = state.into_iter().chain(filter.address.map(|address| ("address", address))).collect();
        let page = Page::of(rows, per_page, cursor, "/api/v1/emails", &parameters, |(email, _)| email.id);
        Ok(Json(EmailList::of(page)))
    }

    /// Get an e-mail.
    #[oai(path = "/:id", method = "get", operation_id = "get_email")]
    async fn get(
        &self,
        Data(app): Data<&AppState>,
        caller: Reader,
        id: Path<Uuid>,
    ) -> Result<Json<EmailResource>, Refused<Reading>> {
        let (email, recipients) = store::find(app, &caller, id.0).await?;
        Ok(Json(EmailResource::of(email, recipients)))
    }

    /// Preview an e-mail.
    ///
    /// Subject, text and HTML as they are sent.
    #[oai(path = "/:id/preview", method = "get", operation_id = "preview_email")]
    async fn preview(
        &self,
        Data(app): Data<&AppState>,
        caller: Reader,
        id: Path<Uuid>,
    ) -> Result<Json<EmailPreview>, Refused<Reading>> {
        let (email, _) = store::find(app, &caller, id.0).await?;
        Ok(Json(EmailPreview { subject: email.subject, text: email.text_body, html: email.html_body }))
    }

    /// Show an e-mail's HTML.
    ///
    /// As a page for a frame. A message without HTML has none.
    #[oai(path = "/:id/preview/html", method = "get", operation_id = "show_email")]
    async fn show(
        &self,
        Data(app): Data<&AppState>,
        caller: Reader,
        id: Path<Uuid>,
    ) -> Result<EmailDrawn, Refused<Reading>> {
        let (email, _) = store::find(app, &caller, id.0).await?;
        let html = email.html_body.ok_or_else(|| Problem::not_found("HTML form of this e-mail"))?;
        Ok(EmailDrawn::Html(Html(html), DRAWN.to_owned(), "SAMEORIGIN".to_owned()))
    }
}
