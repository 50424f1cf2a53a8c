//! Statements on `report_definitions` and their versions. Each names the caller's workspace.

use super::{
    request::ReportDefinitionRequest,
    resource::{ReportDefinitionResource, tag_of},
};
use crate::{
    AppState,
    auth::Actor,
    page::Cursor,
    problem::{Code, Problem},
    state::Session,
    transaction::{Fault, transact},
};
use chrono::Utc;
use diesel::{
    prelude::*,
    result::{DatabaseErrorKind, Error as DieselError},
};
use diesel_async::RunQueryDsl;
use gotong_shared::{
    db::{
        models::{ReportDefinition, ReportDefinitionVersion},
        schema::{report_definition_versions, report_definitions},
    },
    jobs::ReportSource,
    reports::{
        definitions::{self, Definition},
        source::QueryColumn,
    },
};
use uuid::Uuid;

/// A definition in that version, or the latest.
pub async fn find(state: &AppState, actor: &Actor, id: Uuid, version: Option<i32>) -> Result<Definition, Problem> {
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    let found = definitions::find(connection, actor.workspace_id, ReportSource { id, version });
    deadline.bound(found).await?.ok_or_else(|| Problem::not_found("report definition"))
}

/// Up to `per_page + 1` definitions in their latest versions: the latest made first, or, before a cursor, the earliest.
pub async fn list(
    state: &AppState,
    actor: &Actor,
    per_page: u32,
    cursor: Option<Cursor>,
) -> Result<Vec<Definition>, Problem> {
    let latest = report_definition_versions::version.eq(report_definitions::version);
    let mut query = report_definitions::table
        .inner_join(report_definition_versions::table)
        .filter(latest)
        .filter(report_definitions::workspace_id.eq(actor.workspace_id))
        .filter(report_definitions::deleted_at.is_null())
        .select((ReportDefinition::as_select(), ReportDefinitionVersion::as_select()))
        .limit(i64::from(per_page) + 1)
        .into_boxed();
    query = match cursor {
        None => query.order(report_definitions::id.desc()),
        Some(Cursor::After(id)) => query.filter(report_definitions::id.lt(id)).order(report_definitions::id.desc()),
        Some(Cursor::Before(id)) => query.filter(report_definitions::id.gt(id)).order(report_definitions::id.asc()),
    };
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    let rows: Vec<(ReportDefinition, ReportDefinitionVersion)> = deadline.bound(query.load(connection)).await?;
    Ok(rows.into_iter().map(|(definition, version)| Definition { definition, version }).collect())
}

fn version_of(
    actor: &Actor,
    id: Uuid,
    version: i32,
    request: &ReportDefinitionRequest,
    columns: &[QueryColumn],
) -> ReportDefinitionVersion {
    ReportDefinitionVersion {
        definition_id: id,
        version,
        description: request.description.clone(),
        sql: request.sql.clone(),
        parameters: serde_json::to_value(&request.parameters).unwrap_or_default(),
        answers: serde_json::to_value(columns).unwrap_or_default(),
        row_limit: request.row_limit,
        timeout_s: request.timeout_s,
        created_by: Some(actor.id),
        created_at: Utc::now(),
    }
}

/// Keeps a new definition within the caller's transaction.
pub async fn insert(
    session: &mut Session,
    actor: &Actor,
    request: &ReportDefinitionRequest,
    columns: &[QueryColumn],
) -> Result<ReportDefinitionResource, Fault> {
    let now = Utc::now();
    let definition = ReportDefinition {
        id: Uuid::now_v7(),
        workspace_id: actor.workspace_id,
        name: request.name.trim().to_owned(),
        version: 1,
        created_at: now,
        updated_at: now,
        deleted_at: None,
    };
    let version = version_of(actor, definition.id, 1, request, columns);
    let (connection, deadline) = session.ledger();
    let insert = diesel::insert_into(report_definitions::table).values(&definition).execute(connection);
    let inserted = deadline.within(insert).await?;
    inserted.map_err(|error| name_taken(error, &definition.name))?;
    let insert = diesel::insert_into(report_definition_versions::table).values(&version);
    deadline.bound(insert.execute(connection)).await?;
    Ok(ReportDefinitionResource::of(&Definition { definition, version }))
}

fn name_taken(error: DieselError, name: &str) -> Problem {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => {
            Problem::new(Code::NameTaken, format!("There is a report definition {name:?} already.")).about("/name")
        }
        error => error.into(),
    }
}

/// A definition whose row is locked until the end of the caller's transaction, if `If-Match` names its latest version.
async fn locked(
    session: &mut Session,
    actor: &Actor,
    id: Uuid,
    if_match: Option<&str>,
) -> Result<ReportDefinition, Problem> {
    let (connection, deadline) = session.ledger();
    let query = report_definitions::table
        .find(id)
        .filter(report_definitions::workspace_id.eq(actor.workspace_id))
        .filter(report_definitions::deleted_at.is_null())
        .select(ReportDefinition::as_select())
        .for_update();
    let found = deadline.bound(async { query.first(connection).await.optional() }).await?;
    let found: ReportDefinition = found.ok_or_else(|| Problem::not_found("report definition"))?;
    let Some(wanted) = if_match else {
        let detail = "Send If-Match with the definition's ETag.";
        return Err(Problem::new(Code::PreconditionRequired, detail).about("/header/If-Match"));
    };
    let tag = tag_of(found.version);
    if wanted.split(',').any(|each| each.trim() == "*" || each.trim() == tag) {
        return Ok(found);
    }
    let detail = format!("The definition has changed meanwhile; its ETag is {tag}.");
    Err(Problem::new(Code::PreconditionFailed, detail).about("/header/If-Match"))
}

/// Adds a version, which is the latest from now on.
pub async fn replace(
    state: &AppState,
    actor: &Actor,
    id: Uuid,
    if_match: Option<&str>,
    request: &ReportDefinitionRequest,
    columns: &[QueryColumn],
) -> Result<(), Fault> {
    transact(state, async |session| {
        let before = locked(session, actor, id, if_match).await?;
        let version = version_of(actor, id, before.version + 1, request, columns);
        let (connection, deadline) = session.ledger();
        let insert = diesel::insert_into(report_definition_versions::table).values(&version);
        deadline.bound(insert.execute(connection)).await?;
        let name = request.name.trim();
        let update = diesel::update(report_definitions::table.find(id)).set((
            report_definitions::name.eq(name),
            report_definitions::version.eq(version.version),
            report_definitions::updated_at.eq(version.created_at),
        ));
        let updated = deadline.within(update.execute(connection)).await?;
        updated.map_err(|error| name_taken(error, name))?;
        Ok(())
    })
    .await
}

/// Takes a definition out of sight. Its versions stay for the reports that were made of them.
pub async fn delete(state: &AppState, actor: &Actor, id: Uuid, if_match: Option<&str>) -> Result<(), Fault> {
    transact(state, async |session| {
        locked(session, actor, id, if_match).await?;
        let (connection, deadline) = session.ledger();
        let gone = report_definitions::deleted_at.eq(Some(Utc::now()));
        let update = diesel::update(report_definitions::table.find(id)).set(gone);
        deadline.bound(update.execute(connection)).await?;
        Ok(())
    })
    .await
}
