//! Statements on `emails` and `email_recipients`. Each names the caller's workspace.

use super::{
    request::{Addressed, Checked, EmailRequest},
    resource::EmailResource,
};
use crate::{
    AppState,
    auth::Actor,
    page::Cursor,
    problem::{Code, Problem},
    state::Session,
    transaction::Fault,
};
use chrono::Utc;
use diesel::{prelude::*, sql_types::Text};
use diesel_async::RunQueryDsl;
use gotong_shared::{
    db::{
        models::{Email, EmailRecipient},
        schema::{email_recipients, emails, media, workspaces},
    },
    enqueue::{Enqueued, NewJob, enqueue},
    jobs::EmailSend,
    mail::{ATTACHED, RecipientState, unsubscribe},
};
use serde_json::json;
use std::collections::HashMap;
use uuid::Uuid;

diesel::define_sql_function! {
    /// In lower case.
    fn lower(text: Text) -> Text;
}

/// Accepts an e-mail within the caller's transaction: its row, its recipients' and its job's.
pub async fn insert(
    session: &mut Session,
    state: &AppState,
    actor: &Actor,
    request: &EmailRequest,
    checked: &Checked,
    trace: String,
) -> Result<(EmailResource, Enqueued), Fault> {
    check_attachments(session, actor, &request.attachments).await?;
    let secret = if request.bulk { Some(secret(session, actor.workspace_id).await?) } else { None };
    let email = row(state, actor, request, checked);
    let link = |position: i16| {
        let token = unsubscribe::token(secret.as_deref()?, email.id, position);
        state.letterhead.public_url.join(&format!("unsubscribe/{token}")).ok().map(String::from)
    };
    let recipients: Vec<EmailRecipient> = (0..)
        .zip(&checked.recipients)
        .map(|(position, addressed)| recipient(&email, position, addressed, link(position)))
        .collect();
    let job = NewJob::of(actor.workspace_id, &EmailSend { email_id: email.id })?;
    let job = NewJob { id: email.id, run_at: request.send_at, ..job }.created_by(actor.id).trace(Some(trace));
    let (connection, deadline) = session.ledger();
    deadline.bound(diesel::insert_into(emails::table).values(&email).execute(connection)).await?;
    deadline.bound(diesel::insert_into(email_recipients::table).values(&recipients).execute(connection)).await?;
    let enqueued = deadline.within(enqueue(connection, &[job])).await??;
    Ok((EmailResource::of(email, recipients), enqueued))
}

fn row(state: &AppState, actor: &Actor, request: &EmailRequest, checked: &Checked) -> Email {
    let id = Uuid::now_v7();
    let from = &state.letterhead.from;
    let reply_to = checked.reply_to.iter().map(|(address, name)| json!({ "address": address.as_str(), "name": name }));
    Email {
        id,
        workspace_id: actor.workspace_id,
        message_id: format!("<{id}@{}>", from.email.domain()),
        sender: from.email.to_string(),
        sender_name: from.name.clone(),
        return_path: state.letterhead.return_path.to_string(),
        reply_to: reply_to.collect(),
        subject: checked.subject.clone(),
        text_body: checked.text.clone(),
        html_body: checked.html.clone(),
        template: request.template.as_ref().map(|template| template.name.clone()),
        locale: request.template.as_ref().map(|template| template.locale.as_str().to_owned()),
        bulk: request.bulk,
        attachments: request.attachments.clone(),
        send_at: request.send_at,
        created_by: Some(actor.id),
        created_at: Utc::now(),
    }
}

fn recipient(email: &Email, position: i16, addressed: &Addressed, link: Option<String>) -> EmailRecipient {
    EmailRecipient {
        email_id: email.id,
        position,
        workspace_id: email.workspace_id,
        field: addressed.field.as_str().to_owned(),
        address: addressed.address.as_str().to_owned(),
        name: addressed.name.clone(),
        domain: addressed.address.domain().to_owned(),
        state: RecipientState::Queued.as_str().to_owned(),
        reply_code: None,
        reply: None,
        sends: 0,
        possibly_duplicate: false,
        unsubscribe_url: link,
        sent_at: None,
        updated_at: email.created_at,
    }
}

