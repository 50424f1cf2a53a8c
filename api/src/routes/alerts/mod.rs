//! `/alerts`: what an operator should know now.

mod rules;

pub(super) use rules::current;

use super::{Tag, workers::Watching};
use crate::{AppState, auth::Reader, problem::Refused};
use chrono::{DateTime, Utc};
use poem::web::Data;
use poem_openapi::{Enum, Object, OpenApi, payload::Json};
use uuid::Uuid;

/// How much of a hurry it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Enum)]
#[oai(rename = "AlertSeverity", rename_all = "lowercase")]
pub enum Severity {
    /// Work does not get done.
    Critical,
    /// Somebody should look.
    Warning,
    /// Good to know.
    Info,
}

/// What it is about; stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Enum)]
#[oai(rename = "AlertCode", rename_all = "snake_case")]
pub enum AlertCode {
    /// Redis, the object store, search or mail gives no answer.
    PartDown,
    /// A queue has ready jobs and no worker serves it.
    NoWorker,
    /// The oldest ready job of a queue has waited longer than the queue's limit.
    OldestAge,
    /// Jobs wait whose kind no worker knows.
    UnknownKind,
    /// A tick of a schedule is later than the schedule's grace time.
    ScheduleLate,
    /// A schedule's jobs failed as often in a row as its limit says.
    ScheduleFailing,
    /// Jobs failed for good in the last hour.
    DeadJobs,
    /// An operator has paused a queue.
    QueuePaused,
    /// The last good backup of a target is older than what is promised, or there is none.
    BackupOverdue,
    /// The last restore drill of a target failed, or the last that passed is too old.
    BackupUnproved,
    /// Restoring a target takes longer than what is promised.
    RestoreSlow,
    /// The doctor has put something right in the last hour.
    RepairsMade,
}

/// Something that an operator should know now.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct Alert {
    /// What it is about; stable.
    pub code: AlertCode,
    /// How much of a hurry it is.
    pub severity: Severity,
    /// Which queue, part, kind or schedule.
    pub subject: String,
    /// A sentence.
    pub detail: String,
    /// Since when it is so, as far as that is known.
    pub since: Option<DateTime<Utc>>,
    /// Where to look.
    pub link: String,
    /// Whose; the platform's if nobody's.
    #[oai(skip)]
    pub workspace_id: Option<Uuid>,
}

/// What an operator should know now.
#[derive(Clone, Debug, Object)]
struct AlertList {
    /// The most urgent first.
    data: Vec<Alert>,
}

/// The operations on alerts.
pub struct AlertsApi;

#[OpenApi(tag = "Tag::Platform")]
impl AlertsApi {
    /// List alerts.
    ///
    /// What is so now, or was within the last hour; an alert goes when its cause is gone.
    #[oai(path = "/alerts", method = "get", operation_id = "list_alerts")]
    async fn list(&self, Data(state): Data<&AppState>, caller: Reader) -> Result<Json<AlertList>, Refused<Watching>> {
        Ok(Json(AlertList { data: visible(&state.figures.alerts(state).await?, caller.workspace_id) }))
    }
}

/// The platform's alerts and those of a workspace.
pub(crate) fn visible(alerts: &[Alert], workspace: Uuid) -> Vec<Alert> {
    let is_visible = |alert: &&Alert| alert.workspace_id.is_none_or(|owner| owner == workspace);
    alerts.iter().filter(is_visible).cloned().collect()
}
