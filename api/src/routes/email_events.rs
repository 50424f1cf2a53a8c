//! `/email-events`: what was learnt of e-mails after the mail server had accepted them.

use super::{Asking, Tag, emails::request::refused};
use crate::{
    AppState,
    auth::{Actor, Writer},
    idempotency::IdempotencyKey,
    json::JsonBody,
    problem::{Problem, Refused},
    state::Session,
    transaction::{Done, Fault, Made, once},
};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use gotong_shared::{
    db::{
        models::EmailRecipient,
        schema::{email_recipients, emails},
    },
    mail::{
        EnhancedStatus, RecipientAddress, RecipientState, SuppressionReason,
        delivery_status::{self, Reported},
        suppression::{NewSuppression, suppress},
    },
};
use poem::web::Data;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi, param::Header, payload::Json, types::ToJSON};
use serde::Deserialize;
use uuid::Uuid;

/// What kind of event it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum EmailEventType {
    /// A server says that an address will never do. Needs `address`.
    Bounced,
    /// Somebody reported a message as unwanted. Needs `address`.
    Complained,
    /// A report of a mail server, to be read here. Needs `message`.
    DeliveryStatus,
}

/// Something that was learnt.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(skip_serializing_if_is_none)]
pub struct EmailEvent {
    /// What kind it is.
    #[serde(rename = "type")]
    #[oai(rename = "type")]
    pub kind: EmailEventType,
    /// Whom it is about.
    pub address: Option<String>,
    /// The Message-ID of the e-mail that it came of, if that is known.
    pub message_id: Option<String>,
    /// What a server or a person said; 500 characters at most.
    pub detail: Option<String>,
    /// The whole report (RFC 3464), as it arrived at the return path; 512 KiB at most.
    pub message: Option<String>,
}

/// What an event changed.
#[derive(Clone, Debug, Object)]
pub struct EmailEventEffect {
    /// How many recipients of e-mails have bounced by it.
    pub bounced: u32,
    /// How many addresses were put on the list of suppressions.
    pub suppressed: u32,
}

/// How an event is answered.
#[derive(ApiResponse)]
enum Noted {
    /// It is noted.
    #[oai(status = 200)]
    Noted(
        Json<EmailEventEffect>,
        /// `true` when this is the stored answer to an earlier request with the same Idempotency-Key.
        #[oai(header = "Idempotency-Replayed")]
        Option<bool>,
    ),
}

/// The operations on events.
pub struct EmailEventsApi;

#[OpenApi(prefix_path = "/email-events", tag = "Tag::Emails")]
impl EmailEventsApi {
    /// Report what became of an e-mail.
    ///
    /// A bounce or a complaint puts the address on the list of suppressions. A report that does not name an e-mail of
    /// this workspace and one of its recipients changes nothing and is refused, since anybody can write one.
    #[oai(path = "/", method = "post", operation_id = "create_email_event")]
    async fn create(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        /// The client's own name for this request, 1 to 255 visible ASCII characters. The same key and body within a
        /// day are answered alike without being done again.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
        body: JsonBody<EmailEvent>,
    ) -> Result<Noted, Refused<Asking>> {
        let key = IdempotencyKey::read(caller.workspace_id, "create_email_event", idempotency_key.0)?;
        let findings = body.0.findings()?;
        let request = key.map(|key| key.of(body.0.to_json_string()));
        let done =
            once(app, request.as_ref(), async |session| Ok(Made::new(200, note(session, &caller, &findings).await?)));
        let Done { resource: effect, replayed, .. } = done.await.map_err(Fault::problem)?;
        Ok(Noted::Noted(Json(effect), replayed))
    }
}

/// What an event says, whatever form it came in.
struct Findings {
    message_id: Option<String>,
    /// Whether it is worth nothing without an e-mail that it came of.
    is_hearsay: bool,
    each: Vec<Finding>,
}

struct Finding {
    address: String,
    /// Its recipient has not got the message.
    bounced: bool,
    suppress: Option<SuppressionReason>,
    detail: String,
}

fn fault(pointer: &str, why: impl Into<String>) -> Problem {
    refused("The event cannot be understood.", vec![(pointer.to_owned(), why.into())])
}

impl EmailEvent {
    fn findings(&self) -> Result<Findings, Problem> {
        if self.detail.as_ref().is_some_and(|detail| detail.chars().count() > 500) {
            return Err(fault("/detail", "is longer than 500 characters"));
        }
        let reason = match self.kind {
            EmailEventType::DeliveryStatus => return self.reported(),
            EmailEventType::Bounced => SuppressionReason::Bounce,
            EmailEventType::Complained => SuppressionReason::Complaint,
        };
        if self.message.is_some() {
            return Err(fault("/message", "belongs to the type delivery_status"));
        }
        let address = self.address.as_deref().ok_or_else(|| fault("/address", "is missing"))?;
        let address = RecipientAddress::parse(address).map_err(|error| fault("/address", error.to_string()))?;
        let finding = Finding {
            address: address.key(),
            bounced: reason == SuppressionReason::Bounce,
            suppress: Some(reason),
            detail: self.detail.clone().unwrap_or_else(|| "reported by a client".into()),
        };
        Ok(Findings { message_id: self.message_id.clone(), is_hearsay: false, each: vec![finding] })
    }

