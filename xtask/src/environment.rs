//! The two sets of variables that describe a running stack: `.gotong/env` for people and scripts, and `GOTONG_…` for our
//! own programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Result;

use crate::remembered::write_private;
use crate::services::{Addresses, Context};

/// The bucket of the platform.
pub const BUCKET: &str = "gotong";

/// Names and values for our own programs.
pub type Variables = BTreeMap<String, String>;

/// What the settings say, completed by the addresses of what runs here.
pub fn for_programs(context: &Context, addresses: &Addresses, listen: &str, url: &str) -> Variables {
    let mut variables: Variables = [("GOTONG_ENV", "development"), ("GOTONG_LOG_FORMAT", "pretty")]
        .map(|(name, value)| (name.to_owned(), context.settings.get(name).unwrap_or_else(|| value.to_owned())))
        .into();
    variables.extend(context.settings.platform_variables().map(|(name, value)| (name.to_owned(), value.to_owned())));
    let bucket = context.settings.get("GOTONG_S3_BUCKET").unwrap_or_else(|| BUCKET.to_owned());
    let public = context.settings.get("GOTONG_PUBLIC_URL").unwrap_or_else(|| url.to_owned());
    for (name, value) in [
        ("GOTONG_DATABASE_URL", addresses.database_url.as_str()),
        ("GOTONG_REDIS_URL", &addresses.redis_url),
        ("GOTONG_S3_ENDPOINT", &addresses.s3.endpoint),
        ("GOTONG_S3_REGION", &addresses.s3.region),
        ("GOTONG_S3_BUCKET", &bucket),
        ("GOTONG_S3_ACCESS_KEY", &addresses.s3.access_key),
        ("GOTONG_S3_SECRET_KEY", &addresses.s3.secret_key),
        ("GOTONG_ELASTICSEARCH_URL", addresses.elasticsearch_url.as_deref().unwrap_or_default()),
        ("GOTONG_SMTP_URL", &addresses.smtp_url),
        ("GOTONG_API_LISTEN", listen),
        ("GOTONG_PUBLIC_URL", &public),
    ] {
        variables.insert(name.to_owned(), value.to_owned());
    }
    variables
}

/// What is known about the API once it runs.
#[derive(Clone, Debug, Default)]
pub struct Platform {
    pub url: String,
    pub api_key: String,
}

/// Writes `.gotong/env`, which a shell can source. A part that does not run has an empty value.
pub fn write_env_file(context: &Context, addresses: &Addresses, platform: &Platform) -> Result<()> {
    let dashboard = if platform.url.is_empty() { String::new() } else { format!("{}/dashboard", platform.url) };
    let lines = [
        ("GOTONG_URL", platform.url.as_str()),
        ("GOTONG_API_KEY", &platform.api_key),
        ("GOTONG_DASHBOARD_URL", &dashboard),
        ("DATABASE_URL", &addresses.database_url),
        ("REDIS_URL", &addresses.redis_url),
        ("S3_ENDPOINT", &addresses.s3.endpoint),
        ("S3_ACCESS_KEY", &addresses.s3.access_key),
        ("S3_SECRET_KEY", &addresses.s3.secret_key),
        ("ELASTICSEARCH_URL", addresses.elasticsearch_url.as_deref().unwrap_or_default()),
        ("SMTP_URL", &addresses.smtp_url),
        ("MAIL_INBOX_URL", addresses.mail_inbox_url.as_deref().unwrap_or_default()),
    ];
    let mut text = String::from("# Written by `cargo xtask up`. Use it with: set -a; . .gotong/env; set +a\n");
    for (name, value) in lines {
        let _ = writeln!(text, "{name}={}", quote(value));
    }
    write_private(&context.checkout.env_file(), text.as_bytes())
}

/// Single quotes, within which a shell interprets nothing.
fn quote(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn a_quote_cannot_end_the_quoting() {
        assert_eq!(quote("a'b $x"), r"'a'\''b $x'");
    }
}
