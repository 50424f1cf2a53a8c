//! An e-mail and its recipients in the ledger.

use super::{
    message::File,
    reply::{Class, Reply},
};
use crate::{outcome::Failure, runner::Resources};
use diesel::{
    prelude::*,
    sql_types::{Array, Nullable, SmallInt, Text, Uuid as SqlUuid},
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use gotong_shared::{
    db::{
        models::{Email, EmailRecipient, Report},
        schema::{email_domains, email_recipients, emails, media, reports, suppressions},
    },
    mail::{
        ATTACHED, RecipientState, SuppressionReason,
        suppression::{NewSuppression, suppress},
    },
    reports::{ReportFormat, filename_of},
};
use uuid::Uuid;

/// An e-mail with all its recipients, in their order.
pub struct Letter {
    /// The e-mail.
    pub email: Email,
    /// Everybody, whatever became of them so far.
    pub recipients: Vec<Addressee>,
}

/// A recipient as they stand before this attempt.
pub struct Addressee {
    /// Their row.
    pub row: EmailRecipient,
    /// Whether the list of suppressions speaks against them.
    pub is_suppressed: bool,
    /// Whether the servers of their domain asked us to slow down.
    pub is_slow: bool,
}

impl Addressee {
    /// Whether they have no outcome yet. Somebody who was given up is tried again when their job is.
    #[must_use]
    pub fn is_open(&self) -> bool {
        use RecipientState::{Deferred, Failed, Queued, Sending};
        matches!(RecipientState::of(&self.row.state), Some(Queued | Sending | Deferred | Failed))
    }
}

/// What has become of one recipient.
#[derive(Clone, Debug)]
pub struct Mark {
    /// Their place.
    pub position: i16,
    /// What they are now.
    pub state: RecipientState,
    /// The server's code.
    pub code: Option<u16>,
    /// What the server said, or why it said nothing.
    pub text: String,
    /// Whether their address gets nothing more.
    pub suppress: bool,
}

impl Mark {
    /// What a server's answer makes of a recipient.
    #[must_use]
    pub fn of_reply(position: i16, reply: &Reply) -> Self {
        let (state, suppress) = match reply.class() {
            Class::Accepted => (RecipientState::Sent, false),
            Class::Deferred { .. } => (RecipientState::Deferred, false),
            Class::Refused { address } => (RecipientState::Bounced, address),
        };
        Self { position, state, code: Some(reply.code), text: reply.text.clone(), suppress }
    }

    /// A state without an answer of the server.
    #[must_use]
    pub fn silent(position: i16, state: RecipientState, why: &str) -> Self {
        Self { position, state, code: None, text: why.chars().take(500).collect(), suppress: false }
    }
}

/// The e-mail; `None` if it was removed.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn load(resources: &Resources, id: Uuid) -> Result<Option<Letter>, Failure> {
    let mut connection = resources.database.connection().await?;
    let email = emails::table.find(id).select(Email::as_select()).first(&mut connection).await.optional()?;
    let Some(email) = email else { return Ok(None) };
    let listed = suppressions::workspace_id
        .eq(email_recipients::workspace_id)
        .and(suppressions::address.eq(lower(email_recipients::address)));
    let rows: Vec<(EmailRecipient, Option<String>, Option<String>)> = email_recipients::table
        .left_join(suppressions::table.on(listed))
        .left_join(email_domains::table.on(email_domains::domain.eq(email_recipients::domain)))
        .filter(email_recipients::email_id.eq(id))
        .order(email_recipients::position)
        .select((EmailRecipient::as_select(), suppressions::reason.nullable(), email_domains::domain.nullable()))
        .load(&mut connection)
        .await?;
    let speaks_against = |reason: &str| email.bulk || reason != SuppressionReason::Unsubscribe.as_str();
    let recipients = rows.into_iter().map(|(row, reason, slow)| Addressee {
        row,
        is_suppressed: reason.as_deref().is_some_and(speaks_against),
        is_slow: slow.is_some(),
    });
    let recipients = recipients.collect();
    Ok(Some(Letter { email, recipients }))
}

diesel::define_sql_function! {
    /// In lower case.
    fn lower(text: Text) -> Text;
}

