//! Signs messages (RFC 6376): `relaxed/relaxed`, RSA-SHA256 or Ed25519-SHA256 (RFC 8463).
//!
//! With the cryptography that is linked for TLS already. What lettre brings for it would add three libraries, one of
//! which does not compute RSA in constant time (RUSTSEC-2023-0071).

use super::MailerError;
use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use gotong_shared::config::DkimConfig;
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use std::fmt::Write as _;

/// The headers that are signed where they are there.
const SIGNED: [&str; 12] = [
    "from",
    "to",
    "cc",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "list-unsubscribe",
    "list-unsubscribe-post",
];
/// Headers of which no second one may be added: they are named once more than they occur (RFC 6376, 5.4.2).
const ONCE: [&str; 5] = ["from", "to", "cc", "reply-to", "subject"];
/// Base64 digits on a line of the signature.
const LINE: usize = 70;

/// Signs for one domain.
pub struct Signer {
    domain: String,
    selector: String,
    key: Key,
}

enum Key {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Ed25519KeyPair),
}

impl Signer {
    /// Reads the key.
    ///
    /// # Errors
    /// When the file cannot be read, or holds no private key of RSA (2,048 bits at least) or Ed25519.
    pub fn new(config: &DkimConfig) -> Result<Self, MailerError> {
        let pem = std::fs::read(&config.key_file).map_err(|error| MailerError::Key(error.kind().to_string()))?;
        let key = Key::read(&pem).ok_or_else(|| {
            MailerError::Key("it holds no private key in PEM of RSA with 2048 bits or more, or of Ed25519".into())
        })?;
        Ok(Self { domain: config.domain.clone(), selector: config.selector.clone(), key })
    }

    /// The message with its signature in front. `time`: seconds since 1970.
    ///
    /// # Errors
    /// When the message has no end of headers, or the library refuses to sign.
    pub fn sign(&self, message: &[u8], time: i64) -> Result<Vec<u8>, String> {
        let end = message.windows(4).position(|four| four == b"\r\n\r\n").ok_or("the message has no body")?;
        let (head, body) = (&message[..end + 2], &message[end + 4..]);
        let head = std::str::from_utf8(head).map_err(|_| "a header is not UTF-8")?;
        let headers = canonical_headers(head);
        let find = |name: &str| headers.iter().find(|(known, _)| known == name);
        let mut names: Vec<&str> = SIGNED.into_iter().filter(|name| find(name).is_some()).collect();
        let mut signed: String =
            names.iter().filter_map(|name| find(name)).fold(String::new(), |mut all, (name, value)| {
                _ = write!(all, "{name}:{value}\r\n");
                all
            });
        names.extend(ONCE);
        let header = format!(
            "v=1; a={algorithm}-sha256; c=relaxed/relaxed; d={domain}; s={selector};\r\n t={time}; h={names};\r\n bh={hash};\r\n b=",
            algorithm = self.key.algorithm(),
            domain = self.domain,
            selector = self.selector,
            names = names.join(":\r\n  "),
            hash = STANDARD.encode(digest(&SHA256, &canonical_body(body))),
        );
        _ = write!(signed, "dkim-signature:{}", canonical_value(&header));
        let signature = STANDARD.encode(self.key.sign(signed.as_bytes())?);
        let mut whole = format!("DKIM-Signature: {header}").into_bytes();
        for line in signature.as_bytes().chunks(LINE) {
            whole.extend_from_slice(b"\r\n  ");
            whole.extend_from_slice(line);
        }
        whole.extend_from_slice(b"\r\n");
        whole.extend_from_slice(message);
        Ok(whole)
    }
}

