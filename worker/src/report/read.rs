//! The query of a report: what is asked, and its rows in batches.

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use gotong_queue::Job;
use gotong_shared::{
    db::models::Report,
    reports::{
        data_sets::{ColumnKind, DataSet},
        definitions::Definition,
        source::{self, Session, SourceError},
        statement,
    },
};
use serde_json::Value;
use std::pin::pin;
use tokio::sync::mpsc;
use tokio_postgres::{
    Row,
    types::{ToSql, Type},
};
use uuid::Uuid;

/// Rows that are handed over together.
const BATCH: usize = 256;
/// Batches on their way.
pub const BATCHES: usize = 2;

/// What is asked of PostgreSQL.
pub struct Query {
    sql: String,
    types: Vec<Type>,
    values: Vec<Box<dyn ToSql + Sync + Send>>,
    /// What its columns are.
    pub kinds: Vec<ColumnKind>,
}

/// What comes from the query.
pub enum Read {
    /// Some rows.
    Rows(Vec<Row>),
    /// There are no more.
    End,
}

/// The parameters with what every query may read.
fn parameters(report: &Report) -> Value {
    let mut all = report.parameters.clone();
    if let Some(all) = all.as_object_mut() {
        all.insert("from".into(), report.range_from.to_rfc3339().into());
        all.insert("to".into(), report.range_to.to_rfc3339().into());
        all.insert("zone".into(), report.zone.clone().into());
    }
    all
}

impl Query {
    /// Of a data set. One row more than the limit tells whether there were more.
    #[must_use]
    pub fn of_set(report: &Report, set: &DataSet) -> Self {
        let (workspace, from, to) = (report.workspace_id, report.range_from, report.range_to);
        let values: Vec<Box<dyn ToSql + Sync + Send>> = vec![
            Box::new(parameters(report)),
            Box::new(workspace),
            Box::new(from),
            Box::new(to),
            Box::new(report.row_limit + 1),
        ];
        Self {
            sql: set.sql.to_owned(),
            types: vec![Type::JSONB, Type::UUID, Type::TIMESTAMPTZ, Type::TIMESTAMPTZ, Type::INT8],
            values,
            kinds: set.columns.iter().map(|column| column.kind).collect(),
        }
    }

    /// Of a workspace's own query.
    ///
    /// # Errors
    /// [`SourceError::Refused`] when it is none.
    pub fn of_definition(report: &Report, definition: &Definition) -> Result<Self, SourceError> {
        let prepared = statement::prepare(&definition.version.sql, &definition.parameters());
        let prepared = prepared.map_err(|error| SourceError::Refused(format!("it {error}")))?;
        let columns = definition.columns();
        Ok(Self {
            sql: source::run(&columns),
            types: vec![Type::TEXT, Type::JSONB],
            values: vec![Box::new(source::limited(&prepared, report.row_limit + 1)), Box::new(parameters(report))],
            kinds: columns.iter().map(|column| ColumnKind::of_type(&column.kind)).collect(),
        })
    }

    /// Reads all of it. Ends early when nobody takes the rows any more.
    ///
    /// # Errors
    /// What PostgreSQL answers.
    pub async fn read(
        &self,
        session: &Session,
        report: &Report,
        job: &Job,
        rows: mpsc::Sender<Read>,
    ) -> Result<(), SourceError> {
        let prepared = session.client.prepare_typed(&self.sql, &self.types).await?;
        let values = self.values.iter().map(|value| -> &(dyn ToSql + Sync) { value.as_ref() });
        let mut found = pin!(session.client.query_raw(&prepared, values).await?);
        let (mut batch, mut count) = (Vec::with_capacity(BATCH), 0_i64);
        while let Some(row) = found.try_next().await? {
            batch.push(row);
            count += 1;
            if batch.len() == BATCH {
                let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
                if rows.send(Read::Rows(full)).await.is_err() {
                    return Ok(());
                }
                tell(job, count, report.row_limit);
            }
        }
        tell(job, count.min(report.row_limit), report.row_limit);
        // Nobody who takes them any more has all they want, or an error of their own.
        if rows.send(Read::Rows(batch)).await.is_ok() {
            _ = rows.send(Read::End).await;
        }
        Ok(())
    }
}

/// How many rows there will be, nobody knows; the limit is what can be said.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "it is shown as a bar")]
fn tell(job: &Job, count: i64, limit: i64) {
    let fraction = (count as f64 / limit as f64).min(0.99) as f32;
    job.progress(fraction, &format!("{count} rows"));
}

/// Of when the data of this transaction are. A replica shows what it had applied.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn snapshot(session: &Session) -> Result<DateTime<Utc>, SourceError> {
    let query = "select coalesce(case when pg_is_in_recovery() then pg_last_xact_replay_timestamp() end, now())";
    Ok(session.client.query_one(query, &[]).await?.try_get(0)?)
}

/// Shows the connection which workspace it reads for: see `reporting.workspace()`.
///
/// # Errors
/// [`SourceError::Refused`] when there is no such workspace.
pub async fn show_ticket(session: &Session, workspace: Uuid) -> Result<(), SourceError> {
    let query =
        "select set_config('gotong.report_ticket', encode(report_ticket, 'hex'), true) from workspaces where id = $1";
    match session.client.query_opt(query, &[&workspace]).await? {
        Some(_) => Ok(()),
        None => Err(SourceError::Refused("there is no such workspace".into())),
    }
}
