//! What the columns of a schedule mean.

use crate::{
    db::models::{Schedule, ScheduleDefinition},
    enqueue::{EnqueueError, NewJob, PAYLOAD_LIMIT},
    jobs::PayloadError,
    schedule::{
        Cadence, ClockChange, Expression, ExpressionError, Missed, Overlap, Plan, Timetable, Tz, UnknownWord,
        due::MissedPolicy,
        template::{self, Variables},
    },
};
use chrono::{DateTime, TimeDelta, Utc};
use rand::Rng;
use uuid::{NoContext, Timestamp, Uuid};

/// A column that does not mean anything. The API lets none through.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RowError {
    /// The cron expression.
    #[error("the expression cannot be used: {0}")]
    Expression(#[from] ExpressionError),
    /// The time zone.
    #[error("there is no time zone {0:?}")]
    Zone(String),
    /// A policy.
    #[error("a policy is unknown: {0}")]
    Policy(#[from] UnknownWord),
    /// None of the three ways, or several.
    #[error("exactly one of an expression, an interval and a single time says when it fires")]
    Cadence,
}

impl ScheduleDefinition {
    /// Its zone.
    ///
    /// # Errors
    /// [`RowError::Zone`].
    pub fn tz(&self) -> Result<Tz, RowError> {
        self.zone.parse().map_err(|_| RowError::Zone(self.zone.clone()))
    }

    /// When it fires. An interval is counted from its start, or else from `created_at`.
    ///
    /// # Errors
    /// When a column means nothing.
    pub fn plan(&self, created_at: DateTime<Utc>) -> Result<Plan, RowError> {
        let zone = self.tz()?;
        let cadence = match (&self.expression, self.interval_s, self.once_at) {
            (Some(expression), None, None) => {
                let expression: Expression = expression.parse()?;
                let clock_change = ClockChange { gap: self.gap.parse()?, repeat: self.repeat.parse()? };
                Cadence::Cron(Box::new(Timetable { expression, zone, clock_change }))
            }
            (None, Some(seconds), None) => Cadence::Every {
                interval: TimeDelta::seconds(seconds.into()),
                anchor: self.starts_at.unwrap_or(created_at),
            },
            (None, None, Some(at)) => Cadence::Once(at),
            _ => return Err(RowError::Cadence),
        };
        Ok(Plan { cadence, starts_at: self.starts_at, ends_at: self.ends_at })
    }

    /// What missed ticks mean.
    ///
    /// # Errors
    /// [`RowError::Policy`].
    pub fn missed_policy(&self) -> Result<MissedPolicy, RowError> {
        Ok(MissedPolicy {
            policy: self.missed.parse::<Missed>()?,
            grace: TimeDelta::seconds(self.grace_s.into()),
            cap: usize::try_from(self.missed_cap).unwrap_or(1),
            window: TimeDelta::seconds(self.missed_window_s.into()),
        })
    }

    /// What a tick means while an earlier job has not ended.
    ///
    /// # Errors
    /// [`RowError::Policy`].
    pub fn overlap_policy(&self) -> Result<Overlap, RowError> {
        Ok(self.overlap.parse()?)
    }

    /// Whether a change to `other` leaves every tick where it is.
    #[must_use]
    pub fn fires_like(&self, other: &Self) -> bool {
        let timing = |d: &Self| {
            let policies = (d.zone.clone(), d.gap.clone(), d.repeat.clone());
            (d.expression.clone(), d.interval_s, d.once_at, policies, d.starts_at, d.ends_at)
        };
        timing(self) == timing(other)
    }
}

impl Schedule {
    /// When it fires.
    ///
    /// # Errors
    /// When a column means nothing.
    pub fn plan(&self) -> Result<Plan, RowError> {
        self.definition.plan(self.created_at)
    }

    /// The workspace of its jobs; those of the platform's own schedules have the nil id.
    #[must_use]
    pub fn workspace(&self) -> Uuid {
        self.workspace_id.unwrap_or_default()
    }

    /// The tick before a new one: the last that became a job, or when the schedule was made.
    #[must_use]
    pub fn previous_tick(&self) -> DateTime<Utc> {
        self.last_tick_at.unwrap_or(self.created_at)
    }

    /// The job of a tick, made at `now`, both by the database's clock.
    ///
    /// # Errors
    /// When the template or what it renders to is refused; the pointer starts at the payload.
    pub fn job(
        &self,
        tick: DateTime<Utc>,
        previous: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<NewJob, PayloadError> {
        let ScheduleDefinition { kind, payload, priority, jitter_s, .. } = &self.definition;
        let variables = Variables {
            tick,
            previous,
            zone: self.definition.tz().map_err(|error| PayloadError::whole(error.to_string()))?,
            schedule_id: self.id,
            schedule_name: &self.definition.name,
        };
        let payload =
            template::render(payload, &variables).map_err(|error| PayloadError::at(error.pointer, error.message))?;
        if payload.to_string().len() > PAYLOAD_LIMIT {
            return Err(PayloadError::whole(format!("it is longer than {PAYLOAD_LIMIT} bytes")));
        }
        let job = NewJob::of_kind(self.workspace(), kind, payload).map_err(|error| match error {
            EnqueueError::Payload(error) => error,
            other => PayloadError::whole(other.to_string()),
        })?;
        let delay = rand::rng().random_range(0..=i64::from(*jitter_s) * 1_000);
        Ok(NewJob {
            id: instant_id(now),
            priority: *priority,
            schedule_id: Some(self.id),
            created_by: self.created_by,
            run_at: (delay > 0).then(|| tick + TimeDelta::milliseconds(delay)),
            ..job
        })
    }
}

/// A UUIDv7 of that instant: whoever uses the database's clock for it may have a wrong one.
#[must_use]
pub fn instant_id(instant: DateTime<Utc>) -> Uuid {
    let seconds = u64::try_from(instant.timestamp()).unwrap_or_default();
    Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, instant.timestamp_subsec_nanos()))
}
