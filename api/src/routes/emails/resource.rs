//! E-mails on the wire.

use super::request::EmailAddress;
use crate::page::{Page, PageLinks, PageMeta};
use chrono::{DateTime, Utc};
use gotong_shared::{
    db::models::{Email, EmailRecipient},
    mail::{RecipientField, RecipientState},
};
use poem_openapi::Object;
use serde::Deserialize;
use uuid::Uuid;

/// What a server said.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct SmtpReply {
    /// Its code; missing where it said nothing.
    pub code: Option<i16>,
    /// Its text, or why there is none.
    pub text: String,
}

/// One recipient of an e-mail.
#[derive(Clone, Debug, Object)]
#[oai(rename = "EmailRecipient", skip_serializing_if_is_none)]
pub struct RecipientResource {
    /// How they are addressed.
    pub field: RecipientField,
    /// Their address, its domain in ASCII.
    pub address: String,
    /// Their name.
    pub name: Option<String>,
    /// What has become of them.
    pub state: RecipientState,
    /// The server's last answer.
    pub reply: Option<SmtpReply>,
    /// How often the message was handed to a server.
    pub sends: i16,
    /// Whether they may have got it twice: a connection or a worker broke between the message and its answer. Both
    /// copies carry the same Message-ID.
    pub possibly_duplicate: bool,
    /// When the server accepted it.
    pub sent_at: Option<DateTime<Utc>>,
    /// When this last changed.
    pub updated_at: DateTime<Utc>,
}

/// Where to go from an e-mail.
#[derive(Clone, Debug, Object)]
pub struct EmailLinks {
    /// This e-mail.
    #[oai(rename = "self")]
    pub this: String,
    /// What is sent.
    pub preview: String,
    /// The job that sends it.
    pub job: String,
}

/// An e-mail.
#[derive(Clone, Debug, Object)]
#[oai(rename = "Email", skip_serializing_if_is_none)]
pub struct EmailResource {
    /// Its id, a UUIDv7, which is also that of its job.
    pub id: Uuid,
    /// Its Message-ID, the same for every attempt. In bulk mail each recipient's has their place before the @.
    pub message_id: String,
    /// Whom it is from.
    pub from: EmailAddress,
    /// Where answers go, if not to the sender.
    pub reply_to: Vec<EmailAddress>,
    /// Its subject.
    pub subject: String,
    /// Everybody it is to, in the order to, cc, bcc.
    pub recipients: Vec<RecipientResource>,
    /// The template that it was made of.
    pub template: Option<String>,
    /// The language of the template.
    pub locale: Option<String>,
    /// Whether it is one of many alike.
    pub bulk: bool,
    /// The files that go with it.
    pub attachments: Vec<Uuid>,
    /// Not before.
    pub send_at: Option<DateTime<Utc>>,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
    /// Where to go from here.
    pub links: EmailLinks,
}

/// A page of e-mails, the latest first.
#[derive(Clone, Debug, Object)]
pub struct EmailList {
    data: Vec<EmailResource>,
    meta: PageMeta,
    links: PageLinks,
}

/// An e-mail as it is sent.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct EmailPreview {
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: Option<String>,
    /// Its HTML.
    pub html: Option<String>,
}

/// `{address, name}` in the ledger.
#[derive(Deserialize)]
struct Named {
    address: String,
    name: Option<String>,
}

impl EmailResource {
    /// Of its rows.
    #[must_use]
    pub fn of(email: Email, recipients: Vec<EmailRecipient>) -> Self {
        let here = format!("/api/v1/emails/{}", email.id);
        let reply_to: Vec<Named> = serde_json::from_value(email.reply_to).unwrap_or_default();
        Self {
            links: EmailLinks {
                preview: format!("{here}/preview"),
                job: format!("/api/v1/jobs/{}", email.id),
                this: here,
            },
            id: email.id,
            message_id: email.message_id,
            from: EmailAddress { address: email.sender, name: email.sender_name },
            reply_to: reply_to.into_iter().map(|Named { address, name }| EmailAddress { address, name }).collect(),
            subject: email.subject,
            recipients: recipients.into_iter().map(RecipientResource::of).collect(),
            template: email.template,
            locale: email.locale,
            bulk: email.bulk,
            attachments: email.attachments,
            send_at: email.send_at,
            created_at: email.created_at,
        }
    }
}

impl RecipientResource {
    fn of(row: EmailRecipient) -> Self {
        Self {
            field: RecipientField::of(&row.field).unwrap_or(RecipientField::To),
            state: RecipientState::of(&row.state).unwrap_or(RecipientState::Queued),
            reply: row.reply.map(|text| SmtpReply { code: row.reply_code, text }),
            address: row.address,
            name: row.name,
            sends: row.sends,
            possibly_duplicate: row.possibly_duplicate,
            sent_at: row.sent_at,
            updated_at: row.updated_at,
        }
    }
}

impl EmailList {
    /// Of a page of rows.
    #[must_use]
    pub fn of(page: Page<(Email, Vec<EmailRecipient>)>) -> Self {
        let data = page.rows.into_iter().map(|(email, recipients)| EmailResource::of(email, recipients)).collect();
        Self { data, meta: page.meta, links: page.links }
    }
}
