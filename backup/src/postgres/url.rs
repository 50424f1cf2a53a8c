//! The address of a database, whose password is not shown.

use crate::Error;
use std::{fmt, str::FromStr};
use url::Url;

/// `postgres://user:password@host:port/database`. Its `Display` and `Debug` leave the password out.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    url: Url,
    database: String,
}

impl FromStr for DatabaseUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        // The text itself may hold a password, so no error repeats it.
        let invalid = |reason: &str| Error::InvalidUrl(format!("a database's address, postgres://…: {reason}"));
        let url = Url::parse(text).map_err(|error| invalid(&error.to_string()))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(invalid("it begins otherwise"));
        }
        if url.host_str().is_none_or(str::is_empty) || url.username().is_empty() {
            return Err(invalid("it needs a user and a host"));
        }
        let path = url.path().trim_start_matches('/');
        let database = decoded(path).filter(|name| !name.is_empty() && !name.contains('\0'));
        let database = database.ok_or_else(|| invalid("it needs the name of a database"))?;
        if decoded(url.username()).is_none() || url.password().is_some_and(|password| decoded(password).is_none()) {
            return Err(invalid("its user or password is not UTF-8"));
        }
        let tls = url.query_pairs().find(|(name, _)| name == "sslmode").map(|(_, value)| value.into_owned());
        if !matches!(tls.as_deref(), None | Some("disable" | "allow" | "prefer")) {
            return Err(invalid("TLS is not supported: reach the server over a private network or a tunnel"));
        }
        Ok(Self { url, database })
    }
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        (bytes, rest) = match (first, tail) {
            (b'%', [high, low, tail @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let byte = hex::decode([*high, *low]).ok()?;
                bytes.extend(byte);
                (bytes, tail)
            }
            _ => {
                bytes.push(*first);
                (bytes, tail)
            }
        };
    }
    String::from_utf8(bytes).ok()
}

impl DatabaseUrl {
    /// The name of the database.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The same server and user, another database.
    #[must_use]
    pub fn with_database(&self, name: &str) -> Self {
        let mut url = self.url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.clear().push(name);
        }
        Self { url, database: name.to_owned() }
    }

    /// The address with the password, for whoever connects.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.url.as_str()
    }

    pub(crate) fn user(&self) -> String {
        decoded(self.url.username()).unwrap_or_default()
    }

    pub(crate) fn host(&self) -> String {
        // An address of IPv6 stands in brackets in a URL, and without them elsewhere.
        self.url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned()
    }

    pub(crate) fn port(&self) -> u16 {
        self.url.port().unwrap_or(5432)
    }

    pub(crate) fn password(&self) -> Option<String> {
        self.url.password().and_then(decoded)
    }

    /// For an argument list: without the password, and with limits on how long a dead server is waited for.
    pub(crate) fn for_programs(&self) -> String {
        let mut url = self.without_password();
        let limits = [
            ("connect_timeout", "10"),
            ("keepalives_idle", "30"),
            ("keepalives_interval", "10"),
            ("keepalives_count", "3"),
            ("tcp_user_timeout", "60000"),
            ("application_name", "gotong-backup"),
        ];
        let given: Vec<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
        for (name, value) in limits.iter().filter(|(name, _)| given.iter().all(|given| given != name)) {
            url.query_pairs_mut().append_pair(name, value);
        }
        url.to_string()
    }

    fn without_password(&self) -> Url {
        let mut url = self.url.clone();
        let removed = url.set_password(None);
        debug_assert!(removed.is_ok(), "a URL with a host can be without a password");
        url
    }

    /// Takes the password out of a text, as it is and as it stands in a URL.
    pub(crate) fn scrub(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in [self.password(), self.url.password().map(str::to_owned)].into_iter().flatten() {
            if !secret.is_empty() {
                text = text.replace(&secret, "***");
            }
        }
        text
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.without_password();
        // What else stands there may be a secret too, as `password=` is.
        url.set_query(None);
        url.fmt(formatter)
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_not_shown_and_not_given_to_programs() {
        let url: DatabaseUrl = "postgres://me:p%40ss%2Fword@[::1]:5433/my%20shop?sslmode=prefer".parse().unwrap();
        assert_eq!(url.to_string(), "postgres://me@[::1]:5433/my%20shop");
        assert_eq!(format!("{url:?}"), url.to_string());
        assert!(!url.for_programs().contains("ss%2Fword"), "{}", url.for_programs());
        assert!(url.for_programs().contains("sslmode=prefer&connect_timeout=10"), "{}", url.for_programs());
        assert_eq!((url.database(), url.host().as_str(), url.port()), ("my shop", "::1", 5433));
        assert_eq!(url.password().as_deref(), Some("p@ss/word"));
        assert_eq!(url.scrub("a p@ss/word and p%40ss%2Fword"), "a *** and ***");
        let other = url.with_database("Other/db");
        assert_eq!((other.database(), other.expose().contains("/Other%2Fdb")), ("Other/db", true));
        assert_eq!(other.expose().parse::<DatabaseUrl>().unwrap().database(), "Other/db");
    }

    #[test]
    fn a_broken_address_is_not_repeated() {
        let all = [
            "",
            "me:secret@host/db",
            "mysql://me:secret@host/db",
            "postgres://me:secret@host/",
            "postgres://:secret@h/d",
            "postgres://me:secret@h/d?sslmode=require",
        ];
        for wrong in all {
            let error = wrong.parse::<DatabaseUrl>().unwrap_err();
            assert_eq!(error.code(), "invalid_url", "{wrong}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
