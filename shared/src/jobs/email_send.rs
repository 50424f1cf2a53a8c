//! `email.send`: an e-mail to its recipients. `POST /emails` makes its jobs, since the e-mail's rows commit with them.

use super::contract::{Contract, Limits, MAIL, QueueProfile, USUAL};
use poem_openapi::Object;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use uuid::Uuid;

/// Payload of `email.send`: which e-mail. Its id is also that of the job.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct EmailSend {
    /// The e-mail.
    pub email_id: Uuid,
}

impl Contract for EmailSend {
    const KIND: &'static str = "email.send";
    const QUEUE: QueueProfile = MAIL;
    /// A server may think about a message for minutes; a message that it defers is tried for about a day.
    const LIMITS: Limits = Limits {
        timeout: Duration::from_mins(15),
        max_attempts: 50,
        backoff_base: Duration::from_secs(5),
        backoff_cap: Duration::from_hours(1),
        ..USUAL
    };
    const ROUTE: Option<&'static str> = Some("POST /emails");
}
