//! `webhook.deliver`: a signed event to a client's URL, as Standard Webhooks has it (<https://www.standardwebhooks.com>).

use super::contract::{Contract, Limits, PayloadError, QueueProfile, USUAL, WEBHOOKS};
use poem_openapi::{Object, types::Any};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;
use url::Url;

/// Payload of `webhook.deliver`: where to, and what.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct WebhookDeliver {
    /// An `https://` or `http://` address of at most 2,000 bytes.
    #[oai(validator(min_length = 1, max_length = 2000))]
    pub url: String,
    /// The event's name, such as `order.paid`: 1 to 100 letters, digits, `.`, `_` and `-`.
    #[oai(validator(min_length = 1, max_length = 100))]
    pub event: String,
    /// What is sent as JSON.
    pub data: Any<Value>,
}

impl Contract for WebhookDeliver {
    const KIND: &'static str = "webhook.deliver";
    const QUEUE: QueueProfile = WEBHOOKS;
    const LIMITS: Limits = Limits { timeout: Duration::from_secs(30), max_attempts: 15, ..USUAL };
    const SEARCHABLE: &'static [&'static str] = &["event", "url"];

    fn validate(&self) -> Result<(), PayloadError> {
        let url = Url::parse(&self.url).map_err(|error| PayloadError::at("/url", error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(PayloadError::at("/url", "is no http:// or https:// address"));
        }
        if self.url.len() > 2_000 {
            return Err(PayloadError::at("/url", "is longer than 2000 bytes"));
        }
        // It would be told to everybody who may look at the job.
        if !url.username().is_empty() || url.password().is_some() {
            return Err(PayloadError::at("/url", "holds a user name or password"));
        }
        let is_name = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        if !(1..=100).contains(&self.event.len()) || !is_name(&self.event) {
            return Err(PayloadError::at("/event", "has 1 to 100 letters, digits, '.', '_' and '-'"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn addresses_and_names_are_checked() {
        let check = |url: &str, event: &str| {
            let payload = json!({ "url": url, "event": event, "data": null });
            crate::jobs::kind("webhook.deliver").unwrap().check(&payload).map_err(|error| error.pointer)
        };
        assert_eq!(check("https://example.org/hook?x=1", "order.paid"), Ok(()));
        for url in ["", "example.org", "ftp://example.org", "file:///etc/passwd", "https://u:p@example.org"] {
            assert_eq!(check(url, "order.paid"), Err("/url".into()), "{url}");
        }
        for event in ["", "two words", "ereignis\u{fc}", &"x".repeat(101)] {
            assert_eq!(check("https://example.org", event), Err("/event".into()), "{event}");
        }
    }
}