/// The files are there, and small enough together.
async fn check_attachments(session: &mut Session, actor: &Actor, wanted: &[Uuid]) -> Result<(), Fault> {
    if wanted.is_empty() {
        return Ok(());
    }
    let (connection, deadline) = session.ledger();
    let query = media::table
        .filter(media::id.eq_any(wanted).and(media::workspace_id.eq(actor.workspace_id)))
        .filter(media::deleted_at.is_null())
        .select((media::id, media::byte_size));
    let found: HashMap<Uuid, i64> = deadline.bound(query.load::<(Uuid, i64)>(connection)).await?.into_iter().collect();
    for (place, id) in wanted.iter().enumerate() {
        if !found.contains_key(id) {
            let problem = Problem::new(Code::Invalid, "The e-mail cannot be sent as it is.");
            return Err(problem.at(format!("/attachments/{place}"), "there is no such file").into());
        }
    }
    let total: u64 = found.values().map(|size| u64::try_from(*size).unwrap_or_default()).sum();
    if total > ATTACHED {
        let detail = format!("The attachments have {total} bytes together; at most {ATTACHED} can be sent.");
        return Err(Problem::new(Code::TooLarge, detail).about("/attachments").into());
    }
    Ok(())
}

async fn secret(session: &mut Session, workspace: Uuid) -> Result<Vec<u8>, Problem> {
    let (connection, deadline) = session.ledger();
    let query = workspaces::table.find(workspace).select(workspaces::unsubscribe_secret);
    Ok(deadline.bound(query.first(connection)).await?)
}

/// An e-mail with its recipients.
pub async fn find(state: &AppState, actor: &Actor, id: Uuid) -> Result<(Email, Vec<EmailRecipient>), Problem> {
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    let query = emails::table.find(id).filter(emails::workspace_id.eq(actor.workspace_id)).select(Email::as_select());
    let email = deadline.bound(async { query.first(connection).await.optional() }).await?;
    let email = email.ok_or_else(|| Problem::not_found("e-mail"))?;
    let recipients = email_recipients::table
        .filter(email_recipients::email_id.eq(id))
        .order(email_recipients::position)
        .select(EmailRecipient::as_select());
    Ok((email, deadline.bound(recipients.load(connection)).await?))
}

/// Which e-mails are listed.
pub struct Filter {
    /// Those with a recipient in that state.
    pub state: Option<RecipientState>,
    /// Those to that address.
    pub address: Option<String>,
}

/// Up to `per_page + 1` e-mails: newest first, or, before a cursor, oldest first.
pub async fn list(
    state: &AppState,
    actor: &Actor,
    filter: &Filter,
    per_page: u32,
    cursor: Option<Cursor>,
) -> Result<Vec<(Email, Vec<EmailRecipient>)>, Problem> {
    let mut query = emails::table
        .filter(emails::workspace_id.eq(actor.workspace_id))
        .select(Email::as_select())
        .limit(i64::from(per_page) + 1)
        .into_boxed();
    if filter.state.is_some() || filter.address.is_some() {
        let mut matching = email_recipients::table
            .filter(email_recipients::workspace_id.eq(actor.workspace_id))
            .select(email_recipients::email_id)
            .into_boxed();
        if let Some(state) = filter.state {
            matching = matching.filter(email_recipients::state.eq(state.as_str()));
        }
        if let Some(address) = &filter.address {
            matching = matching.filter(lower(email_recipients::address).eq(address.to_lowercase()));
        }
        query = query.filter(emails::id.eq_any(matching));
    }
    query = match cursor {
        None => query.order(emails::id.desc()),
        Some(Cursor::After(id)) => query.filter(emails::id.lt(id)).order(emails::id.desc()),
        Some(Cursor::Before(id)) => query.filter(emails::id.gt(id)).order(emails::id.asc()),
    };
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    let found: Vec<Email> = deadline.bound(query.load(connection)).await?;
    let ids: Vec<Uuid> = found.iter().map(|email| email.id).collect();
    let recipients = email_recipients::table
        .filter(email_recipients::email_id.eq_any(ids))
        .order((email_recipients::email_id, email_recipients::position))
        .select(EmailRecipient::as_select());
    let mut of: HashMap<Uuid, Vec<EmailRecipient>> = HashMap::new();
    for row in deadline.bound(recipients.load::<EmailRecipient>(connection)).await? {
        of.entry(row.email_id).or_default().push(row);
    }
    Ok(found.into_iter().map(|email| (of.remove(&email.id).unwrap_or_default(), email)).map(|(r, e)| (e, r)).collect())
}
