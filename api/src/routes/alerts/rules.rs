//! When there is an alert.

use super::{Alert, AlertCode, Severity};
use crate::{
    AppState,
    problem::Problem,
    routes::{
        backups::{self, Breach, Broken},
        operating::names,
        queues::time,
    },
};
use chrono::{DateTime, Utc};
use gotong_queue::{Counts, WorkerView};
use gotong_shared::{
    backups::Standing,
    queue_settings::QueueSettings,
    scheduled::{LateSchedule, late_schedules},
    statistics::{self, DeadJobs, RecentRepairs},
};

/// The most schedules that are told.
const MOST_SCHEDULES: i64 = 100;

/// Every alert there is now, of all workspaces, the most urgent first.
pub(in crate::routes) async fn current(state: &AppState) -> Result<Vec<Alert>, Problem> {
    let (settings, counts) = (state.figures.settings(state).await?, state.figures.counts(state).await);
    let workers = state.figures.workers(state).await;
    let mut alerts = Vec::new();
    for (part, since) in &*state.figures.down(state).await {
        alerts.push(part_down(part, *since));
    }
    for name in names() {
        let settings = settings.get(name).cloned().unwrap_or_default();
        alerts.extend(paused(name, &settings));
        if let Some(counts) = counts.get(name).and_then(Option::as_ref) {
            alerts.extend(of_queue(name, &settings, counts, workers.as_deref(), Utc::now()));
        }
    }
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    alerts.extend(deadline.bound(statistics::dead_jobs(connection)).await?.iter().map(dead_jobs));
    alerts.extend(deadline.bound(statistics::recent_repairs(connection)).await?.iter().map(repairs_made));
    for schedule in deadline.bound(late_schedules(connection, MOST_SCHEDULES)).await? {
        alerts.extend(of_schedule(&schedule));
    }
    drop(session);
    if state.backups.is_enabled() {
        let (promise, now) = (state.backups.promise, Utc::now());
        for standing in backups::standings(state).await? {
            alerts.extend(backups::breaches(&standing, promise, now).into_iter().map(|b| of_target(&standing, b)));
        }
    }
    alerts.sort_by(|a, b| (a.severity, a.code, &a.subject).cmp(&(b.severity, b.code, &b.subject)));
    Ok(alerts)
}

fn alert(code: AlertCode, severity: Severity, subject: &str, detail: String) -> Alert {
    let link = format!("/api/v1/queues/{subject}");
    Alert { code, severity, subject: subject.to_owned(), detail, since: None, link, workspace_id: None }
}

fn part_down(part: &str, since: DateTime<Utc>) -> Alert {
    let alert = alert(AlertCode::PartDown, Severity::Critical, part, format!("{part} gives no answer or refuses."));
    Alert { since: Some(since), link: "/health".to_owned(), ..alert }
}

fn paused(queue: &str, settings: &QueueSettings) -> Option<Alert> {
    let since = settings.paused_at?;
    let detail = format!("The queue {queue} is paused: workers fetch nothing from it.");
    Some(Alert { since: Some(since), ..alert(AlertCode::QueuePaused, Severity::Info, queue, detail) })
}

fn of_queue(
    queue: &str,
    settings: &QueueSettings,
    counts: &Counts,
    workers: Option<&[WorkerView]>,
    now: DateTime<Utc>,
) -> Vec<Alert> {
    let mut alerts = Vec::new();
    let (ready, oldest) = (counts.ready.iter().sum::<u64>(), counts.oldest_ready.and_then(time));
    let serves = |worker: &WorkerView| !worker.draining && worker.queues.iter().any(|q| q.queue.as_ref() == queue);
    if ready > 0 && workers.is_some_and(|workers| !workers.iter().any(serves)) {
        let detail = format!("{ready} jobs are ready on the queue {queue}, and no worker serves it.");
        alerts.push(Alert { since: oldest, ..alert(AlertCode::NoWorker, Severity::Critical, queue, detail) });
    }
    let age = oldest.and_then(|at| (now - at).to_std().ok()).unwrap_or_default();
    let limit = settings.oldest_age_limit();
    // What an operator has paused is expected to wait.
    if age > limit && !settings.is_paused() {
        let (age, limit) = (age.as_secs(), limit.as_secs());
        let detail = format!("The oldest ready job on the queue {queue} waits for {age} s; its limit is {limit} s.");
        alerts.push(Alert { since: oldest, ..alert(AlertCode::OldestAge, Severity::Warning, queue, detail) });
    }
    if !counts.unknown_kinds.is_empty() {
        let jobs: u64 = counts.unknown_kinds.iter().map(|(_, jobs)| jobs).sum();
        let kinds: Vec<_> = counts.unknown_kinds.iter().take(5).map(|(kind, _)| kind.as_str()).collect();
        let detail = format!("Waiting for a worker that knows their kind: {jobs} of {}.", kinds.join(", "));
        alerts.push(alert(AlertCode::UnknownKind, Severity::Warning, queue, detail));
    }
    alerts
}

