//! Definitions in the ledger.

use super::{parameters::Parameter, source::QueryColumn};
use crate::{
    db::{
        models::{ReportDefinition, ReportDefinitionVersion},
        schema::{report_definition_versions, report_definitions},
    },
    jobs::ReportSource,
};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// A definition in one version.
#[derive(Clone, Debug)]
pub struct Definition {
    /// What all its versions share.
    pub definition: ReportDefinition,
    /// The version.
    pub version: ReportDefinitionVersion,
}

impl Definition {
    /// What it takes.
    #[must_use]
    pub fn parameters(&self) -> Vec<Parameter> {
        serde_json::from_value(self.version.parameters.clone()).unwrap_or_default()
    }

    /// What it answers.
    #[must_use]
    pub fn columns(&self) -> Vec<QueryColumn> {
        serde_json::from_value(self.version.answers.clone()).unwrap_or_default()
    }
}

/// A definition of the workspace that is not deleted, in the version that is named or the latest.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn find(
    connection: &mut AsyncPgConnection,
    workspace: Uuid,
    source: ReportSource,
) -> QueryResult<Option<Definition>> {
    let present = report_definitions::table
        .find(source.id)
        .filter(report_definitions::workspace_id.eq(workspace).and(report_definitions::deleted_at.is_null()));
    let Some(definition) = present.select(ReportDefinition::as_select()).first(connection).await.optional()? else {
        return Ok(None);
    };
    version(connection, definition, source.version).await
}

/// That version of a definition, or the latest.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn version(
    connection: &mut AsyncPgConnection,
    definition: ReportDefinition,
    version: Option<i32>,
) -> QueryResult<Option<Definition>> {
    let version = version.unwrap_or(definition.version);
    let query = report_definition_versions::table.find((definition.id, version));
    let found = query.select(ReportDefinitionVersion::as_select()).first(connection).await.optional()?;
    Ok(found.map(|version| Definition { definition, version }))
}

/// The version that a report was made of, even if the definition has been deleted since.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn of_report(connection: &mut AsyncPgConnection, id: Uuid, number: i32) -> QueryResult<Option<Definition>> {
    let query = report_definitions::table.find(id).select(ReportDefinition::as_select());
    match query.first(connection).await.optional()? {
        Some(definition) => version(connection, definition, Some(number)).await,
        None => Ok(None),
    }
}
