//! What is done with backups: drills, restores, retention. Workers do it; here it is accepted.

use super::{Altering, Asking, Tag, check_enabled, check_target, store};
use crate::{
    AppState,
    auth::Administrator,
    context::RequestContext,
    idempotency::{IdempotencyKey, KeyedRequest},
    json::JsonBody,
    problem::{Code, Problem, Refused},
    routes::jobs::JobResource,
    state::Session,
    transaction::{Done, Fault, Made, once},
};
use chrono::{DateTime, Utc};
use diesel::ExpressionMethods;
use diesel_async::RunQueryDsl;
use gotong_shared::{
    backups,
    config::PLATFORM_TARGET,
    db::{
        models::Backup,
        schema::{backup_drills, backup_restores},
    },
    enqueue::{Enqueued, NewJob, enqueue},
    jobs::{BackupCopyMedia, BackupPrune, BackupRestore, BackupVerify},
};
use poem::web::Data;
use poem_openapi::{
    ApiResponse, Object, OpenApi,
    param::{Header, Path},
    payload::Json,
    types::ToJSON,
};
use serde::Deserialize;
use uuid::Uuid;

/// How work on backups is answered.
#[derive(ApiResponse)]
pub enum WorkAccepted {
    /// The job that does it.
    #[oai(status = 202)]
    Accepted(
        Json<JobResource>,
        /// The job.
        #[oai(header = "Location")]
        String,
        /// `true` when this is the stored answer to an earlier request with the same Idempotency-Key.
        #[oai(header = "Idempotency-Replayed")]
        Option<bool>,
    ),
}

/// A restore that is asked for.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(skip_serializing_if_is_none)]
pub struct RestorationRequest {
    /// The database, on the server of the backup's target: 1 to 63 letters, digits, `_` and `-`.
    pub database: String,
    /// The same name, typed again: then a database of that name that exists already is replaced, and its connections are
    /// ended.
    pub confirm: Option<String>,
}

/// A removal that is asked for.
#[derive(Clone, Debug, Default, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(skip_serializing_if_is_none)]
pub struct PruningRequest {
    /// Of which target; of all unless told otherwise.
    pub target: Option<String>,
    /// Whether it is only told what would be removed.
    #[serde(default)]
    #[oai(default)]
    pub dry_run: bool,
}

/// What the retention says.
#[derive(Clone, Debug, Object)]
pub struct PruningPlan {
    /// Each good backup, by target, the latest first.
    data: Vec<PruningVerdict>,
}

/// What the retention says of a backup.
#[derive(Clone, Debug, Object)]
pub struct PruningVerdict {
    /// Of what it is.
    target: String,
    /// Its id.
    id: String,
    /// When its data were read.
    taken_at: DateTime<Utc>,
    /// Whether it is kept.
    keep: bool,
    /// Why.
    reasons: Vec<String>,
}

/// How a removal is answered.
#[derive(ApiResponse)]
#[expect(clippy::large_enum_variant, reason = "one is made for a request, and goes with it")]
enum PruningAnswer {
    /// What would be removed; nothing was.
    #[oai(status = 200)]
    Planned(Json<PruningPlan>),
    /// The job that removes.
    #[oai(status = 202)]
    Accepted(
        Json<JobResource>,
        /// The job.
        #[oai(header = "Location")]
        String,
        /// `true` when this is the stored answer to an earlier request with the same Idempotency-Key.
        #[oai(header = "Idempotency-Replayed")]
        Option<bool>,
    ),
}

/// A copy of the media that is asked for.
#[derive(Clone, Debug, Default, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct MediaCopyRequest {
    /// Whether what was copied before is read again and compared too.
    #[serde(default)]
    #[oai(default)]
    pub recheck: bool,
}

/// What is done with backups.
pub struct BackupWorkApi;

#[OpenApi(tag = "Tag::Backups")]
impl BackupWorkApi {
    /// Prove a backup.
    ///
    /// A restore drill: it is restored into a scratch database, read whole, compared with its manifest, and dropped. How
    /// long the restore took is the measured RTO.
    #[oai(path = "/backups/:id/verify", method = "post", operation_id = "verify_backup")]
    async fn verify(
        &self,
        Data(app): Data<&AppState>,
        caller: Administrator,
        id: Path<Uuid>,
        /// The client's own name for this request, 1 to 255 visible ASCII characters. The same key within a day is
        /// answered alike without being done again.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
        Data(context): Data<&RequestContext>,
    ) -> Result<WorkAccepted, Refused<Altering>> {
        let key = IdempotencyKey::read(caller.workspace_id, "verify_backup", idempotency_key.0)?;
        check_identity(app)?;
        let job = NewJob::of(caller.workspace_id, &BackupVerify { backup_id: id.0 })?.unique(id.0.to_string());
        let job = job.created_by(caller.id).trace(Some(context.trace.to_string()));
        let request = key.map(|key| key.of(id.0.to_string()));
        let accepted = accept(app, request.as_ref(), async |session| {
            let backup = store::restorable(session, id.0).await?;
            check_target(app, &backup.target, "/path/id")?;
            let (connection, deadline) = session.ledger();
            let row = (backup_drills::id.eq(job.id), backup_drills::backup_id.eq(id.0));
            let insert = diesel::insert_into(backup_drills::table).values(row).execute(connection);
            deadline.bound(insert).await?;
            enqueue_one(session, job.clone()).await
        });
        Ok(accepted.await?)
    }

