//! SMTP.

use super::Reader;
use url::Url;

/// Where mail is handed over.
#[derive(Clone)]
pub struct MailConfig {
    /// `GOTONG_SMTP_URL`: `smtp://host:port`, `smtp://user:password@host:port?tls=required` or `smtps://…`; without it
    /// mail is not configured.
    pub url: Option<Url>,
}

impl MailConfig {
    /// Reads its variables.
    pub fn read(reader: &mut Reader) -> Self {
        let url = reader.get("GOTONG_SMTP_URL").map(Url::parse);
        let wrong = match &url {
            Some(Ok(url)) => !matches!(url.scheme(), "smtp" | "smtps"),
            Some(Err(_)) => true,
            None => false,
        };
        if wrong {
            reader.mistake("GOTONG_SMTP_URL", "is not an smtp:// or smtps:// address");
        }
        Self { url: url.and_then(Result::ok) }
    }
}
