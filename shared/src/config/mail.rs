//! Mail: where it is handed over, whom it is from, how it is signed.

use super::Reader;
use lettre::{Address, message::Mailbox};
use std::path::PathBuf;
use url::{Host, Url};

/// Where mail is handed over, and in whose name.
#[derive(Clone)]
pub struct MailConfig {
    /// `GOTONG_SMTP_URL`: `smtp://host:port`, `smtp://user:password@host:port?tls=required` (STARTTLS), `smtps://…`
    /// (TLS from the start), or `file:///folder` to write messages into a folder; without it mail is not configured.
    pub url: Option<Url>,
    /// `GOTONG_MAIL_FROM`: whom messages are from, `name <address>`; default `Gotong <gotong@localhost>`.
    pub from: Mailbox,
    /// `GOTONG_MAIL_RETURN_PATH`: the address that bounces go to; default that of `GOTONG_MAIL_FROM`.
    pub return_path: Address,
    /// `GOTONG_MAIL_CONNECTIONS`: connections to the server that one worker keeps, 1–100, default 10.
    pub connections: usize,
    /// How messages are signed.
    pub dkim: Option<DkimConfig>,
}

/// A key whose public half stands in DNS at `selector._domainkey.domain` (RFC 6376).
#[derive(Clone, Debug)]
pub struct DkimConfig {
    /// `GOTONG_DKIM_DOMAIN`.
    pub domain: String,
    /// `GOTONG_DKIM_SELECTOR`.
    pub selector: String,
    /// `GOTONG_DKIM_KEY_FILE`: a file with a private key in PEM: RSA (PKCS #1 or #8) or Ed25519 (PKCS #8).
    pub key_file: PathBuf,
}

impl MailConfig {
    /// Reads its variables.
    pub fn read(reader: &mut Reader) -> Self {
        let url = reader.get("GOTONG_SMTP_URL").map(Url::parse);
        let wrong = match &url {
            Some(Ok(url)) => match url.scheme() {
                "smtp" | "smtps" => !url.has_host(),
                "file" => url.to_file_path().is_err(),
                _ => true,
            },
            Some(Err(_)) => true,
            None => false,
        };
        if wrong {
            reader.mistake("GOTONG_SMTP_URL", "is not an smtp://, smtps:// or file:// address");
        }
        if let Some(Ok(url)) = &url
            && is_password_in_the_clear(url)
        {
            reader
                .mistake("GOTONG_SMTP_URL", "would send the password in the clear; add ?tls=required, or use smtps://");
        }
        let here = Address::new("gotong", "localhost").expect("the address is a valid one");
        let usual = Mailbox::new(Some("Gotong".into()), here);
        let from = reader.optional("GOTONG_MAIL_FROM", "an address such as Gotong <mail@example.org>", usual);
        let return_path = reader.optional("GOTONG_MAIL_RETURN_PATH", "an address", from.email.clone());
        Self {
            url: url.and_then(Result::ok),
            from,
            return_path,
            connections: reader.number("GOTONG_MAIL_CONNECTIONS", 1..=100, 10),
            dkim: DkimConfig::read(reader),
        }
    }
}

/// Whether a password would travel outside this machine without TLS.
fn is_password_in_the_clear(url: &Url) -> bool {
    let requires_tls =
        url.scheme() == "smtps" || url.query_pairs().any(|pair| pair == ("tls".into(), "required".into()));
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => true,
    };
    url.password().is_some() && !requires_tls && !is_here
}

impl DkimConfig {
    fn read(reader: &mut Reader) -> Option<Self> {
        let names = ["GOTONG_DKIM_DOMAIN", "GOTONG_DKIM_SELECTOR", "GOTONG_DKIM_KEY_FILE"];
        let values = names.map(|name| reader.get(name).map(str::to_owned));
        if values.iter().all(Option::is_none) {
            return None;
        }
        for (name, value) in names.iter().zip(&values) {
            if value.is_none() {
                reader.mistake(name, "is missing; signing takes a domain, a selector and a key");
            }
        }
        let [Some(domain), Some(selector), Some(key_file)] = values else { return None };
        for (name, value) in [(names[0], &domain), (names[1], &selector)] {
            if !value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')) {
                reader.mistake(name, "is not a name in DNS");
            }
        }
        Some(Self { domain, selector, key_file: key_file.into() })
    }
}