    /// Restore a backup.
    ///
    /// Into a new database on its target's server; in the place of an existing one only when its name is typed again. It is
    /// restored beside the existing one first and takes its place when it is whole. The platform's own database, which it
    /// stands on, is restored by `gotong-worker restore` while the platform is stopped.
    #[oai(path = "/backups/:id/restore", method = "post", operation_id = "restore_backup")]
    async fn restore(
        &self,
        Data(app): Data<&AppState>,
        caller: Administrator,
        id: Path<Uuid>,
        /// The client's own name for this request, 1 to 255 visible ASCII characters. The same key and body within a
        /// day are answered alike without being done again.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
        Data(context): Data<&RequestContext>,
        body: JsonBody<RestorationRequest>,
    ) -> Result<WorkAccepted, Refused<Asking>> {
        let key = IdempotencyKey::read(caller.workspace_id, "restore_backup", idempotency_key.0)?;
        check_identity(app)?;
        let request = body.0;
        request.check()?;
        let job = NewJob::of(caller.workspace_id, &BackupRestore { backup_id: id.0 })?;
        let job = job.created_by(caller.id).trace(Some(context.trace.to_string()));
        let keyed = key.map(|key| key.of(format!("{} {}", id.0, request.to_json_string())));
        let accepted = accept(app, keyed.as_ref(), async |session| {
            let backup = store::restorable(session, id.0).await?;
            request.check_place(app, session, &backup).await?;
            let (connection, deadline) = session.ledger();
            let row = (
                backup_restores::id.eq(job.id),
                backup_restores::backup_id.eq(id.0),
                backup_restores::database.eq(&request.database),
                backup_restores::overwrite.eq(request.confirm.is_some()),
                backup_restores::workspace_id.eq(caller.workspace_id),
                backup_restores::created_by.eq(caller.id),
            );
            let insert = diesel::insert_into(backup_restores::table).values(row).execute(connection);
            deadline.bound(insert).await?;
            enqueue_one(session, job.clone()).await
        });
        Ok(accepted.await?)
    }

    /// Remove what is not kept.
    ///
    /// The latest backup of each of the last days, weeks and months is kept, and what is pinned, and the last that a drill
    /// has proved. A schedule of the platform removes the others every day.
    #[oai(path = "/backups/prune", method = "post", operation_id = "prune_backups")]
    async fn prune(
        &self,
        Data(app): Data<&AppState>,
        caller: Administrator,
        /// The client's own name for this request, 1 to 255 visible ASCII characters. The same key and body within a
        /// day are answered alike without being done again.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
        Data(context): Data<&RequestContext>,
        body: JsonBody<PruningRequest>,
    ) -> Result<PruningAnswer, Refused<Asking>> {
        let key = IdempotencyKey::read(caller.workspace_id, "prune_backups", idempotency_key.0)?;
        let PruningRequest { target, dry_run } = body.0;
        if let Some(target) = &target {
            check_target(app, target, "/target")?;
        }
        if dry_run {
            return Ok(PruningAnswer::Planned(Json(plan(app, target.as_deref()).await?)));
        }
        let unique = target.clone().unwrap_or_default();
        let job = NewJob::of(caller.workspace_id, &BackupPrune { target })?.unique(format!("target {unique}"));
        let job = job.created_by(caller.id).trace(Some(context.trace.to_string()));
        let request = key.map(|key| key.of(&unique));
        let accepted = accept(app, request.as_ref(), async |session| enqueue_one(session, job.clone()).await);
        let WorkAccepted::Accepted(job, location, replayed) = accepted.await?;
        Ok(PruningAnswer::Accepted(job, location, replayed))
    }

    /// Copy the media.
    ///
    /// What is not copied yet goes to a second bucket or prefix, each object compared by its hash. A schedule of the platform
    /// does so every night.
    #[oai(path = "/media-copy", method = "post", operation_id = "copy_media")]
    async fn copy_media(
        &self,
        Data(app): Data<&AppState>,
        caller: Administrator,
        /// The client's own name for this request, 1 to 255 visible ASCII characters. The same key and body within a
        /// day are answered alike without being done again.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
        Data(context): Data<&RequestContext>,
        body: JsonBody<MediaCopyRequest>,
    ) -> Result<WorkAccepted, Refused<Asking>> {
        let key = IdempotencyKey::read(caller.workspace_id, "copy_media", idempotency_key.0)?;
        if app.backups.media.is_none() {
            let detail = "No copy of the media is configured; an operator has to set GOTONG_BACKUP_MEDIA_BUCKET or \
                GOTONG_BACKUP_MEDIA_PREFIX.";
            return Err(Problem::new(Code::BackupsNotConfigured, detail).into());
        }
        let job = NewJob::of(caller.workspace_id, &BackupCopyMedia { recheck: body.0.recheck })?.unique("media");
        let job = job.created_by(caller.id).trace(Some(context.trace.to_string()));
        let request = key.map(|key| key.of(body.0.recheck.to_string()));
        Ok(accept(app, request.as_ref(), async |session| enqueue_one(session, job.clone()).await).await?)
    }
}

