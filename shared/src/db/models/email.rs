//! `emails`, `email_recipients` and `suppressions`.

use crate::db::schema::{email_recipients, emails, suppressions};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::Value;
use uuid::Uuid;

/// An e-mail as it is sent.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = emails)]
pub struct Email {
    /// Its id, which is that of its job.
    pub id: Uuid,
    /// Whose it is.
    pub workspace_id: Uuid,
    /// `<id@domain>`, the same for every attempt.
    pub message_id: String,
    /// The address in `From`.
    pub sender: String,
    /// The name in `From`.
    pub sender_name: Option<String>,
    /// The sender of the envelope, to whom bounces go.
    pub return_path: String,
    /// A list of `{address, name}`.
    pub reply_to: Value,
    /// Its subject.
    pub subject: String,
    /// Its text, if it has one.
    pub text_body: Option<String>,
    /// Its HTML, if it has one.
    pub html_body: Option<String>,
    /// The template that it was made of.
    pub template: Option<String>,
    /// The language of the template.
    pub locale: Option<String>,
    /// Whether it is one of many alike.
    pub bulk: bool,
    /// Files that go with it.
    pub attachments: Vec<Uuid>,
    /// Not before.
    pub send_at: Option<DateTime<Utc>>,
    /// Who asked for it.
    pub created_by: Option<Uuid>,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
}

/// One recipient of an e-mail.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = email_recipients)]
pub struct EmailRecipient {
    /// The e-mail.
    pub email_id: Uuid,
    /// Their place among its recipients, from 0.
    pub position: i16,
    /// Whose it is.
    pub workspace_id: Uuid,
    /// `to`, `cc` or `bcc`.
    pub field: String,
    /// Their address, its domain in ASCII.
    pub address: String,
    /// Their name.
    pub name: Option<String>,
    /// What follows the @, in lower case.
    pub domain: String,
    /// See [`crate::mail::RecipientState`].
    pub state: String,
    /// The server's last answer.
    pub reply_code: Option<i16>,
    /// The server's last answer, or why there was none.
    pub reply: Option<String>,
    /// How often the message was handed to a server.
    pub sends: i16,
    /// Whether it may have arrived twice.
    pub possibly_duplicate: bool,
    /// Where they can say that they want no more.
    pub unsubscribe_url: Option<String>,
    /// When the server accepted it.
    pub sent_at: Option<DateTime<Utc>>,
    /// When this last changed.
    pub updated_at: DateTime<Utc>,
}

/// An address that gets nothing.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = suppressions)]
pub struct Suppression {
    /// Its id, a UUIDv7.
    pub id: Uuid,
    /// In which workspace.
    pub workspace_id: Uuid,
    /// In lower case.
    pub address: String,
    /// See [`crate::mail::SuppressionReason`].
    pub reason: String,
    /// What the server or the person said.
    pub detail: Option<String>,
    /// The e-mail that it came of.
    pub email_id: Option<Uuid>,
    /// Who put it on the list.
    pub created_by: Option<Uuid>,
    /// Since when.
    pub created_at: DateTime<Utc>,
}
