//! What a request for a report means at its moment, as a row: which version, which values, from when until when.

use super::{
    data_sets,
    definitions::{self, Definition},
    parameters,
};
use crate::{
    db::models::NewReport,
    jobs::{PayloadError, ReportGenerate},
};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::result::Error as DieselError;
use diesel_async::AsyncPgConnection;
use uuid::Uuid;

/// Why a report cannot be made as it is asked for.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// Something in the request does not fit what is in the ledger.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// PostgreSQL refused.
    #[error(transparent)]
    Database(#[from] DieselError),
}

/// The row of a report that is asked for now. `workspace` is `None` for the platform's own. The request must have passed
/// its contract's check.
///
/// # Errors
/// When a definition is not there, or its parameters have other values than they take.
pub async fn row(
    connection: &mut AsyncPgConnection,
    id: Uuid,
    workspace: Option<Uuid>,
    request: &ReportGenerate,
    now: DateTime<Utc>,
) -> Result<NewReport, AcceptError> {
    let definition = definition(connection, workspace, request).await?;
    let set = request.data_set.as_deref().and_then(data_sets::find);
    let (declared, of_source) = match (&definition, set) {
        (Some(definition), _) => (definition.parameters(), definition.version.row_limit),
        (None, Some(set)) => (set.parameters(), set.row_limit),
        (None, None) => return Err(PayloadError::at("/data_set", "is missing").into()),
    };
    let values = parameters::check(&declared, &request.parameters)?;
    let (range_from, range_to) = request.range(now);
    Ok(NewReport {
        id,
        workspace_id: workspace,
        data_set: request.data_set.clone(),
        definition_id: definition.as_ref().map(|found| found.definition.id),
        definition_version: definition.as_ref().map(|found| found.version.version),
        title: request.title.as_ref().map(|title| title.trim().to_owned()),
        parameters: serde_json::to_value(values).unwrap_or_default(),
        range_from,
        range_to,
        format: request.format.as_str(),
        locale: request.locale.as_str(),
        zone: request.time_zone.clone(),
        delivery: request.delivery.as_ref().and_then(|delivery| serde_json::to_value(delivery).ok()),
        only_if_rows: request.only_if_rows,
        row_limit: request.limit(of_source),
        keep_days: request.keep_days,
        created_by: None,
        expires_at: now + TimeDelta::days(request.keep_days.into()),
    })
}

async fn definition(
    connection: &mut AsyncPgConnection,
    workspace: Option<Uuid>,
    request: &ReportGenerate,
) -> Result<Option<Definition>, AcceptError> {
    let Some(source) = request.definition else { return Ok(None) };
    let found = match workspace {
        Some(workspace) => definitions::find(connection, workspace, source).await?,
        None => None,
    };
    match found {
        Some(definition) => Ok(Some(definition)),
        None if source.version.is_some() => Err(PayloadError::at("/definition", "there is no such version").into()),
        None => Err(PayloadError::at("/definition/id", "there is no such definition").into()),
    }
}