async fn plan(app: &AppState, target: Option<&str>) -> Result<PruningPlan, Problem> {
    let mut session = app.session().await?;
    let (connection, deadline) = session.ledger();
    let mut data = Vec::new();
    for each in app.backups.targets.iter().filter(|each| target.is_none_or(|name| name == each.name)) {
        let verdicts = deadline.bound(backups::plan(connection, app.backups.keep, &each.name)).await?;
        data.extend(verdicts.into_iter().map(|verdict| PruningVerdict {
            target: each.name.clone(),
            id: verdict.id.to_string(),
            taken_at: verdict.taken_at,
            keep: verdict.keep,
            reasons: verdict.reasons.iter().map(ToString::to_string).collect(),
        }));
    }
    Ok(PruningPlan { data })
}

/// Without the key no backup can be read.
fn check_identity(app: &AppState) -> Result<(), Problem> {
    check_enabled(app)?;
    if app.backups.identity.is_some() {
        return Ok(());
    }
    let detail = "No key that reads backups is configured; an operator has to set GOTONG_BACKUP_IDENTITY_FILE.";
    Err(Problem::new(Code::BackupsNotConfigured, detail))
}

impl RestorationRequest {
    fn check(&self) -> Result<(), Problem> {
        let refuse = |pointer: &str, why: &str| {
            Problem::new(Code::Invalid, "The backup cannot be restored so.").at(pointer, why)
        };
        let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
        if !(1..=63).contains(&self.database.len()) || !self.database.bytes().all(is_name) {
            return Err(refuse("/database", "has 1 to 63 letters, digits, '_' and '-'"));
        }
        if ["postgres", "template0", "template1"].contains(&self.database.as_str()) {
            return Err(refuse("/database", "belongs to the server"));
        }
        match &self.confirm {
            Some(name) if *name != self.database => Err(refuse("/confirm", "is not the name of the database")),
            _ => Ok(()),
        }
    }

    /// Whether a worker may write there. That another server has no such database is found by the worker.
    async fn check_place(&self, app: &AppState, session: &mut Session, backup: &Backup) -> Result<(), Problem> {
        check_target(app, &backup.target, "/path/id")?;
        let live = app.backups.target(&backup.target).map(|target| target.url.database());
        let is_live = live.as_deref() == Some(self.database.as_str());
        let is_platform = backup.target == PLATFORM_TARGET;
        let exists = is_live || (is_platform && store::has_database(session, &self.database).await?);
        if exists && self.confirm.is_none() {
            let detail = format!(
                "The database {} exists. To replace it, type its name again as `confirm`; or choose another name.",
                self.database
            );
            return Err(Problem::new(Code::DatabaseExists, detail).about("/confirm"));
        }
        if is_live && is_platform {
            let detail = "The platform stands on this database and cannot replace it under itself. Restore into another \
                one, or stop the platform and run `gotong-worker restore`.";
            return Err(Problem::new(Code::LiveDatabase, detail).about("/database"));
        }
        Ok(())
    }
}

/// Commits what `write` does with the job, once for each key, and answers with it.
pub(super) async fn accept(
    app: &AppState,
    request: Option<&KeyedRequest>,
    write: impl AsyncFnOnce(&mut Session) -> Result<(JobResource, Enqueued), Fault>,
) -> Result<WorkAccepted, Problem> {
    let done = once(app, request, async |session| {
        let (job, enqueued) = write(session).await?;
        let location = job.links.this.clone();
        Ok(Made::new(202, job).at(location).with(enqueued))
    });
    let Done { resource: job, replayed, .. } = done.await.map_err(Fault::problem)?;
    let location = job.links.this.clone();
    Ok(WorkAccepted::Accepted(Json(job), location, replayed))
}

/// Writes the row of a job within the session's transaction.
pub(super) async fn enqueue_one(session: &mut Session, job: NewJob) -> Result<(JobResource, Enqueued), Fault> {
    let (connection, deadline) = session.ledger();
    let enqueued = deadline.within(enqueue(connection, &[job])).await??;
    if let Some(other) = enqueued.duplicates.values().next() {
        let detail = format!("The job {other} does so already.");
        return Err(Problem::new(Code::Duplicate, detail).into());
    }
    let row = enqueued.rows.as_slice().first().cloned().ok_or_else(|| Problem::internal("the job has no row"))?;
    Ok((JobResource::of(row), enqueued))
}
