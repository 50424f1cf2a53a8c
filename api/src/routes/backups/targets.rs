//! `/backup-targets`: of what there are backups, and whether what is promised of them holds.

use super::{
    Overseeing, Tag,
    resource::{BackupError, error},
};
use crate::{
    AppState,
    auth::Administrator,
    problem::{Problem, Refused},
};
use chrono::{DateTime, TimeDelta, Utc};
use gotong_shared::{
    backups::{self, DrillState, Standing},
    config::{BackupPromise, BackupTarget},
    db::models::MediaCopy,
};
use poem::web::Data;
use poem_openapi::{Object, OpenApi, payload::Json, types::Any};
use serde_json::Value;
use uuid::Uuid;

/// What is backed up.
#[derive(Clone, Debug, Object)]
#[oai(rename = "BackupTargetList", skip_serializing_if_is_none)]
struct TargetList {
    /// Whether backups are configured at all.
    enabled: bool,
    /// The targets; this platform's own database first.
    data: Vec<TargetResource>,
    /// What is promised of each.
    promise: Promise,
    /// The copy of the media; missing where none is configured.
    media_copy: Option<MediaCopyResource>,
}

/// What is promised of each target.
#[derive(Clone, Debug, Object)]
#[oai(rename = "BackupPromise")]
struct Promise {
    /// How old the data of the last good backup may be, in seconds: what is lost at most.
    rpo_s: u64,
    /// How long a restore may take, in seconds.
    rto_s: u64,
}

/// A database that is backed up.
#[derive(Clone, Debug, Object)]
#[oai(rename = "BackupTarget", skip_serializing_if_is_none)]
struct TargetResource {
    /// Its name.
    name: String,
    /// The database's name on its server.
    database: String,
    /// The last good backup.
    last_good: Option<BackupPoint>,
    /// The last one that a drill has proved.
    last_verified: Option<BackupPoint>,
    /// The last drill.
    last_drill: Option<LastDrill>,
    /// What would be lost now, in seconds: the age of the data of the last good backup.
    rpo_s: Option<i64>,
    /// How long the restore of the last proved backup took, in milliseconds.
    rto_ms: Option<i64>,
    /// Whether what is promised holds now.
    in_promise: bool,
    /// Why not, in sentences.
    breaches: Vec<String>,
    /// The backup that is waiting or being made.
    under_way: Option<String>,
}

/// A backup in time.
#[derive(Clone, Debug, Object)]
struct BackupPoint {
    /// Its id.
    id: Uuid,
    /// When its data were read.
    taken_at: DateTime<Utc>,
    /// Where it is.
    link: String,
}

/// The drill that ended last.
#[derive(Clone, Debug, Object)]
#[oai(rename = "LastBackupDrill", skip_serializing_if_is_none)]
struct LastDrill {
    /// Its id.
    id: Uuid,
    /// How it ended.
    state: DrillState,
    /// When it ended.
    finished_at: DateTime<Utc>,
    /// Why it failed.
    message: Option<String>,
}

/// How the copy of the media stands.
#[derive(Clone, Debug, Object)]
#[oai(rename = "MediaCopy", skip_serializing_if_is_none)]
struct MediaCopyResource {
    /// Where to: `s3://bucket/prefix`.
    to: String,
    /// When the latest attempt ended.
    attempted_at: Option<DateTime<Utc>>,
    /// When the latest that copied everything ended.
    completed_at: Option<DateTime<Utc>>,
    /// What the latest came to: objects seen, copied, left as they are; which failed.
    report: Option<Any<Value>>,
    /// Why the latest is not whole.
    error: Option<BackupError>,
}

/// The operations on targets.
pub struct BackupTargetsApi;

