//! A connection, whose errors become words.

use super::DatabaseUrl;
use crate::Error;
use std::{future::Future, time::Duration};
use tokio_postgres::{Client, Config, NoTls, error::SqlState};
use tokio_util::task::AbortOnDropHandle;

/// How the same value is the same text on every server: a checksum over texts depends on it. Nothing of the database is
/// found by its short name, so a function of a stranger is never called.
const PLAIN_SETTINGS: &str = "
    set search_path = pg_catalog;
    set row_security = off;
    set client_encoding = 'UTF8';
    set datestyle = 'ISO, YMD';
    set intervalstyle = 'postgres';
    set timezone = 'UTC';
    set extra_float_digits = 1;
    set bytea_output = 'hex';
    set xmlbinary = 'base64';
    set lc_monetary = 'C';
    set jit = off;
    set statement_timeout = 0;
    set lock_timeout = '60s';
    set idle_in_transaction_session_timeout = 0";

/// A connection that ends with its value.
pub(crate) struct Connection {
    pub client: Client,
    _driver: AbortOnDropHandle<()>,
}

impl Connection {
    pub async fn open(url: &DatabaseUrl) -> Result<Self, Error> {
        let mut config = Config::new();
        config.host(url.host()).port(url.port()).user(url.user()).dbname(url.database());
        config.application_name("gotong-backup").connect_timeout(Duration::from_secs(10));
        config
            .keepalives_idle(Duration::from_secs(30))
            .keepalives_interval(Duration::from_secs(10))
            .keepalives_retries(3);
        config.tcp_user_timeout(Duration::from_mins(1));
        if let Some(password) = url.password() {
            config.password(password);
        }
        let (client, connection) = config.connect(NoTls).await.map_err(|error| connecting(url, &error))?;
        let driver = tokio::spawn(async move {
            // The client tells of the error too, where it is handled.
            let _ = connection.await;
        });
        let connection = Self { client, _driver: AbortOnDropHandle::new(driver) };
        connection.client.batch_execute(PLAIN_SETTINGS).await.map_err(|error| failure(&error))?;
        Ok(connection)
    }

    /// Runs statements.
    pub async fn execute(&self, statements: &str) -> Result<(), Error> {
        self.client.batch_execute(statements).await.map_err(|error| failure(&error))
    }

    /// Rows of a query that takes no parameters, as texts.
    pub async fn rows(&self, query: &str) -> Result<Vec<Vec<Option<String>>>, Error> {
        let messages = self.client.simple_query(query).await.map_err(|error| failure(&error))?;
        let rows = messages.into_iter().filter_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => {
                Some((0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect())
            }
            _ => None,
        });
        Ok(rows.collect())
    }

    /// The texts of the first column.
    pub async fn column(&self, query: &str) -> Result<Vec<String>, Error> {
        let rows = self.rows(query).await?;
        Ok(rows.into_iter().filter_map(|row| row.into_iter().next().flatten()).collect())
    }

    /// The first value of the first row.
    pub async fn value(&self, query: &str) -> Result<String, Error> {
        let found = self.column(query).await?.into_iter().next();
        found.ok_or_else(|| Error::DatabaseRefused("a query of the catalogue had no answer".to_owned()))
    }

    /// The first value of the first row, a count.
    pub async fn count(&self, query: &str) -> Result<u64, Error> {
        number(&self.value(query).await?)
    }
}

/// A count, as PostgreSQL writes it.
pub(crate) fn number(text: &str) -> Result<u64, Error> {
    text.parse().map_err(|_| Error::DatabaseRefused("a count was not a number".to_owned()))
}

/// Runs something with a connection of its own to the server's maintenance database.
pub(crate) async fn on_server<T, F: Future<Output = Result<T, Error>>>(
    url: &DatabaseUrl,
    work: impl FnOnce(Connection) -> F,
) -> Result<T, Error> {
    let connection = match Connection::open(&url.with_database("postgres")).await {
        Err(Error::DatabaseMissing(_)) => Connection::open(&url.with_database("template1")).await?,
        other => other?,
    };
    work(connection).await
}

fn connecting(url: &DatabaseUrl, error: &tokio_postgres::Error) -> Error {
    let state = error.code();
    if state == Some(&SqlState::INVALID_PASSWORD) || state == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION) {
        return Error::AuthenticationFailed { server: url.to_string() };
    }
    if state == Some(&SqlState::INVALID_CATALOG_NAME) {
        return Error::DatabaseMissing(url.database().to_owned());
    }
    Error::DatabaseUnavailable { server: url.to_string(), reason: url.scrub(&in_words(error)) }
}

/// What an error in the middle of the work is.
pub(crate) fn failure(error: &tokio_postgres::Error) -> Error {
    let ended = [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::CANNOT_CONNECT_NOW];
    match error.code() {
        None => Error::ConnectionLost(in_words(error)),
        Some(state) if ended.contains(state) => Error::ConnectionLost(in_words(error)),
        Some(_) => Error::DatabaseRefused(in_words(error)),
    }
}

fn in_words(error: &tokio_postgres::Error) -> String {
    if let Some(error) = error.as_db_error() {
        return error.message().to_owned();
    }
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// A name in quotes, for a statement.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text in quotes, for a statement.
pub(crate) fn literal(text: &str) -> String {
    // With the E in front a backslash means the same whatever the server's settings are.
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}
