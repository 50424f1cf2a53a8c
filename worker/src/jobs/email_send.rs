//! `email.send`.

use super::Handler;
use crate::{
    mail::{
        delivery::Delivery,
        message::{Draft, File},
        pace,
        rows::{self, Addressee, Letter, Mark},
    },
    outcome::Failure,
    runner::Resources,
};
use gotong_queue::Job;
use gotong_shared::{
    jobs::EmailSend,
    mail::{RecipientField, RecipientState},
};
use prometheus::IntCounterVec;
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::LazyLock, time::Duration};

impl Handler for EmailSend {
    /// A recipient may get a message twice, when the connection or the worker dies between the message and its answer:
    /// both copies carry the same Message-ID, and the row says that there may be two.
    async fn handle(self, job: &Job, resources: &Resources) -> Result<Option<Value>, Failure> {
        if self.email_id != job.id {
            return Err(Failure::dead("invalid_payload", "the e-mail of a job has the job's id"));
        }
        let Some(letter) = rows::load(resources, job.id).await? else {
            return Err(Failure::Cancel("the e-mail was removed".into()));
        };
        leave_out(resources, &letter).await?;
        let open = |each: &&Addressee| each.is_open() && !each.is_suppressed;
        let todo: Vec<&Addressee> = letter.recipients.iter().filter(open).collect();
        let rest = if todo.is_empty() { Rest::default() } else { deliver(job, resources, &letter, &todo).await? };
        match rest {
            Rest { again: Some((class, why)), .. } => Err(Failure::retry(class, why)),
            Rest { pause: Some(pause), .. } => Err(Failure::Snooze(pause)),
            Rest { .. } => {
                let ended = rows::load(resources, job.id).await?;
                Ok(Some(counted(ended.as_ref().unwrap_or(&letter))))
            }
        }
    }
}

/// What is left for another attempt.
#[derive(Default)]
struct Rest {
    again: Option<(&'static str, String)>,
    pause: Option<Duration>,
}

/// Notes who gets nothing because their address is suppressed.
async fn leave_out(resources: &Resources, letter: &Letter) -> Result<(), Failure> {
    let left = letter.recipients.iter().filter(|each| each.is_open() && each.is_suppressed);
    let left: Vec<&Addressee> = left.collect();
    let mark = |each: &&Addressee| {
        Mark::silent(each.row.position, RecipientState::Suppressed, "the address is on the list of suppressions")
    };
    let marks: Vec<Mark> = left.iter().map(mark).collect();
    rows::mark(resources, &letter.email, &left, &marks).await
}

async fn deliver(job: &Job, resources: &Resources, letter: &Letter, todo: &[&Addressee]) -> Result<Rest, Failure> {
    let is_heavy = !letter.email.attachments.is_empty();
    let _place = if is_heavy { resources.mailer.heavy.acquire().await.ok() } else { None };
    let files = rows::files(resources, &letter.email).await?;
    let mut rest = Rest::default();
    for group in groups(letter, todo) {
        if job.cancelled().is_cancelled() {
            return Err(Failure::retry("stopped", "the attempt was stopped"));
        }
        if let Some(pause) = wait_of(resources, &group).await? {
            rest.pause = Some(rest.pause.map_or(pause, |known: Duration| known.min(pause)));
            continue;
        }
        let delivery = Delivery { email: &letter.email, draft: draft(letter, &group, &files), group };
        let after = delivery.run(job, resources, &resources.mailer).await?;
        rest.again = after.again.or(rest.again);
        if after.is_down {
            break;
        }
    }
    Ok(rest)
}

/// Who gets the message in one transaction: for one of many each alone, else everybody at one domain.
fn groups<'a>(letter: &Letter, todo: &[&'a Addressee]) -> Vec<Vec<&'a Addressee>> {
    if letter.email.bulk {
        return todo.iter().map(|each| vec![*each]).collect();
    }
    let mut by_domain: BTreeMap<&str, Vec<&Addressee>> = BTreeMap::new();
    for each in todo {
        by_domain.entry(&each.row.domain).or_default().push(each);
    }
    by_domain.into_values().collect()
}

/// How long the group has to wait for its domain, if it has.
async fn wait_of(resources: &Resources, group: &[&Addressee]) -> Result<Option<Duration>, Failure> {
    let Some(slow) = group.iter().find(|each| each.is_slow) else { return Ok(None) };
    let mut connection = resources.database.connection().await?;
    Ok(pace::take(&mut connection, &slow.row.domain).await?)
}

fn draft<'a>(letter: &'a Letter, group: &[&'a Addressee], files: &'a [File]) -> Draft<'a> {
    let alone = group.first().filter(|_| letter.email.bulk).map(|each| &each.row);
    let is_named = |each: &&Addressee| RecipientField::of(&each.row.field) != Some(RecipientField::Bcc);
    let named = match alone {
        Some(row) => vec![row],
        None => letter.recipients.iter().filter(is_named).map(|each| &each.row).collect(),
    };
    Draft { email: &letter.email, named, files, alone }
}

/// Recipients by what became of them.
fn counted(letter: &Letter) -> Value {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for each in &letter.recipients {
        *counts.entry(&each.row.state).or_default() += 1;
        ENDED.with_label_values(&[each.row.state.as_str()]).inc();
    }
    json!({ "recipients": counts })
}

static ENDED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "Recipients of e-mails that are done, by what became of them.";
    prometheus::register_int_counter_vec!("gotong_email_recipients_total", help, &["state"])
        .expect("the metric's name is unique and valid")
});
