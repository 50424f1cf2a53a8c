//! The connection on which a report is read: its own, apart from the pool, because a query may take minutes and what a
//! workspace's query sets must not outlive it.
//!
//! A query of a workspace runs through the function `reporting.run`: as the role `gotong_reports`, which may read the views
//! of the schema `reporting` and nothing else, and which no statement can leave. The views show one workspace's rows:
//! whose is told by a ticket, a secret of the workspace that the connection is given and a query cannot guess.

use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_postgres::{
    CancelToken, Client, Config, NoTls,
    error::SqlState,
    types::{Kind, Type},
};

/// The most columns of a report.
pub const COLUMNS: usize = 256;
/// How long PostgreSQL may take to let us in.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the check of a definition may take.
const CHECK: Duration = Duration::from_secs(5);

/// Why a query could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// PostgreSQL is down, or ended the connection: the query may succeed later.
    #[error("the database of reports is unavailable: {0}")]
    Unavailable(String),
    /// The query took longer than it may.
    #[error("the query was stopped by its time-out")]
    TimedOut,
    /// Somebody stopped the query.
    #[error("the query was stopped")]
    Stopped,
    /// PostgreSQL refuses the query.
    #[error("{0}")]
    Refused(String),
}

impl From<tokio_postgres::Error> for SourceError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(told) = error.as_db_error() else { return Self::Unavailable(error.to_string()) };
        let (code, message) = (told.code(), told.message());
        // A standby ends queries that stand in the way of what it applies.
        if *code == SqlState::QUERY_CANCELED && !message.contains("recovery") {
            return if message.contains("statement timeout") { Self::TimedOut } else { Self::Stopped };
        }
        let class = code.code().get(..2).unwrap_or_default();
        if matches!(class, "08" | "53" | "57" | "40" | "58") {
            return Self::Unavailable(message.to_owned());
        }
        Self::Refused(message.chars().take(500).collect())
    }
}

/// Where reports are read. Cheap to clone.
#[derive(Clone)]
pub struct ReportDatabase(Config);

impl ReportDatabase {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// When the address can never work; it is not repeated, since it may hold a password.
    pub fn new(url: &str) -> Result<Self, SourceError> {
        let config = url.parse::<Config>();
        let mut config = config.map_err(|_| SourceError::Unavailable("its address is none".into()))?;
        config.connect_timeout(PATIENCE).application_name("gotong report");
        Ok(Self(config))
    }

    /// A connection of its own.
    ///
    /// # Errors
    /// When PostgreSQL does not let it in.
    pub async fn connect(&self) -> Result<Session, SourceError> {
        let connected = tokio::time::timeout(PATIENCE, self.0.connect(NoTls)).await;
        let (client, connection) =
            connected.map_err(|_| SourceError::Unavailable("it gave no answer in time".into()))??;
        let driver = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection of a report ended");
            }
        });
        Ok(Session { client, driver })
    }
}

/// A connection that ends with its value.
pub struct Session {
    /// The client.
    pub client: Client,
    driver: JoinHandle<()>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Session {
    /// Begins the one transaction of a report: all that is read in it is of one moment, and nothing can be changed.
    ///
    /// # Errors
    /// What PostgreSQL answers.
    pub async fn begin(&self, statement_timeout: Duration) -> Result<(), SourceError> {
        let milliseconds = statement_timeout.as_millis();
        let begin = format!(
            "begin transaction isolation level repeatable read read only;
             set local statement_timeout = {milliseconds};
             set local lock_timeout = '10s';
             set local timezone = 'UTC';
             set local datestyle = 'ISO';
             set local intervalstyle = 'postgres'"
        );
        Ok(self.client.batch_execute(&begin).await?)
    }

    /// What stops the query that runs on this connection.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        Canceller(self.client.cancel_token())
    }
}

/// Stops the query that runs on a connection.
pub struct Canceller(CancelToken);

impl Canceller {
    /// Asks PostgreSQL to stop.
    pub async fn cancel(&self) {
        if let Ok(Err(error)) = tokio::time::timeout(PATIENCE, self.0.cancel_query(NoTls)).await {
            tracing::warn!(%error, "a query of a report could not be stopped; its time-out will");
        }
    }
}

/// A column of a query, as PostgreSQL tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, poem_openapi::Object)]
pub struct QueryColumn {
    /// Its name.
    pub name: String,
    /// Its type, such as `bigint` or `timestamp with time zone`.
    #[serde(rename = "type")]
    #[oai(rename = "type")]
    pub kind: String,
}

