//! Delivers one message to a group of recipients: offer, guard, hand over, note the answers.

use super::{
    Mailer, Target,
    message::{self, Draft},
    pace,
    pool::{Held, Pool},
    reply::{Class, Reply},
    rows::{self, Addressee, Mark},
    transaction::{CLOSING, HandOver, OfferError, hand_over, offer},
};
use crate::{outcome::Failure, runner::Resources};
use chrono::Utc;
use gotong_queue::Job;
use gotong_shared::{db::models::Email, mail::RecipientState};
use lettre::Address;
use std::{path::Path, time::Duration};

/// How often and after which pause it is tried to note an answer: who loses one sends a second copy.
const NOTES: [Duration; 5] = [
    Duration::from_millis(50),
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(5),
];

/// Recipients that get the same bytes in one transaction.
pub struct Delivery<'a> {
    /// The e-mail.
    pub email: &'a Email,
    /// Everybody who is named in its headers.
    pub draft: Draft<'a>,
    /// Those who are to get it.
    pub group: Vec<&'a Addressee>,
}

/// What is left to do after a delivery.
#[derive(Debug, Default)]
pub struct Rest {
    /// Why somebody has to be tried again: a class and a sentence.
    pub again: Option<(&'static str, String)>,
    /// Whether the server cannot be used right now, so that there is no point in going on.
    pub is_down: bool,
}

impl Rest {
    fn down(class: &'static str, why: String) -> Self {
        Self { again: Some((class, why)), is_down: true }
    }
}

impl Delivery<'_> {
    /// Delivers it.
    ///
    /// # Errors
    /// When the job cannot go on: the ledger does not answer, the lease is lost, or the message will never do.
    pub async fn run(&self, job: &Job, resources: &Resources, mailer: &Mailer) -> Result<Rest, Failure> {
        let bytes = self.bytes(mailer)?;
        match &mailer.target {
            Target::Nowhere => Err(Failure::retry("mail_not_configured", "this worker has no GOTONG_SMTP_URL")),
            Target::Folder(folder) => self.write(resources, folder, &bytes).await,
            Target::Server(pool) => self.send(job, resources, pool, &bytes).await,
        }
    }

    fn bytes(&self, mailer: &Mailer) -> Result<Vec<u8>, Failure> {
        let bytes = self.draft.build().map_err(|error| Failure::dead("invalid_email", error.to_string()))?;
        match &mailer.signer {
            None => Ok(bytes),
            Some(key) => {
                let whole = key.sign(&bytes, Utc::now().timestamp());
                whole.map_err(|why| Failure::retry("signing_failed", why))
            }
        }
    }

    /// A file in the place of a server. Its name is the same for every attempt, so that a second one replaces it.
    async fn write(&self, resources: &Resources, folder: &Path, bytes: &[u8]) -> Result<Rest, Failure> {
        let positions = positions(&self.group);
        rows::begin(resources, self.email.id, &positions).await?;
        let first = positions.first().copied().unwrap_or_default();
        let path = folder.join(format!("{}-{first}.eml", self.email.id));
        let reply = match tokio::fs::write(&path, bytes).await {
            Ok(()) => Reply::new(250, "written to a file"),
            Err(error) => Reply::new(451, &format!("the file cannot be written: {error}")),
        };
        self.note(resources, &self.group, &vec![reply; self.group.len()]).await
    }

    async fn send(&self, job: &Job, resources: &Resources, pool: &Pool, bytes: &[u8]) -> Result<Rest, Failure> {
        let sender = address(&self.email.return_path)?;
        let recipients: Result<Vec<_>, _> = self.group.iter().map(|each| address(&each.row.address)).collect();
        let (mut held, replies) = match offer_on(pool, &sender, &recipients?).await {
            Ok(offered) => offered,
            Err(Stopped::Down(class, why)) => return Ok(Rest::down(class, why)),
            Err(Stopped::Sender(reply)) => return self.refused_sender(resources, &reply).await,
        };
        let accepted = self.group.iter().zip(&replies).filter(|(_, reply)| reply.class() == Class::Accepted);
        let accepted: Vec<&Addressee> = accepted.map(|(addressee, _)| *addressee).collect();
        let others = self.group.iter().zip(&replies).filter(|(_, reply)| reply.class() != Class::Accepted);
        let (refused, why): (Vec<&Addressee>, Vec<Reply>) =
            others.map(|(addressee, reply)| (*addressee, reply.clone())).unzip();
        let mut rest = self.note(resources, &refused, &why).await?;
        let is_closed = replies.last().is_some_and(|reply| reply.code == CLOSING);
        if accepted.is_empty() || is_closed {
            if !is_closed {
                held.reset().await;
            }
            if !accepted.is_empty() {
                rest.again = Some(("smtp_closed", "the server ended the connection".into()));
            }
            return Ok(rest);
        }
        if !job.is_current() {
            return Err(Failure::retry("lease_lost", "another worker took the job over"));
        }
        if let Err(failure) = rows::begin(resources, self.email.id, &positions(&accepted)).await {
            held.reset().await;
            return Err(failure);
        }
        let after = match hand_over(&mut held.connection, bytes).await {
            HandOver::Answered(reply) => {
                if reply.code != CLOSING {
                    held.give_back();
                }
                self.note(resources, &accepted, &vec![reply; accepted.len()]).await?
            }
            HandOver::NotBegun(why) => {
                self.note_silence(resources, &accepted, RecipientState::Deferred, &why).await?;
                Rest { again: Some(("smtp_broken", why)), is_down: false }
            }
            // Their state stays `sending`: the next attempt knows by it.
            HandOver::Unanswered(why) => {
                let why = format!("the server gave no answer to the message, which may have arrived: {why}");
                self.note_silence(resources, &accepted, RecipientState::Sending, &why).await?;
                Rest { again: Some(("smtp_unanswered", why)), is_down: false }
            }
        };
        rest.again = after.again.or(rest.again);
        Ok(rest)
    }

