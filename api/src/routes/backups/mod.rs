//! `/backups`: databases in the store, and the proof that they can be restored. They hold every workspace's data, so all of
//! it is for administrators.

mod resource;
mod store;
mod targets;
mod work;

pub use resource::BackupResource;
pub use targets::BackupTargetsApi;
pub(super) use targets::{Breach, Broken, breaches, standings};
pub use work::BackupWorkApi;

use super::{Altering, Asking, Overseeing, Tag};
use crate::{
    AppState,
    auth::Administrator,
    context::RequestContext,
    idempotency::IdempotencyKey,
    json::JsonBody,
    page::{self, Cursor, Page},
    problem::{Code, Problem, Refused},
};
use gotong_shared::{
    backups::{self, BackupState, NewBackup},
    config::PLATFORM_TARGET,
    enqueue::NewJob,
    jobs::BackupCreate,
};
use poem::web::Data;
use poem_openapi::{
    Object, OpenApi,
    param::{Header, Path, Query},
    payload::Json,
};
use resource::BackupList;
use serde::Deserialize;
use store::Filter;
use uuid::Uuid;
use work::{WorkAccepted, accept, enqueue_one};

/// A backup that is asked for.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(skip_serializing_if_is_none)]
pub struct BackupRequest {
    /// Of what: `platform` (this platform's own database) unless told otherwise.
    pub target: Option<String>,
    /// Whether a restore drill follows; no unless told otherwise.
    #[serde(default)]
    #[oai(default)]
    pub verify: bool,
}

/// The operations on backups.
pub struct BackupsApi;

#[OpenApi(prefix_path = "/backups", tag = "Tag::Backups")]
impl BackupsApi {
    /// Make a backup.
    ///
    /// The backup has the id of the job that makes it. One of a target is made at a time.
    #[oai(path = "/", method = "post", operation_id = "create_backup")]
    async fn create(
        &self,
        Data(app): Data<&AppState>,
        caller: Administrator,
        /// The client's own name for this request, 1 to 255 visible ASCII characters. The same key and body within a
        /// day are answered alike without being done again.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
        Data(context): Data<&RequestContext>,
        body: JsonBody<BackupRequest>,
    ) -> Result<WorkAccepted, Refused<Asking>> {
        let key = IdempotencyKey::read(caller.workspace_id, "create_backup", idempotency_key.0)?;
        check_enabled(app)?;
        let BackupRequest { target, verify } = body.0;
        let target = target.unwrap_or_else(|| PLATFORM_TARGET.to_owned());
        check_target(app, &target, "/target")?;
        let request = key.map(|key| key.of(format!("{target} {verify}")));
        let job = NewJob::of(caller.workspace_id, &BackupCreate { target: Some(target.clone()), verify })?;
        let job = job.created_by(caller.id).trace(Some(context.trace.to_string()));
        let accepted = accept(app, request.as_ref(), async |session| {
            let (workspace_id, created_by) = (caller.workspace_id, Some(caller.id));
            let new = NewBackup { id: job.id, target: &target, workspace_id, created_by, verify };
            let (connection, deadline) = session.ledger();
            if !deadline.bound(backups::insert(connection, new)).await? {
                let other = deadline.bound(backups::under_way(connection, &target)).await?.unwrap_or_default();
                let detail = format!("The backup {other} of {target} is under way; one is made at a time.");
                return Err(Problem::new(Code::Duplicate, detail).about("/target").into());
            }
            enqueue_one(session, job.clone()).await
        });
        Ok(accepted.await?)
    }

    /// List backups.
    ///
    /// The latest first.
    #[oai(path = "/", method = "get", operation_id = "list_backups")]
    async fn list(
        &self,
        Data(app): Data<&AppState>,
        _caller: Administrator,
        /// Only those of this target.
        #[oai(validator(max_length = 40))]
        target: Query<Option<String>>,
        /// Only those in this state.
        state: Query<Option<BackupState>>,
        /// The most items on a page.
        #[oai(default = "page::usual", validator(minimum(value = "1"), maximum(value = "100")))]
        per_page: Query<u32>,
        /// Where the page starts, from the links of another page.
        cursor: Query<Option<String>>,
    ) -> Result<Json<BackupList>, Refused<Overseeing>> {
        let cursor = Cursor::read(cursor.as_deref())?;
        let per_page = per_page.min(page::LONGEST);
        let filter = Filter { target: target.0, state: state.0 };
        let rows = store::list(app, &filter, per_page, cursor).await?;
        let state = filter.state.map(|state| ("state", state.as_str().to_owned()));
        let parameters: Vec<_> = filter.target.map(|target| ("target", target)).into_iter().chain(state).collect();
        Ok(Json(BackupList::of(Page::of(rows, per_page, cursor, "/api/v1/backups", &parameters, |row| row.id))))
    }

    /// Get a backup.
    ///
    /// With its manifest, its drills and its restores.
    #[oai(path = "/:id", method = "get", operation_id = "get_backup")]
    async fn get(
        &self,
        Data(app): Data<&AppState>,
        _caller: Administrator,
        id: Path<Uuid>,
    ) -> Result<Json<BackupResource>, Refused<Overseeing>> {
        let (backup, drills, restores) = store::find(app, id.0).await?;
        Ok(Json(BackupResource::whole(backup, drills, restores)))
    }

    /// Pin a backup.
    ///
    /// It is kept whatever the retention says.
    #[oai(path = "/:id/pin", method = "post", operation_id = "pin_backup")]
    async fn pin(
        &self,
        Data(app): Data<&AppState>,
        _caller: Administrator,
        id: Path<Uuid>,
    ) -> Result<Json<BackupResource>, Refused<Altering>> {
        Ok(Json(pin(app, id.0, true).await?))
    }

    /// Unpin a backup.
    #[oai(path = "/:id/unpin", method = "post", operation_id = "unpin_backup")]
    async fn unpin(
        &self,
        Data(app): Data<&AppState>,
        _caller: Administrator,
        id: Path<Uuid>,
    ) -> Result<Json<BackupResource>, Refused<Altering>> {
        Ok(Json(pin(app, id.0, false).await?))
    }
}

async fn pin(app: &AppState, id: Uuid, pinned: bool) -> Result<BackupResource, Problem> {
    let mut session = app.session().await?;
    let (connection, deadline) = session.ledger();
    if let Some(backup) = deadline.bound(backups::pin(connection, id, pinned)).await? {
        return Ok(BackupResource::of(backup));
    }
    store::restorable(&mut session, id).await?;
    Err(Problem::not_found("backup"))
}

/// Without a recipient nobody could read a backup.
fn check_enabled(app: &AppState) -> Result<(), Problem> {
    if app.backups.is_enabled() {
        return Ok(());
    }
    let detail = "No backups are configured; an operator has to set GOTONG_BACKUP_RECIPIENTS.";
    Err(Problem::new(Code::BackupsNotConfigured, detail))
}

fn check_target(app: &AppState, name: &str, pointer: &str) -> Result<(), Problem> {
    if app.backups.target(name).is_some() {
        return Ok(());
    }
    let known: Vec<_> = app.backups.targets.iter().map(|target| target.name.as_str()).collect();
    let why = format!("there is no such target; there are: {}", known.join(", "));
    Err(Problem::new(Code::Invalid, "The target is not known.").at(pointer, why))
}
