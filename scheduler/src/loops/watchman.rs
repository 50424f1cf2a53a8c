//! Watchman: the dead-man's switch of schedules. Shows who is late or keeps failing, as metrics and in the readiness; and
//! how old the backups are, as metrics.

use crate::{
    Resources,
    runner::{Health, Loop, Pass, PassError},
};
use gotong_shared::{
    backups,
    scheduled::{LateSchedule, late_schedules},
};
use prometheus::{IntGauge, IntGaugeVec};
use std::{collections::HashSet, sync::LazyLock, time::Duration};
use uuid::Uuid;

/// The most schedules in trouble that are told.
const MOST: i64 = 100;
/// The most that are told by their names.
const NAMED: usize = 5;

static LATE: LazyLock<IntGauge> = LazyLock::new(|| {
    prometheus::register_int_gauge!("gotong_schedules_late", "Schedules that are later than their grace time.")
        .expect("the metric's name is unique and valid")
});
static FAILING: LazyLock<IntGauge> = LazyLock::new(|| {
    let help = "Schedules whose jobs failed in a row as often as their limit says.";
    prometheus::register_int_gauge!("gotong_schedules_failing", help).expect("the metric's name is unique and valid")
});

static GOOD: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    let help = "When the data of the last good backup were read, in seconds since 1970.";
    prometheus::register_int_gauge_vec!("gotong_backup_last_good_timestamp_seconds", help, &["target"])
        .expect("the metric's name is unique and valid")
});
static PROVED: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    let help = "When the data of the last backup were read that a drill has proved, in seconds since 1970.";
    prometheus::register_int_gauge_vec!("gotong_backup_last_proved_timestamp_seconds", help, &["target"])
        .expect("the metric's name is unique and valid")
});

/// The watchman.
pub struct Watchman {
    resources: Resources,
    health: Health,
    known: HashSet<Uuid>,
}

impl Watchman {
    /// Of all schedules; what it sees degrades the process's health.
    #[must_use]
    pub fn new(resources: Resources, health: Health) -> Self {
        Self { resources, health, known: HashSet::new() }
    }
}

impl Loop for Watchman {
    fn name(&self) -> &'static str {
        "watchman"
    }

    fn interval(&self) -> Duration {
        Duration::from_secs(5)
    }

    async fn pass(&mut self) -> Result<Pass, PassError> {
        let mut connection = self.resources.database.connection().await?;
        let troubled = late_schedules(&mut connection, MOST).await?;
        let count = |is: fn(&LateSchedule) -> bool| {
            i64::try_from(troubled.iter().filter(|schedule| is(schedule)).count()).unwrap_or(i64::MAX)
        };
        LATE.set(count(|schedule| schedule.late_since.is_some()));
        FAILING.set(count(|schedule| schedule.is_failing));
        for schedule in troubled.iter().filter(|schedule| !self.known.contains(&schedule.id)) {
            let LateSchedule { id, name, late_since, failures, .. } = schedule;
            tracing::warn!(%id, name, ?late_since, failures, "a schedule is late or keeps failing");
        }
        self.known = troubled.iter().map(|schedule| schedule.id).collect();
        self.health.degrade(reason(&troubled));
        for age in backups::ages(&mut connection).await? {
            GOOD.with_label_values(&[&age.target]).set(age.good_at.timestamp());
            if let Some(proved_at) = age.proved_at {
                PROVED.with_label_values(&[&age.target]).set(proved_at.timestamp());
            }
        }
        Ok(Pass { done: troubled.len(), more: false })
    }
}

/// What the readiness says, if there is anything to say.
fn reason(troubled: &[LateSchedule]) -> Option<String> {
    let named: Vec<_> = troubled.iter().take(NAMED).map(|schedule| schedule.name.as_str()).collect();
    let others = troubled.len().checked_sub(NAMED).filter(|others| *others > 0);
    let others = others.map(|others| format!(" and {others} others")).unwrap_or_default();
    (!named.is_empty()).then(|| format!("schedules that are late or keep failing: {}{others}", named.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_are_named_and_the_others_counted() {
        let schedule = |n: u128| LateSchedule {
            id: Uuid::from_u128(n),
            workspace_id: None,
            name: format!("s{n}"),
            late_since: None,
            failures: 3,
            is_failing: true,
            last_failure_at: None,
        };
        let of = |count| reason(&(1..=count).map(schedule).collect::<Vec<_>>());
        assert_eq!(of(0), None);
        assert!(of(2).unwrap().ends_with(": s1, s2"));
        assert!(of(7).unwrap().ends_with(": s1, s2, s3, s4, s5 and 2 others"));
    }
}
