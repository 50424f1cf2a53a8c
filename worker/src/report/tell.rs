//! The e-mail about a report: what it is, whether it is whole, the file where it is small enough, and a link.

use super::{
    make::Made,
    shape::{self, Source},
};
use crate::{outcome::Failure, runner::Resources};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use gotong_shared::{
    db::{
        models::{Email, EmailRecipient, Report},
        schema::workspaces,
    },
    enqueue::NewJob,
    jobs::{EmailSend, ReportDelivery},
    mail::{
        RecipientAddress, RecipientField, RecipientState,
        template::{self, Locale, Rendered, Variables},
    },
    reports::{LARGEST_ATTACHED, link},
};
use serde_json::json;
use uuid::Uuid;

/// An e-mail that is to be accepted with its report.
pub struct Letter {
    /// What is sent.
    pub email: Email,
    /// To whom.
    pub recipients: Vec<EmailRecipient>,
    /// The job that sends it.
    pub job: NewJob,
}

/// The longest that a link in a message is valid, in days.
const LINK_DAYS: i64 = 30;
/// What the template of the message is called.
const TEMPLATE: &str = "report_delivered";

/// The letter about a report, if anybody is to get one.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn letter(
    resources: &Resources,
    report: &Report,
    source: &Source,
    made: &Made,
) -> Result<Option<Letter>, Failure> {
    let delivery = report.delivery.clone().and_then(|delivery| serde_json::from_value::<ReportDelivery>(delivery).ok());
    let (Some(delivery), Some(_)) = (delivery, &made.object_key) else { return Ok(None) };
    let Some(workspace) = workspace(resources, report).await? else { return Ok(None) };
    let size = i64::try_from(made.written.bytes).unwrap_or(i64::MAX);
    let is_attached = delivery.attach && size <= LARGEST_ATTACHED;
    let rendered = rendered(resources, report, source, made, is_attached)
        .map_err(|error| Failure::dead("template_broken", error.to_string()))?;
    let id = Uuid::now_v7();
    let email = email(resources, report, workspace, id, rendered, is_attached);
    let recipients = (0..).zip(&delivery.to).filter_map(|(position, address)| recipient(&email, position, address));
    let recipients = recipients.collect();
    let job = NewJob::of(workspace, &EmailSend { email_id: id })
        .map_err(|error| Failure::dead("email_refused", error.to_string()))?;
    let job = NewJob { id, created_by: report.created_by, ..job };
    Ok(Some(Letter { email, recipients, job }))
}

/// In whose name it is sent: a report of the platform's goes out in that of the oldest workspace.
async fn workspace(resources: &Resources, report: &Report) -> Result<Option<Uuid>, Failure> {
    if report.workspace_id.is_some() {
        return Ok(report.workspace_id);
    }
    let mut connection = resources.database.connection().await?;
    let oldest = workspaces::table.order((workspaces::created_at, workspaces::id)).select(workspaces::id);
    Ok(oldest.first(&mut connection).await.optional()?)
}

fn rendered(
    resources: &Resources,
    report: &Report,
    source: &Source,
    made: &Made,
    is_attached: bool,
) -> Result<Rendered, template::TemplateError> {
    let locale = if report.locale == "id" { Locale::Id } else { Locale::En };
    let pick = |en: &str, id: &str| if locale == Locale::Id { id.to_owned() } else { en.to_owned() };
    let until = report.expires_at.min(Utc::now() + TimeDelta::days(LINK_DAYS));
    let title = report.title.clone().unwrap_or_else(|| source.title().get(shape::locale(report)).to_owned());
    let whole = pick("It is complete: no row was left out.", "Laporan ini lengkap: tidak ada baris yang dihilangkan.");
    let remark = if made.written.notices.is_empty() { whole } else { made.written.notices.join(" ") };
    let enclosure = if is_attached {
        pick("The file is attached.", "Berkasnya terlampir.")
    } else {
        pick("The file is not attached; the link leads to it.", "Berkasnya tidak dilampirkan; buka melalui tautan.")
    };
    let url = link::address(&resources.letterhead.public_url, &report.link_secret, report.id, until);
    let from = resources.letterhead.from.name.clone().unwrap_or_else(|| "Gotong".into());
    let values = [
        ("product", json!(from)),
        ("report", json!(title)),
        ("period", json!(period(report))),
        ("rows", json!(made.written.rows)),
        ("remark", json!(remark.chars().take(1_000).collect::<String>())),
        ("enclosure", json!(enclosure)),
        ("action_url", json!(url)),
        ("expires_days", json!((until - Utc::now()).num_hours().div_euclid(24).max(1))),
    ];
    let variables: Variables = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    template::render(TEMPLATE, locale, &variables)
}

fn period(report: &Report) -> String {
    let zone = shape::zone(report);
    let shown = |time: DateTime<Utc>| time.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string();
    format!("{} \u{2013} {} ({})", shown(report.range_from), shown(report.range_to), zone.name())
}

fn email(
    resources: &Resources,
    report: &Report,
    workspace_id: Uuid,
    id: Uuid,
    Rendered { subject, text, html }: Rendered,
    is_attached: bool,
) -> Email {
    let letterhead = &resources.letterhead;
    Email {
        id,
        workspace_id,
        message_id: format!("<{id}@{}>", letterhead.from.email.domain()),
        sender: letterhead.from.email.to_string(),
        sender_name: letterhead.from.name.clone(),
        return_path: letterhead.return_path.to_string(),
        reply_to: json!([]),
        subject: subject.chars().take(255).collect(),
        text_body: Some(text),
        html_body: Some(html),
        template: Some(TEMPLATE.into()),
        locale: Some(report.locale.clone()),
        bulk: false,
        attachments: if is_attached { vec![report.id] } else { Vec::new() },
        send_at: None,
        created_by: report.created_by,
        created_at: Utc::now(),
    }
}

/// An address that has become none since it was accepted is left out.
fn recipient(email: &Email, position: i16, address: &str) -> Option<EmailRecipient> {
    let address = RecipientAddress::parse(address).ok()?;
    Some(EmailRecipient {
        email_id: email.id,
        position,
        workspace_id: email.workspace_id,
        field: RecipientField::To.as_str().to_owned(),
        address: address.as_str().to_owned(),
        name: None,
        domain: address.domain().to_owned(),
        state: RecipientState::Queued.as_str().to_owned(),
        reply_code: None,
        reply: None,
        sends: 0,
        possibly_duplicate: false,
        unsubscribe_url: None,
        sent_at: None,
        updated_at: email.created_at,
    })
}