#[OpenApi(tag = "Tag::Backups")]
impl BackupTargetsApi {
    /// List what is backed up.
    ///
    /// With what is promised of each target, and whether it holds. With a daily backup, up to a day's data are lost with the
    /// database.
    #[oai(path = "/backup-targets", method = "get", operation_id = "list_backup_targets")]
    async fn list(
        &self,
        Data(app): Data<&AppState>,
        _caller: Administrator,
    ) -> Result<Json<TargetList>, Refused<Overseeing>> {
        let config = &app.backups;
        let standings = standings(app).await?;
        let mut session = app.session().await?;
        let (connection, deadline) = session.ledger();
        let copy = deadline.bound(backups::copy_of_media(connection)).await?;
        let now = Utc::now();
        let targets = config.targets.iter().zip(standings);
        Ok(Json(TargetList {
            enabled: config.is_enabled(),
            data: targets.map(|(target, standing)| resource(target, &standing, config.promise, now)).collect(),
            promise: Promise { rpo_s: config.promise.rpo.as_secs(), rto_s: config.promise.rto.as_secs() },
            media_copy: config.media.as_ref().map(|place| copy_resource(copy, &place.bucket, &place.prefix)),
        }))
    }
}

/// How every target stands, in the order of the configuration.
pub(in crate::routes) async fn standings(app: &AppState) -> Result<Vec<Standing>, Problem> {
    let names: Vec<&str> = app.backups.targets.iter().map(|target| target.name.as_str()).collect();
    let mut session = app.session().await?;
    let (connection, deadline) = session.ledger();
    Ok(deadline.bound(backups::standings(connection, &names)).await?)
}

fn resource(target: &BackupTarget, standing: &Standing, promise: BackupPromise, now: DateTime<Utc>) -> TargetResource {
    let breaches = breaches(standing, promise, now);
    let point = |id: Option<Uuid>, at: Option<DateTime<Utc>>| {
        let (id, taken_at) = id.zip(at)?;
        Some(BackupPoint { id, taken_at, link: format!("/api/v1/backups/{id}") })
    };
    let drill = standing.last_drill.zip(standing.last_drill_at).map(|(id, finished_at)| LastDrill {
        id,
        state: standing.last_drill_state.as_deref().and_then(DrillState::of).unwrap_or(DrillState::Failed),
        finished_at,
        message: standing.last_drill_error.clone(),
    });
    TargetResource {
        name: target.name.clone(),
        database: target.url.database(),
        last_good: point(standing.last_good, standing.last_good_at),
        last_verified: point(standing.last_verified, standing.last_verified_at),
        last_drill: drill,
        rpo_s: standing.last_good_at.map(|at| (now - at).num_seconds().max(0)),
        rto_ms: standing.rto_ms,
        in_promise: breaches.is_empty(),
        breaches: breaches.into_iter().map(|breach| breach.detail).collect(),
        under_way: standing.under_way.map(|id| format!("/api/v1/backups/{id}")),
    }
}

fn copy_resource(copy: MediaCopy, bucket: &str, prefix: &str) -> MediaCopyResource {
    MediaCopyResource {
        to: format!("s3://{bucket}/{prefix}"),
        attempted_at: copy.attempted_at,
        completed_at: copy.completed_at,
        report: copy.report.map(Any),
        error: error(copy.error_class, copy.error_message),
    }
}

/// What is broken of the promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::routes) enum Broken {
    /// The last good backup is too old, or there is none.
    Overdue,
    /// The last drill failed, or the last that passed is too old.
    Unproved,
    /// The last proved restore took too long.
    Slow,
}

/// A promise that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::routes) struct Breach {
    /// What.
    pub what: Broken,
    /// A sentence.
    pub detail: String,
    /// Since when.
    pub since: Option<DateTime<Utc>>,
    /// Of which backup.
    pub backup: Option<Uuid>,
}

