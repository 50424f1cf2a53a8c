//! Reports.

use super::Reader;
use url::Url;

/// Where reports are read, and where their links lead.
#[derive(Clone)]
pub struct ReportConfig {
    /// `GOTONG_REPORT_DATABASE_URL`: where reports are read, such as a replica:
    /// `postgres://user:password@host:port/database`; default `GOTONG_DATABASE_URL`. The user must be one who may call
    /// what migrations made: the ledger's own.
    pub database_url: String,
    /// `GOTONG_PUBLIC_URL`: the address under which clients reach the API; default `http://127.0.0.1:8080`.
    pub public_url: Url,
}

impl ReportConfig {
    /// Reads its variables.
    pub fn read(reader: &mut Reader) -> Self {
        let url = reader.get("GOTONG_REPORT_DATABASE_URL").map(str::to_owned);
        if url.as_deref().is_some_and(|url| !url.starts_with("postgres://") && !url.starts_with("postgresql://")) {
            reader.mistake("GOTONG_REPORT_DATABASE_URL", "is not a postgres:// address");
        }
        let here = Url::parse("http://127.0.0.1:8080").expect("the address is a valid one");
        Self {
            database_url: url.or_else(|| reader.get("GOTONG_DATABASE_URL").map(str::to_owned)).unwrap_or_default(),
            public_url: reader.optional("GOTONG_PUBLIC_URL", "an http:// address", here),
        }
    }
}
