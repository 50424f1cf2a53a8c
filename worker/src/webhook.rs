//! Delivers webhooks: signed, bounded, and never to an address inside the network unless that is allowed.
//!
//! The signature is that of Standard Webhooks 1.0: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use reqwest::{
    Client, StatusCode, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header,
};
use serde_json::{Value, json};
use sha2::Sha256;
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use url::Host;
use uuid::Uuid;

const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(15);
/// The longest that a receiver may put us off.
const LONGEST_AFTER: Duration = Duration::from_hours(1);

/// An event on its way.
pub struct Delivery<'a> {
    /// The job's id, the same for every attempt.
    pub id: Uuid,
    /// Where to.
    pub url: &'a str,
    /// The event's name.
    pub event: &'a str,
    /// What is told of it.
    pub data: &'a Value,
}

/// Why an event was not taken.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The receiver wants no more of them (410).
    #[error("the receiver wants no more events (410)")]
    Gone,
    /// The address leads into the network that we run in.
    #[error("the address leads to a private network")]
    Forbidden,
    /// The receiver answered with another status than 2xx.
    #[error("the receiver answered {status}")]
    Refused {
        /// Its status.
        status: u16,
        /// Its `Retry-After`, at most an hour.
        after: Option<Duration>,
    },
    /// There was no answer.
    #[error("there was no answer: {0}")]
    Unreachable(String),
}

/// The sender of webhooks. Cheap to clone.
#[derive(Clone)]
pub struct Webhooks {
    client: Client,
    private: bool,
}

impl Webhooks {
    /// `private`: whether addresses of private networks are allowed.
    ///
    /// # Panics
    /// Never: only wrong TLS settings could fail, and there are none.
    #[must_use]
    pub fn new(private: bool) -> Self {
        let client = Client::builder()
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            // A redirect could lead anywhere; the receiver's address is what it says it is.
            .redirect(reqwest::redirect::Policy::none())
            .dns_resolver(Arc::new(Guard { private }))
            .user_agent(concat!("Gotong/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { client: client.expect("the settings are constant"), private }
    }

    /// Delivers an event; answers the receiver's status.
    ///
    /// # Errors
    /// See [`DeliveryError`].
    pub async fn deliver(&self, delivery: &Delivery<'_>, secret: &[u8]) -> Result<u16, DeliveryError> {
        let url: Url = delivery.url.parse().map_err(|_| DeliveryError::Forbidden)?;
        // A numeric address is not looked up, so the resolver never sees it.
        let address = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            _ => None,
        };
        if !self.private && address.is_some_and(|address| !is_public(address)) {
            return Err(DeliveryError::Forbidden);
        }
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let body = json!({ "type": delivery.event, "timestamp": rfc3339(seconds), "data": delivery.data }).to_string();
        let request = self
            .client
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", delivery.id.to_string())
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", sign(secret, delivery.id, seconds, &body))
            .body(body);
        let answer = request.send().await.map_err(|error| unreachable(&error))?;
        let status = answer.status();
        match status {
            _ if status.is_success() => Ok(status.as_u16()),
            StatusCode::GONE => Err(DeliveryError::Gone),
            _ => {
                let after =
                    answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
                let after = after.map(|seconds| Duration::from_secs(seconds).min(LONGEST_AFTER));
                Err(DeliveryError::Refused { status: status.as_u16(), after })
            }
        }
    }
}

fn rfc3339(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| chrono::DateTime::from_timestamp(seconds, 0));
    time.unwrap_or_default().to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// The header `webhook-signature`.
fn sign(secret: &[u8], id: Uuid, seconds: u64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(format!("{id}.{seconds}.").as_bytes());
    mac.update(body.as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

fn unreachable(error: &reqwest::Error) -> DeliveryError {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    if cause.is::<NoPublicAddress>() {
        return DeliveryError::Forbidden;
    }
    let what = if error.is_timeout() { "it took too long".to_owned() } else { cause.to_string() };
    DeliveryError::Unreachable(what)
}

#[derive(Debug, thiserror::Error)]
#[error("the name has no public address")]
struct NoPublicAddress;

/// Looks names up, and keeps only addresses that may be used. The connection goes to what was checked, so a name that
/// changes its address in between gains nothing.
struct Guard {
    private: bool,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let private = self.private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let usable: Vec<SocketAddr> = found.filter(|address| private || is_public(address.ip())).collect();
            if usable.is_empty() {
                return Err(NoPublicAddress.into());
            }
            Ok(Box::new(usable.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one of the public Internet (after the special-purpose registries of IANA).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => is_public_v4(mapped),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || first == 0
        || first >= 240
        // shared address space, protocol assignments, benchmarks
        || (first == 100 && (64..128).contains(&second))
        || (first == 192 && second == 0 && third == 0)
        || (first == 198 && (18..20).contains(&second)))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // Only global unicast, without documentation, 6to4 and Teredo, which can hide a private IPv4 address.
    segments[0] & 0xe000 == 0x2000
        && !(segments[0] == 0x2001 && (segments[1] == 0x0db8 || segments[1] == 0))
        && segments[0] != 0x2002
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_told_from_public_ones() {
        for public in ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for private in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.8",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "fe80::1",
            "fc00::1",
            "ff02::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "64:ff9b::7f00:1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
    }

    #[test]
    fn the_signature_is_that_of_standard_webhooks() {
        // Computed with Python's hmac and base64.
        let id = Uuid::nil();
        let signature = sign(b"0123456789abcdef01234567", id, 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature, EXPECTED);
    }

    const EXPECTED: &str = "v1,/8NWKL/j/BtAYQIu6X84j8GwEp+pxGqTxSSQrFzK8mc=";
}