    /// The server takes nothing from this sender: that is about us, and speaks against nobody's address.
    async fn refused_sender(&self, resources: &Resources, reply: &Reply) -> Result<Rest, Failure> {
        let why = format!("the server refuses the sender: {} {}", reply.code, reply.text);
        if let Class::Refused { .. } = reply.class() {
            return Err(Failure::dead("sender_refused", why));
        }
        self.note_silence(resources, &self.group, RecipientState::Deferred, &why).await?;
        Ok(Rest { again: Some(("smtp_deferred", why)), is_down: reply.code == CLOSING })
    }

    /// Notes the server's answers, and what they mean for the pace of the group's domains.
    async fn note(&self, resources: &Resources, group: &[&Addressee], replies: &[Reply]) -> Result<Rest, Failure> {
        let marks = group.iter().zip(replies).map(|(each, reply)| Mark::of_reply(each.row.position, reply));
        let marks: Vec<Mark> = marks.collect();
        self.mark(resources, group, &marks).await?;
        let mut rest = Rest::default();
        for (addressee, reply) in group.iter().zip(replies) {
            match reply.class() {
                Class::Deferred { slow_down } => {
                    rest.again = Some(("smtp_deferred", format!("{} {}", reply.code, reply.text)));
                    if slow_down {
                        let mut connection = resources.database.connection().await?;
                        pace::slow_down(&mut connection, &addressee.row.domain, &reply.text).await?;
                    }
                }
                Class::Accepted if addressee.is_slow => {
                    let mut connection = resources.database.connection().await?;
                    pace::ease(&mut connection, &addressee.row.domain).await?;
                }
                _ => {}
            }
        }
        Ok(rest)
    }

    async fn note_silence(
        &self,
        resources: &Resources,
        group: &[&Addressee],
        state: RecipientState,
        why: &str,
    ) -> Result<(), Failure> {
        let marks: Vec<Mark> = group.iter().map(|each| Mark::silent(each.row.position, state, why)).collect();
        self.mark(resources, group, &marks).await
    }

    /// Tried several times: what the server accepted and the ledger does not know is sent again.
    async fn mark(&self, resources: &Resources, group: &[&Addressee], marks: &[Mark]) -> Result<(), Failure> {
        for pause in NOTES {
            match rows::mark(resources, self.email, group, marks).await {
                Err(Failure::Retry { class, message, .. }) => {
                    tracing::warn!(class, message, "the server's answer is not noted yet");
                    tokio::time::sleep(pause).await;
                }
                done => return done,
            }
        }
        rows::mark(resources, self.email, group, marks).await
    }
}

fn positions(group: &[&Addressee]) -> Vec<i16> {
    group.iter().map(|addressee| addressee.row.position).collect()
}

/// Why a message was not offered.
enum Stopped {
    Down(&'static str, String),
    Sender(Reply),
}

/// Offers on a connection of the pool, or on a new one where its server has ended that meanwhile.
async fn offer_on(pool: &Pool, sender: &Address, recipients: &[Address]) -> Result<(Held, Vec<Reply>), Stopped> {
    let down = |error: super::connection::ConnectError| Stopped::Down("smtp_unavailable", error.to_string());
    let mut held = pool.get().await.map_err(down)?;
    let mut offered = offer(&mut held.connection, sender, recipients).await;
    let is_stale = match &offered {
        Err(OfferError::Broken(_)) => held.is_used,
        Err(OfferError::Sender(reply)) => held.is_used && reply.code == CLOSING,
        Ok(_) => false,
    };
    if is_stale {
        drop(held);
        held = pool.fresh().await.map_err(down)?;
        offered = offer(&mut held.connection, sender, recipients).await;
    }
    match offered {
        Ok(replies) => Ok((held, replies)),
        Err(OfferError::Broken(why)) => Err(Stopped::Down("smtp_broken", format!("the connection broke: {why}"))),
        Err(OfferError::Sender(reply)) => {
            if reply.code != CLOSING {
                held.reset().await;
            }
            Err(Stopped::Sender(reply))
        }
    }
}

fn address(text: &str) -> Result<Address, Failure> {
    message::address(text).map_err(|error| Failure::dead("invalid_email", error.to_string()))
}