/// Which promises do not hold of a target.
pub(in crate::routes) fn breaches(standing: &Standing, promise: BackupPromise, now: DateTime<Utc>) -> Vec<Breach> {
    let target = &standing.target;
    let rpo = TimeDelta::from_std(promise.rpo).unwrap_or(TimeDelta::MAX);
    let hours = rpo.num_hours();
    let mut breaches = Vec::new();
    let mut add = |what, since, backup, detail| breaches.push(Breach { what, detail, since, backup });
    match standing.last_good_at {
        Some(at) if now - at > rpo => {
            let age = (now - at).num_hours();
            let detail = format!("The last good backup of {target} is {age} hours old; {hours} are promised.");
            add(Broken::Overdue, Some(at + rpo), standing.last_good, detail);
        }
        None if standing.in_use_since.is_some_and(|since| now - since > rpo) => {
            let detail = format!("There is no good backup of {target}; one every {hours} hours is promised.");
            add(Broken::Overdue, standing.in_use_since.map(|since| since + rpo), None, detail);
        }
        _ => {}
    }
    let unproved_at = standing.last_verified_at.or(standing.in_use_since).map(|at| at + rpo * 2);
    if standing.last_drill_state.as_deref() == Some(DrillState::Failed.as_str()) {
        let why = standing.last_drill_error.as_deref().unwrap_or("its job did not succeed");
        let detail = format!("The last restore drill of {target} failed: {why}");
        add(Broken::Unproved, standing.last_drill_at, standing.last_drill_of, detail);
    } else if standing.last_good.is_some() && unproved_at.is_some_and(|at| now > at) {
        let detail = format!("No backup of {target} of the last {} hours has been restored in a drill.", 2 * hours);
        add(Broken::Unproved, unproved_at, standing.last_verified, detail);
    }
    let promised_ms = i64::try_from(promise.rto.as_millis()).unwrap_or(i64::MAX);
    if let Some(took) = standing.rto_ms.filter(|took| *took > promised_ms) {
        let (took, promised) = (took / 60_000, promised_ms / 60_000);
        let detail = format!("Restoring {target} took {took} minutes in the last drill; {promised} are promised.");
        add(Broken::Slow, standing.last_drill_at, standing.last_verified, detail);
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const PROMISE: BackupPromise = BackupPromise { rpo: Duration::from_hours(25), rto: Duration::from_hours(1) };

    fn standing(good: Option<i64>, verified: Option<i64>, drill: &str) -> Standing {
        let ago = |hours: i64| DateTime::from_timestamp(1_000_000_000 - 3_600 * hours, 0).unwrap();
        let id = |of: Option<i64>| of.map(|_| Uuid::nil());
        Standing {
            target: "platform".into(),
            in_use_since: Some(ago(1_000)),
            under_way: None,
            last_good: id(good),
            last_good_at: good.map(ago),
            last_verified: id(verified),
            last_verified_at: verified.map(ago),
            rto_ms: verified.map(|_| 1_000),
            last_drill: id(verified),
            last_drill_state: (!drill.is_empty()).then(|| drill.to_owned()),
            last_drill_at: verified.map(ago),
            last_drill_of: id(verified),
            last_drill_error: None,
        }
    }

    fn broken(standing: &Standing) -> Vec<Broken> {
        let now = DateTime::from_timestamp(1_000_000_000, 0).unwrap();
        breaches(standing, PROMISE, now).into_iter().map(|breach| breach.what).collect()
    }

    #[test]
    fn a_promise_is_broken_by_age_by_a_failed_drill_and_by_a_slow_restore() {
        assert_eq!(broken(&standing(Some(24), Some(24), "passed")), []);
        assert_eq!(broken(&standing(Some(26), Some(26), "passed")), [Broken::Overdue]);
        assert_eq!(broken(&standing(None, None, "")), [Broken::Overdue]);
        assert_eq!(broken(&standing(Some(1), Some(51), "passed")), [Broken::Unproved]);
        assert_eq!(broken(&standing(Some(1), None, "")), [Broken::Unproved], "never proved");
        assert_eq!(broken(&standing(Some(1), Some(1), "failed")), [Broken::Unproved]);
        let slow = Standing { rto_ms: Some(3_600_001), ..standing(Some(1), Some(1), "passed") };
        assert_eq!(broken(&slow), [Broken::Slow]);
        let fresh = Standing { in_use_since: DateTime::from_timestamp(999_999_000, 0), ..standing(None, None, "") };
        assert_eq!(broken(&fresh), [], "nobody could have made one yet");
    }
}