/// A query of which PostgreSQL answers at most so many rows: it stands where only a query may, so that whatever it is else
/// is an error of syntax.
#[must_use]
pub fn limited(query: &str, rows: i64) -> String {
    format!("select * from (\n{query}\n) as report limit {rows}")
}

/// What a query of a workspace answers, found without running it.
///
/// # Errors
/// [`SourceError::Refused`] when it is none, names what its role may not read, or answers columns that a report cannot
/// have.
pub async fn describe(session: &Session, query: &str) -> Result<Vec<QueryColumn>, SourceError> {
    session.begin(CHECK).await?;
    session
        .client
        .batch_execute("set local role gotong_reports; set local search_path = reporting, pg_catalog")
        .await?;
    let none = limited(query, 0);
    let prepared = session.client.prepare_typed(&none, &[Type::JSONB]).await?;
    let found: Vec<(String, Type)> =
        prepared.columns().iter().map(|column| (column.name().to_owned(), column.type_().clone())).collect();
    check(&found)?;
    session.client.batch_execute("reset role").await?;
    let ids: Vec<u32> = found.iter().map(|(_, kind)| kind.oid()).collect();
    let names =
        "select format_type(kind, null) from unnest($1::oid[]) with ordinality as each (kind, place) order by place";
    let names = session.client.query(names, &[&ids]).await?;
    let columns = found.into_iter().zip(&names).map(|((name, _), row)| QueryColumn { name, kind: row.get(0) });
    let columns: Vec<QueryColumn> = columns.collect();
    // PostgreSQL looks at what a query may read only when it begins to run it.
    let run = run(&columns);
    session.client.query(&run, &[&none, &serde_json::json!({})]).await?;
    session.client.batch_execute("rollback").await?;
    Ok(columns)
}

fn check(columns: &[(String, Type)]) -> Result<(), SourceError> {
    let refuse = |why: String| Err(SourceError::Refused(why));
    if columns.is_empty() || columns.len() > COLUMNS {
        return refuse(format!("the query answers {} columns, and not 1 to {COLUMNS}", columns.len()));
    }
    for (place, (name, kind)) in columns.iter().enumerate() {
        if columns[..place].iter().any(|(other, _)| other == name) {
            return refuse(format!("two columns are called {name:?}; give one of them another name with AS"));
        }
        if *kind.kind() == Kind::Pseudo {
            return refuse(format!("the column {name:?} is of the type {}, which no report can show", kind.name()));
        }
    }
    Ok(())
}

/// The statement that runs a query (`$1`) with its parameters (`$2`) and answers columns of types that we read.
#[must_use]
pub fn run(columns: &[QueryColumn]) -> String {
    let shown: Vec<String> = columns.iter().enumerate().map(|(place, column)| column.shown(place)).collect();
    let named = columns.iter().enumerate().map(|(place, column)| format!("c{place} {}", column.kind));
    let named: Vec<String> = named.collect();
    format!("select {} from reporting.run($1, $2) as report ({})", shown.join(", "), named.join(", "))
}

impl QueryColumn {
    /// How it is read: numbers with all their digits and what we have no type for as texts, times in UTC.
    fn shown(&self, place: usize) -> String {
        match self.kind.as_str() {
            "smallint" | "integer" | "bigint" => format!("c{place}::bigint"),
            "real" | "double precision" => format!("c{place}::double precision"),
            "boolean" => format!("c{place}"),
            "date" | "timestamp with time zone" => format!("case when isfinite(c{place}) then c{place} end"),
            "timestamp without time zone" => {
                format!("case when isfinite(c{place}) then c{place} at time zone 'UTC' end")
            }
            "interval" => format!("(extract(epoch from c{place}) * 1000)::bigint"),
            _ => format!("c{place}::text"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_read_as_types_that_we_know() {
        let column = |kind: &str| QueryColumn { name: "x\"; drop".into(), kind: kind.into() };
        let statement = run(&[column("integer"), column("numeric")]);
        let expected = "select c0::bigint, c1::text from reporting.run($1, $2) as report (c0 integer, c1 numeric)";
        assert_eq!(statement, expected);
    }

    #[test]
    fn an_address_that_is_none_is_not_repeated() {
        let error = ReportDatabase::new("postgres://u:hunter2@:x/").err().unwrap().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
