//! A definition as a client writes it, and everything that is wrong with it: what can be told from its text, and what
//! PostgreSQL says of it.

use crate::{
    AppState,
    problem::{Code, Problem},
};
use gotong_shared::reports::{
    LONGEST_QUERY_S, MOST_ROWS, USUAL_ROWS,
    parameters::{GIVEN, MOST, Parameter, check_value, is_name},
    source::{QueryColumn, SourceError, describe},
    statement,
};
use poem_openapi::Object;
use serde::Deserialize;
use std::collections::HashSet;
use tokio::sync::Semaphore;

/// A definition as it is asked for.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(skip_serializing_if_is_none)]
pub struct ReportDefinitionRequest {
    /// Its name, 1 to 200 characters, of which a workspace has one.
    pub name: String,
    /// What it is for, at most 2,000 characters.
    pub description: Option<String>,
    /// One query, of at most 50,000 bytes. It names its parameters as `:name`; besides those declared here there are
    /// `:from` and `:to`, the range of the report, and `:zone`, the zone of its days.
    pub sql: String,
    /// What it takes, 32 at most.
    #[serde(default)]
    #[oai(default)]
    pub parameters: Vec<Parameter>,
    /// The most rows of one report, 1 to 5,000,000.
    #[serde(default = "usual_rows")]
    #[oai(default = "usual_rows")]
    pub row_limit: i64,
    /// The longest that the query may take, in seconds, 1 to 600.
    #[serde(default = "usual_timeout")]
    #[oai(default = "usual_timeout")]
    pub timeout_s: i32,
}

fn usual_rows() -> i64 {
    USUAL_ROWS
}

fn usual_timeout() -> i32 {
    60
}

/// Definitions that are shown to PostgreSQL at once.
static CHECKS: Semaphore = Semaphore::const_new(4);

impl ReportDefinitionRequest {
    /// The columns of its query.
    ///
    /// # Errors
    /// 422 that names every field at fault, or 503 when PostgreSQL does not answer.
    pub async fn check(&self, app: &AppState) -> Result<Vec<QueryColumn>, Problem> {
        let mut problem = Problem::new(Code::Invalid, "The definition cannot be kept as it is.");
        for (pointer, why) in self.faults() {
            problem = problem.at(pointer, why);
        }
        let query = match statement::prepare(&self.sql, &self.parameters) {
            Ok(query) if problem.errors().is_empty() => query,
            Ok(_) => return Err(problem),
            Err(error) => return Err(problem.at("/sql", error.to_string())),
        };
        let _place = CHECKS.acquire().await.map_err(Problem::internal)?;
        let described = async { describe(&app.reports.connect().await?, &query).await };
        described.await.map_err(|error| match error {
            SourceError::Refused(why) => problem.at("/sql", why),
            SourceError::TimedOut => problem.at("/sql", "takes too long to be looked at"),
            SourceError::Unavailable(_) | SourceError::Stopped => {
                tracing::warn!(%error, "a definition could not be checked");
                Problem::new(Code::DatabaseUnavailable, "The database does not answer. Nothing was changed; try again.")
            }
        })
    }

    fn faults(&self) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        if !(1..=200).contains(&self.name.trim().chars().count()) {
            faults.push(("/name".into(), "has 1 to 200 characters".into()));
        }
        if self.description.as_ref().is_some_and(|text| text.chars().count() > 2_000) {
            faults.push(("/description".into(), "is longer than 2000 characters".into()));
        }
        if !(1..=MOST_ROWS).contains(&self.row_limit) {
            faults.push(("/row_limit".into(), format!("is not from 1 to {MOST_ROWS}")));
        }
        if !(1..=i64::from(LONGEST_QUERY_S)).contains(&i64::from(self.timeout_s)) {
            faults.push(("/timeout_s".into(), format!("is not from 1 to {LONGEST_QUERY_S}")));
        }
        if self.parameters.len() > MOST {
            faults.push(("/parameters".into(), format!("holds more than {MOST} parameters")));
            return faults;
        }
        let mut known: HashSet<&str> = GIVEN.iter().map(|(name, _)| *name).collect();
        for (place, each) in self.parameters.iter().enumerate() {
            let at = |field: &str| format!("/parameters/{place}/{field}");
            if !is_name(&each.name) {
                let why = "begins with a lower-case letter and goes on with up to 62 of them, digits and '_'";
                faults.push((at("name"), why.into()));
            } else if !known.insert(&each.name) {
                faults.push((at("name"), "is taken".into()));
            }
            if let Some(Err(why)) = each.default.as_ref().map(|default| check_value(each.kind, &default.0)) {
                faults.push((at("default"), why));
            }
        }
        faults
    }
}
