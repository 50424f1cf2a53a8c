//! One connection to the mail server: TLS, greeting, authentication.

use super::MailerError;
use lettre::transport::smtp::{
    authentication::{Credentials, Mechanism},
    client::{AsyncSmtpConnection, TlsParameters},
    extension::ClientId,
};
use std::time::Duration;
use tokio::time::timeout;
use url::Url;

/// How long a connection may take, with the server's greeting: some servers keep clients waiting on purpose.
const CONNECT: Duration = Duration::from_secs(90);
/// How long the TCP connection itself may take.
const TCP: Duration = Duration::from_secs(15);
/// Ports that are not named: submission (RFC 6409) and with TLS from the start (RFC 8314).
const SMTP: u16 = 25;
const SUBMISSION: u16 = 587;
const SUBMISSIONS: u16 = 465;

/// How the server is reached.
#[derive(Clone)]
pub struct Server {
    host: String,
    port: u16,
    tls: Tls,
    credentials: Option<Credentials>,
    hello: ClientId,
}

#[derive(Clone)]
enum Tls {
    Never,
    Opportunistic(TlsParameters),
    Required(TlsParameters),
    Wrapped(TlsParameters),
}

/// Why there is no connection. It never tells the password.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the mail server cannot be used: {0}")]
pub struct ConnectError(pub String);

impl Server {
    /// Reads `smtp://user:password@host:port/name?tls=required|opportunistic` or `smtps://…`; the path, if there is one,
    /// is the name in EHLO.
    ///
    /// # Errors
    /// When it is of another form.
    pub fn of(url: &Url) -> Result<Self, MailerError> {
        let host = url.host_str().ok_or_else(|| MailerError::Address("it names no server".into()))?;
        // An IPv6 address stands in brackets in a URL only.
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let wanted = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value.into_owned());
        let parameters = || {
            let made = TlsParameters::new(host.clone());
            made.map_err(|error| MailerError::Address(format!("TLS cannot be used: {error}")))
        };
        let (tls, port) = match (url.scheme(), wanted.as_deref()) {
            ("smtps", None | Some("wrapper")) => (Tls::Wrapped(parameters()?), SUBMISSIONS),
            ("smtp", None) => (Tls::Never, SMTP),
            ("smtp", Some("required")) => (Tls::Required(parameters()?), SUBMISSION),
            ("smtp", Some("opportunistic")) => (Tls::Opportunistic(parameters()?), SUBMISSION),
            _ => return Err(MailerError::Address("tls is neither required nor opportunistic".into())),
        };
        let name = url.path().trim_matches('/');
        let hello = if name.is_empty() { ClientId::default() } else { ClientId::Domain(name.to_owned()) };
        Ok(Self { port: url.port().unwrap_or(port), tls, credentials: credentials(url), hello, host })
    }

    /// Connects, greets, encrypts and authenticates.
    ///
    /// # Errors
    /// [`ConnectError`] when one of them fails, or all together take longer than a minute and a half.
    pub async fn connect(&self) -> Result<AsyncSmtpConnection, ConnectError> {
        match timeout(CONNECT, self.open()).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(ConnectError(error.to_string())),
            Err(_) => Err(ConnectError(format!("it took longer than {} s to greet", CONNECT.as_secs()))),
        }
    }

    async fn open(&self) -> Result<AsyncSmtpConnection, lettre::transport::smtp::Error> {
        let wrapper = match &self.tls {
            Tls::Wrapped(parameters) => Some(parameters.clone()),
            _ => None,
        };
        let address = (self.host.as_str(), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(address, Some(TCP), &self.hello, wrapper, None).await?;
        match &self.tls {
            Tls::Required(parameters) => connection.starttls(parameters.clone(), &self.hello).await?,
            Tls::Opportunistic(parameters) if connection.can_starttls() => {
                connection.starttls(parameters.clone(), &self.hello).await?;
            }
            _ => {}
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await?;
        }
        Ok(connection)
    }
}

fn credentials(url: &Url) -> Option<Credentials> {
    let password = url.password()?;
    Some(Credentials::new(decoded(url.username()), decoded(password)))
}

/// Percent-decodes a part of a URL, as a query decodes, without giving `+` a meaning.
fn decoded(part: &str) -> String {
    let plain = part.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    let pair = url::form_urlencoded::parse(plain.as_bytes()).next();
    pair.map(|(text, _)| text.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(url: &str) -> Result<Server, MailerError> {
        gotong_shared::process::choose_tls();
        Server::of(&url.parse().unwrap())
    }

    #[test]
    fn an_address_says_port_tls_and_name() {
        let port = |url: &str| server(url).unwrap().port;
        assert_eq!(port("smtp://mail.example.org"), 25);
        assert_eq!(port("smtp://mail.example.org?tls=required"), 587);
        assert_eq!(port("smtps://mail.example.org"), 465);
        assert_eq!(port("smtp://[::1]:2525"), 2525);
        assert!(matches!(server("smtps://mail.example.org").unwrap().tls, Tls::Wrapped(_)));
        assert!(matches!(server("smtp://a.example?tls=opportunistic").unwrap().tls, Tls::Opportunistic(_)));
        assert_eq!(server("smtp://a.example/worker-3.example").unwrap().hello.to_string(), "worker-3.example");
        assert!(server("smtp://a.example?tls=perhaps").is_err());
    }

    #[test]
    fn a_password_may_hold_any_character() {
        for (written, meant) in [("p%40ss+w%2Ford", "p@ss+w/ord"), ("a=b&c", "a=b&c"), ("%E2%82%AC", "\u{20ac}")] {
            assert_eq!(decoded(written), meant);
        }
    }
}