/// The files that go with an e-mail.
///
/// # Errors
/// [`Failure::Dead`] when one was removed; else when a server does not answer.
pub async fn files(resources: &Resources, email: &Email) -> Result<Vec<File>, Failure> {
    let mut found: Vec<(Uuid, String, String, i64, String)> = Vec::new();
    if !email.attachments.is_empty() {
        let mut connection = resources.database.connection().await?;
        found = media::table
            .filter(media::id.eq_any(&email.attachments).and(media::workspace_id.eq(email.workspace_id)))
            .filter(media::deleted_at.is_null())
            .select((media::id, media::filename, media::content_type, media::byte_size, media::object_key))
            .load(&mut connection)
            .await?;
        found.extend(report_files(&mut connection, &email.attachments).await?);
    }
    let mut files = Vec::with_capacity(found.len());
    for id in &email.attachments {
        let row = found.iter().find(|(known, ..)| known == id);
        let Some((_, name, content_type, _, key)) = row else {
            return Err(Failure::dead("attachment_missing", format!("the file {id} was removed")));
        };
        let bytes = resources.storage.get(key, None).await?.collect(ATTACHED).await?;
        files.push(File { name: name.clone(), content_type: content_type.clone(), bytes: bytes.to_vec() });
    }
    Ok(files)
}

/// Reports among the files of an e-mail. Only the e-mail about a report names one.
async fn report_files(
    connection: &mut AsyncPgConnection,
    ids: &[Uuid],
) -> QueryResult<Vec<(Uuid, String, String, i64, String)>> {
    let ready = reports::table.filter(reports::id.eq_any(ids).and(reports::state.eq("ready")));
    let ready: Vec<Report> = ready.select(Report::as_select()).load(connection).await?;
    let file = |report: Report| {
        let format = ReportFormat::of(&report.format)?;
        let name = filename_of(&report);
        Some((report.id, name, format.media_type().to_owned(), report.byte_size?, report.object_key?))
    };
    Ok(ready.into_iter().filter_map(file).collect())
}

/// The guard: from now on these recipients may have been sent the message. Who was already in this state got no answer
/// that we know of, and may get a second copy.
const BEGIN: &str = "
    update email_recipients set
        possibly_duplicate = possibly_duplicate or state = 'sending',
        state = 'sending', sends = sends + 1, reply_code = null,
        reply = 'handed to the server; its answer is not known', updated_at = now()
    where email_id = $1 and position = any($2)";

/// Commits that the message is about to be handed over for these recipients.
///
/// # Errors
/// When PostgreSQL does not answer; then nothing may be handed over.
pub async fn begin(resources: &Resources, email: Uuid, positions: &[i16]) -> Result<(), Failure> {
    let mut connection = resources.database.connection().await?;
    diesel::sql_query(BEGIN)
        .bind::<SqlUuid, _>(email)
        .bind::<Array<SmallInt>, _>(positions)
        .execute(&mut connection)
        .await?;
    Ok(())
}

const MARK: &str = "
    update email_recipients as r set
        state = new.state, reply_code = new.code, reply = new.reply, updated_at = now(),
        sent_at = case when new.state = 'sent' then now() else r.sent_at end
    from unnest($2, $3, $4, $5) as new (position, state, code, reply)
    where r.email_id = $1 and r.position = new.position";

/// Notes what became of recipients, and puts addresses that will never do on the list, in one transaction.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn mark(resources: &Resources, email: &Email, letter: &[&Addressee], marks: &[Mark]) -> Result<(), Failure> {
    if marks.is_empty() {
        return Ok(());
    }
    let mut connection = resources.database.connection().await?;
    if marks.iter().any(|mark| mark.suppress) {
        let written = connection.transaction(async |connection| {
            write(connection, email.id, marks).await?;
            for mark in marks.iter().filter(|mark| mark.suppress) {
                let Some(addressee) = letter.iter().find(|each| each.row.position == mark.position) else { continue };
                let detail = format!("{} {}", mark.code.unwrap_or_default(), mark.text);
                let new = NewSuppression {
                    workspace_id: email.workspace_id,
                    address: &addressee.row.address,
                    reason: SuppressionReason::Bounce,
                    detail: Some(&detail),
                    email_id: Some(email.id),
                    created_by: None,
                };
                suppress(connection, new).await?;
            }
            diesel::result::QueryResult::Ok(())
        });
        return Ok(written.await?);
    }
    Ok(write(&mut connection, email.id, marks).await?)
}

async fn write(connection: &mut AsyncPgConnection, email: Uuid, marks: &[Mark]) -> QueryResult<()> {
    let code = |mark: &Mark| mark.code.and_then(|code| i16::try_from(code).ok());
    diesel::sql_query(MARK)
        .bind::<SqlUuid, _>(email)
        .bind::<Array<SmallInt>, _>(marks.iter().map(|mark| mark.position).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(marks.iter().map(|mark| mark.state.as_str()).collect::<Vec<_>>())
        .bind::<Array<Nullable<SmallInt>>, _>(marks.iter().map(code).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(marks.iter().map(|mark| mark.text.as_str()).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}