fn dead_jobs(dead: &DeadJobs) -> Alert {
    let DeadJobs { queue, kind, count, since } = dead;
    let detail = format!("Failed for good on the queue {queue} in the last hour: {count} of the kind {kind}.");
    let link = format!("/api/v1/failures?kind={kind}");
    Alert { since: Some(*since), link, ..alert(AlertCode::DeadJobs, Severity::Warning, kind, detail) }
}

fn repairs_made(repairs: &RecentRepairs) -> Alert {
    let RecentRepairs { queue, repair, count, last_at } = repairs;
    let (place, link) = match queue.as_str() {
        "" => ("the ledger".to_owned(), "/api/v1/queues".to_owned()),
        queue => (format!("the queue {queue}"), format!("/api/v1/queues/{queue}")),
    };
    let detail = format!("The doctor has put right in {place}: {repair}, {count} times; the last time at {last_at}.");
    let subject = format!("{queue} {repair}");
    Alert { link, ..alert(AlertCode::RepairsMade, Severity::Info, subject.trim_start(), detail) }
}

fn of_schedule(schedule: &LateSchedule) -> Vec<Alert> {
    let LateSchedule { id, workspace_id, name, late_since, failures, is_failing, last_failure_at } = schedule;
    let link = format!("/api/v1/schedules/{id}");
    let of = |code, severity, since, detail| Alert {
        since,
        link: link.clone(),
        workspace_id: *workspace_id,
        ..alert(code, severity, name, detail)
    };
    let late = late_since.map(|since| {
        let detail = format!("The schedule {name} was due at {since} and has made no job since.");
        of(AlertCode::ScheduleLate, Severity::Critical, Some(since), detail)
    });
    let failing = is_failing.then(|| {
        let detail = format!("The last {failures} jobs of the schedule {name} failed.");
        of(AlertCode::ScheduleFailing, Severity::Warning, *last_failure_at, detail)
    });
    late.into_iter().chain(failing).collect()
}

fn of_target(standing: &Standing, breach: Breach) -> Alert {
    let Breach { what, detail, since, backup } = breach;
    let (code, severity) = match what {
        Broken::Overdue => (AlertCode::BackupOverdue, Severity::Critical),
        Broken::Unproved => (AlertCode::BackupUnproved, Severity::Warning),
        Broken::Slow => (AlertCode::RestoreSlow, Severity::Warning),
    };
    let link = backup.map_or_else(|| "/api/v1/backup-targets".to_owned(), |id| format!("/api/v1/backups/{id}"));
    Alert { since, link, ..alert(code, severity, &standing.target, detail) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gotong_queue::Timestamp;

    fn codes(settings: &QueueSettings, counts: &Counts, workers: Option<&[WorkerView]>) -> Vec<AlertCode> {
        let now = DateTime::from_timestamp_millis(1_000_000).unwrap();
        of_queue("mail", settings, counts, workers, now).into_iter().map(|alert| alert.code).collect()
    }

    #[test]
    fn a_queue_alerts_when_nobody_serves_it_or_when_it_is_late() {
        let usual = QueueSettings::default();
        let limit = usual.oldest_age_limit();
        let since = |ms: u64| Counts { ready: [0, 0, 1, 0, 0], oldest_ready: Some(Timestamp(ms)), ..Counts::default() };
        let late = since(1_000_000 - u64::try_from(limit.as_millis()).unwrap() - 1);
        let young = since(999_999);
        assert_eq!(codes(&usual, &young, Some(&[])), [AlertCode::NoWorker]);
        assert_eq!(codes(&usual, &late, Some(&[])), [AlertCode::NoWorker, AlertCode::OldestAge]);
        assert_eq!(codes(&usual, &young, None), [], "nobody knows of workers");
        assert_eq!(codes(&usual, &Counts::default(), Some(&[])), [], "nothing waits");
        let paused = QueueSettings { paused_at: Some(Utc::now()), ..QueueSettings::default() };
        assert_eq!(codes(&paused, &late, None), []);
        let patient = QueueSettings { oldest_age_limit_s: Some(3_600), ..QueueSettings::default() };
        assert_eq!(codes(&patient, &late, None), []);
        let unknown = Counts { unknown_kinds: vec![("x.y".into(), 3)], ..Counts::default() };
        assert_eq!(codes(&usual, &unknown, None), [AlertCode::UnknownKind]);
    }
}