impl Key {
    fn read(pem: &[u8]) -> Option<Self> {
        match PrivateKeyDer::from_pem_slice(pem).ok()? {
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()).ok().map(Self::rsa),
            PrivateKeyDer::Pkcs8(der) => {
                let der = der.secret_pkcs8_der();
                let rsa = RsaKeyPair::from_pkcs8(der).ok().map(Self::rsa);
                // One without its public half is as good.
                rsa.or_else(|| Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok().map(Self::Ed25519))
            }
            _ => None,
        }
    }

    fn rsa(pair: RsaKeyPair) -> Self {
        Self::Rsa(Box::new(pair))
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "rsa",
            Self::Ed25519(_) => "ed25519",
        }
    }

    fn sign(&self, text: &[u8]) -> Result<Vec<u8>, String> {
        match self {
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let done = pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature);
                done.map(|()| signature).map_err(|_| "RSA refused to sign".into())
            }
            // RFC 8463, 3: what is signed is the hash.
            Self::Ed25519(pair) => Ok(pair.sign(digest(&SHA256, text).as_ref()).as_ref().to_vec()),
        }
    }
}

/// Names in lower case with their values on one line (RFC 6376, 3.4.2).
fn canonical_headers(head: &str) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in head.split_terminator("\r\n") {
        if let (true, Some((_, value))) = (line.starts_with([' ', '\t']), headers.last_mut()) {
            value.push_str(line);
            continue;
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        headers.push((name.trim_end().to_ascii_lowercase(), value.to_owned()));
    }
    headers.into_iter().map(|(name, value)| (name, canonical_value(&value))).collect()
}

/// Without line breaks, with single spaces, and none at the ends.
fn canonical_value(value: &str) -> String {
    value.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Without spaces at the ends of lines and empty lines at the end (RFC 6376, 3.4.4).
fn canonical_body(body: &[u8]) -> Vec<u8> {
    let mut canonical = Vec::with_capacity(body.len() + 2);
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r\n").unwrap_or(line);
        let start = canonical.len();
        for byte in line {
            match byte {
                b' ' | b'\t' if canonical.len() > start && canonical.last() == Some(&b' ') => {}
                b' ' | b'\t' => canonical.push(b' '),
                byte => canonical.push(*byte),
            }
        }
        if canonical.len() > start && canonical.last() == Some(&b' ') {
            canonical.pop();
        }
        canonical.extend_from_slice(b"\r\n");
    }
    while canonical.ends_with(b"\r\n\r\n") {
        canonical.truncate(canonical.len() - 2);
    }
    if canonical == b"\r\n" {
        canonical.clear();
    }
    canonical
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6376, 3.4.5.
    #[test]
    fn the_example_of_the_standard_comes_out_right() {
        let headers = canonical_headers("A: X\r\nB : Y\t\r\n\tZ  \r\n");
        assert_eq!(headers, [("a".to_owned(), "X".to_owned()), ("b".to_owned(), "Y Z".to_owned())]);
        assert_eq!(canonical_body(b" C \r\nD \t E\r\n\r\n\r\n"), b" C\r\nD E\r\n");
        assert_eq!(canonical_body(b"\r\n\r\n"), b"");
        assert_eq!(canonical_body(b""), b"");
        assert_eq!(canonical_body(b"no end"), b"no end\r\n");
    }

    /// RFC 8463, appendix A: key, message and signature.
    #[test]
    fn a_signature_of_ed25519_is_that_of_the_standard() {
        let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
        let key = Key::read(pem.as_bytes()).unwrap();
        let head = "From: Joe SixPack <joe@football.example.com>\r\nTo: Suzie Q <suzie@shopping.example.net>\r\n\
            Subject: Is dinner ready?\r\nDate: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n\
            Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n";
        let body = b"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";
        let hash = STANDARD.encode(digest(&SHA256, &canonical_body(body)));
        assert_eq!(hash, "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=");
        let signature = format!(
            "v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n \
             q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n subject : date : message-id : from : subject : \
             date;\r\n bh={hash};\r\n b="
        );
        let mut text = String::new();
        for (name, value) in canonical_headers(head) {
            _ = write!(text, "{name}:{value}\r\n");
        }
        _ = write!(text, "dkim-signature:{}", canonical_value(&signature));
        assert_eq!(
            STANDARD.encode(key.sign(text.as_bytes()).unwrap()),
            "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="
        );
    }

    #[test]
    fn what_is_no_key_is_none() {
        for text in ["", "secret", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
            assert!(Key::read(text.as_bytes()).is_none(), "{text}");
        }
    }
}