    fn reported(&self) -> Result<Findings, Problem> {
        if self.address.is_some() || self.message_id.is_some() {
            return Err(fault("/address", "is told by the report, and so is message_id"));
        }
        let message = self.message.as_deref().ok_or_else(|| fault("/message", "is missing"))?;
        if message.len() > delivery_status::LONGEST {
            return Err(fault("/message", format!("is longer than {} bytes", delivery_status::LONGEST)));
        }
        let report = delivery_status::parse(message).map_err(|error| fault("/message", error.to_string()))?;
        let message_id =
            report.message_id.ok_or_else(|| fault("/message", "does not say which message it is about"))?;
        let failed = report.recipients.into_iter().filter(|reported| reported.action == "failed");
        Ok(Findings { message_id: Some(message_id), is_hearsay: true, each: failed.map(finding).collect() })
    }
}

fn finding(reported: Reported) -> Finding {
    let status = EnhancedStatus::parse(&reported.status);
    let is_final = status.is_some_and(|status| status.class == 5 && status.is_about_the_address());
    Finding {
        address: reported.address,
        bounced: true,
        suppress: is_final.then_some(SuppressionReason::Bounce),
        detail: reported.diagnostic.unwrap_or(reported.status).chars().take(500).collect(),
    }
}

/// The e-mail's id in a Message-ID of ours: `<id@domain>`, or `<id.place@domain>` in bulk mail.
fn email_of(message_id: &str) -> Option<Uuid> {
    let (local, _) = message_id.trim().trim_start_matches('<').split_once('@')?;
    local.split('.').next()?.parse().ok()
}

async fn note(session: &mut Session, caller: &Actor, findings: &Findings) -> Result<EmailEventEffect, Fault> {
    let recipients = match &findings.message_id {
        None => Vec::new(),
        Some(message_id) => {
            let id = email_of(message_id);
            let found = match id {
                Some(id) => recipients_of(session, caller, id).await?,
                None => Vec::new(),
            };
            if found.is_empty() {
                let pointer = if findings.is_hearsay { "/message" } else { "/message_id" };
                return Err(fault(pointer, "names no e-mail of this workspace").into());
            }
            found
        }
    };
    let mut effect = EmailEventEffect { bounced: 0, suppressed: 0 };
    for finding in &findings.each {
        let row = recipients.iter().find(|row| row.address.eq_ignore_ascii_case(&finding.address));
        if row.is_none() && findings.is_hearsay {
            return Err(fault("/message", "names somebody who was not a recipient of the e-mail").into());
        }
        let (connection, deadline) = session.ledger();
        if let Some(row) = row.filter(|_| finding.bounced) {
            let target = email_recipients::table.find((row.email_id, row.position));
            let changes = (
                email_recipients::state.eq(RecipientState::Bounced.as_str()),
                email_recipients::reply_code.eq(None::<i16>),
                email_recipients::reply.eq(&finding.detail),
                email_recipients::updated_at.eq(diesel::dsl::now),
            );
            // One that waits to be tried again has not been refused for good by anybody.
            let sent = target.filter(email_recipients::state.eq_any(["sent", "sending"]));
            let updated = deadline.bound(diesel::update(sent).set(changes).execute(connection)).await?;
            effect.bounced += u32::try_from(updated).unwrap_or_default();
        }
        if let Some(reason) = finding.suppress {
            let new = NewSuppression {
                workspace_id: caller.workspace_id,
                address: &finding.address,
                reason,
                detail: Some(&finding.detail),
                email_id: row.map(|row| row.email_id),
                created_by: Some(caller.id),
            };
            effect.suppressed += u32::from(deadline.bound(suppress(connection, new)).await?);
        }
    }
    Ok(effect)
}

async fn recipients_of(session: &mut Session, caller: &Actor, id: Uuid) -> Result<Vec<EmailRecipient>, Fault> {
    let (connection, deadline) = session.ledger();
    let query = email_recipients::table
        .inner_join(emails::table)
        .filter(emails::id.eq(id).and(emails::workspace_id.eq(caller.workspace_id)))
        .select(EmailRecipient::as_select());
    Ok(deadline.bound(query.load(connection)).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_message_ids_name_their_email() {
        let id = Uuid::now_v7();
        for text in [format!("<{id}@sekolah.example>"), format!(" <{id}.17@sekolah.example>"), format!("{id}@x")] {
            assert_eq!(email_of(&text), Some(id), "{text}");
        }
        for text in ["", "<>", "<17@x>", "<@>", "0193"] {
            assert_eq!(email_of(text), None, "{text}");
        }
    }
}
