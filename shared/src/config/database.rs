//! PostgreSQL.

use super::Reader;
use std::time::Duration;

/// Where the ledger is, and how many connections this process may hold.
#[derive(Clone)]
pub struct DatabaseConfig {
    /// `GOTONG_DATABASE_URL`: `postgres://user:password@host:port/database`. Required.
    pub url: String,
    /// `GOTONG_DATABASE_CONNECTIONS`: connections of this process, 1–500, default 20.
    pub connections: usize,
    /// `GOTONG_DATABASE_TIMEOUT_MS`: how long to wait for a connection, and for one statement of a request,
    /// 100–60,000 ms, default 2,000.
    pub timeout: Duration,
}

impl DatabaseConfig {
    /// Reads its variables.
    pub fn read(reader: &mut Reader) -> Self {
        let url: String = reader.required("GOTONG_DATABASE_URL", "a postgres:// address");
        if !url.is_empty() && !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            reader.mistake("GOTONG_DATABASE_URL", "is not a postgres:// address");
        }
        Self {
            url,
            connections: reader.number("GOTONG_DATABASE_CONNECTIONS", 1..=500, 20),
            timeout: Duration::from_millis(reader.number("GOTONG_DATABASE_TIMEOUT_MS", 100..=60_000, 2_000)),
        }
    }
}
