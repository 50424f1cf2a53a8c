//! Statements on `reports`. Each names what the caller may see: their workspace's reports and, for administrators, the
//! platform's.

use super::resource::ReportResource;
use crate::{
    AppState,
    auth::{Actor, Role},
    page::Cursor,
    problem::{Code, Problem},
    state::Session,
    transaction::{Fault, transact},
};
use chrono::Utc;
use diesel::{prelude::*, sql_types::Bool};
use diesel_async::RunQueryDsl;
use gotong_shared::{
    db::{
        models::{NewReport, Report},
        schema::reports,
    },
    enqueue::{Enqueued, NewJob, enqueue},
    jobs::{PayloadError, ReportGenerate, ReportSource},
    reports::{
        ReportState,
        accept::{self, AcceptError},
    },
};
use uuid::Uuid;

#[diesel::dsl::auto_type(no_type_alias)]
fn seen_by(workspace: Uuid, is_admin: bool) -> _ {
    reports::workspace_id.eq(workspace).or(reports::workspace_id.is_null().and(is_admin.into_sql::<Bool>()))
}

fn is_admin(actor: &Actor) -> bool {
    actor.role == Role::Admin
}

/// A request that cannot be done as it is.
pub fn unfit(error: PayloadError) -> Problem {
    Problem::new(Code::Invalid, "The report cannot be made as it is asked for.").at(error.pointer, error.message)
}

/// Accepts a report within the caller's transaction: its row and its job's. The job says what was meant at this moment:
/// which version, from when until when.
pub async fn insert(
    session: &mut Session,
    actor: &Actor,
    request: &ReportGenerate,
    trace: String,
) -> Result<(ReportResource, Enqueued), Fault> {
    let id = Uuid::now_v7();
    let (connection, deadline) = session.ledger();
    let row = accept::row(connection, id, Some(actor.workspace_id), request, Utc::now());
    let row = deadline.within(row).await?;
    let row = row.map_err(|error| match error {
        AcceptError::Payload(error) => unfit(error),
        AcceptError::Database(error) => error.into(),
    })?;
    let row = NewReport { created_by: Some(actor.id), ..row };
    let insert = diesel::insert_into(reports::table).values(&row).returning(Report::as_returning());
    let report: Report = deadline.bound(insert.get_result(connection)).await?;
    let job = NewJob::of(actor.workspace_id, &meant(request, &report))?;
    let job = NewJob { id, ..job }.created_by(actor.id).trace(Some(trace));
    let enqueued = deadline.within(enqueue(connection, &[job])).await??;
    Ok((ReportResource::of(report), enqueued))
}

fn meant(request: &ReportGenerate, report: &Report) -> ReportGenerate {
    ReportGenerate {
        definition: report.definition_id.map(|id| ReportSource { id, version: report.definition_version }),
        period: None,
        from: Some(report.range_from),
        to: Some(report.range_to),
        ..request.clone()
    }
}

/// A report that the caller may see.
pub async fn find(state: &AppState, actor: &Actor, id: Uuid) -> Result<Report, Problem> {
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    let query =
        reports::table.find(id).filter(seen_by(actor.workspace_id, is_admin(actor))).select(Report::as_select());
    let found = deadline.bound(async { query.first(connection).await.optional() }).await?;
    found.ok_or_else(|| Problem::not_found("report"))
}

/// A report, whoever asks: for those who hold a link.
pub async fn find_any(state: &AppState, id: Uuid) -> Result<Option<Report>, Problem> {
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    let query = reports::table.find(id).select(Report::as_select());
    Ok(deadline.bound(async { query.first(connection).await.optional() }).await?)
}

/// Up to `per_page + 1` reports: newest first, or, before a cursor, oldest first.
pub async fn list(
    state: &AppState,
    actor: &Actor,
    in_state: Option<ReportState>,
    per_page: u32,
    cursor: Option<Cursor>,
) -> Result<Vec<Report>, Problem> {
    let mut query = reports::table
        .filter(seen_by(actor.workspace_id, is_admin(actor)))
        .select(Report::as_select())
        .limit(i64::from(per_page) + 1)
        .into_boxed();
    if let Some(wanted) = in_state {
        query = query.filter(reports::state.eq(wanted.as_str()));
    }
    query = match cursor {
        None => query.order(reports::id.desc()),
        Some(Cursor::After(id)) => query.filter(reports::id.lt(id)).order(reports::id.desc()),
        Some(Cursor::Before(id)) => query.filter(reports::id.gt(id)).order(reports::id.asc()),
    };
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    Ok(deadline.bound(query.load(connection)).await?)
}

/// Removes a report with its file: first the file, under the row's lock.
pub async fn delete(state: &AppState, actor: &Actor, id: Uuid) -> Result<(), Fault> {
    transact(state, async |session| {
        let (connection, deadline) = session.ledger();
        let query = reports::table
            .find(id)
            .filter(seen_by(actor.workspace_id, is_admin(actor)))
            .select(Report::as_select())
            .for_update();
        let found: Option<Report> = deadline.bound(async { query.first(connection).await.optional() }).await?;
        let report = found.ok_or_else(|| Problem::not_found("report"))?;
        if report.state == ReportState::Queued.as_str() {
            let detail = "The report is not made yet; cancel its job instead.";
            return Err(Problem::new(Code::JobOpen, detail).into());
        }
        let keys: Vec<String> = report.object_key.into_iter().collect();
        state.storage.delete(&keys).await?;
        deadline.bound(diesel::delete(reports::table.find(id)).execute(connection)).await?;
        Ok(())
    })
    .await
}
