//! `/queues/{name}/minutes` and `/stats/minutes`: series for charts.

use super::WorkSummary;
use crate::{
    AppState,
    problem::{Code, Problem},
};
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use gotong_shared::{
    jobs,
    statistics::{self, Minute},
};
use poem_openapi::Object;
use std::collections::BTreeMap;

/// The longest range of one answer.
const LONGEST: TimeDelta = TimeDelta::days(1);
/// The longest step.
const LONGEST_STEP: u32 = 60;

/// What happened in one minute, or in as many as the step has.
#[derive(Clone, Debug, Object)]
pub struct QueueMinute {
    /// The start of the first of them.
    pub minute: DateTime<Utc>,
    /// What happened in it.
    #[oai(flatten)]
    pub work: WorkSummary,
}

/// What happened, minute by minute, or step by step.
#[derive(Clone, Debug, Object)]
pub struct QueueMinutes {
    /// Oldest first; steps in which nothing happened are left out.
    pub data: Vec<QueueMinute>,
    /// From this minute on.
    pub from: DateTime<Utc>,
    /// Before this minute.
    pub to: DateTime<Utc>,
}

/// What is asked for.
#[derive(Clone, Copy)]
pub struct Series<'a> {
    /// Of one queue.
    pub queue: Option<&'a str>,
    /// Of one kind.
    pub kind: Option<&'a str>,
    /// From this minute on.
    pub from: Option<DateTime<Utc>>,
    /// Before this minute.
    pub to: Option<DateTime<Utc>>,
    /// How many minutes stand together.
    pub step_minutes: Option<u32>,
}

/// Reads a series.
///
/// # Errors
/// 422 for a range that is none or is too long, a step that is too long, or an unknown kind; 503 when the ledger gives no
/// answer.
pub(in crate::routes) async fn read(state: &AppState, asked: Series<'_>) -> Result<QueueMinutes, Problem> {
    if let Some(kind) = asked.kind
        && jobs::kind(kind).is_none()
    {
        return Err(Problem::new(Code::Invalid, "There is no such kind.").about("/query/kind"));
    }
    let step = asked.step_minutes.unwrap_or(1);
    if !(1..=LONGEST_STEP).contains(&step) {
        let problem = Problem::new(Code::Invalid, "The step is not acceptable.");
        return Err(problem.at("/query/step_minutes", format!("is from 1 to {LONGEST_STEP}")));
    }
    let (from, to) = bounds((asked.from, asked.to), Utc::now())?;
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    let minutes = deadline.bound(statistics::minutes(connection, asked.queue, asked.kind, from, to)).await?;
    let steps = in_steps(minutes, step);
    let data = steps.iter().map(|(minute, work)| QueueMinute { minute: *minute, work: WorkSummary::of(work, step) });
    Ok(QueueMinutes { data: data.collect(), from, to })
}

/// Adds up the minutes of each step. Steps are counted from 1970, so that those of two answers lie on each other.
fn in_steps(minutes: BTreeMap<DateTime<Utc>, Minute>, step: u32) -> BTreeMap<DateTime<Utc>, Minute> {
    let length = TimeDelta::minutes(step.into());
    let mut steps: BTreeMap<DateTime<Utc>, Minute> = BTreeMap::new();
    for (minute, work) in minutes {
        steps.entry(minute.duration_trunc(length).unwrap_or(minute)).or_default().merge(&work);
    }
    steps
}

/// Whole minutes, the running one included unless `to` says otherwise.
fn bounds(
    (from, to): (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
    now: DateTime<Utc>,
) -> Result<(DateTime<Utc>, DateTime<Utc>), Problem> {
    let floor = |at: DateTime<Utc>| at.duration_trunc(TimeDelta::minutes(1));
    let wrong = |name: &str, why: &str| {
        Problem::new(Code::Invalid, "The range is not acceptable.").at(format!("/query/{name}"), why)
    };
    let to = match to {
        Some(to) => floor(to),
        None => floor(now + TimeDelta::minutes(1)),
    }
    .map_err(|_| wrong("to", "lies too far away"))?;
    let from = match from {
        Some(from) => floor(from).map_err(|_| wrong("from", "lies too far away"))?,
        None => to - TimeDelta::hours(1),
    };
    if from >= to {
        return Err(wrong("from", "lies before `to`"));
    }
    if to - from > LONGEST {
        return Err(wrong("from", "lies a day before `to` at most"));
    }
    Ok((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> DateTime<Utc> {
        format!("2026-03-01T{time}Z").parse().unwrap()
    }

    #[test]
    fn steps_add_up_their_minutes() {
        let work = |completed| Minute { outcomes: [completed, 0, 0, 0, 0, 0, 0, 0, 0], ..Minute::default() };
        let minutes = [("11:59:00", 1), ("12:00:00", 2), ("12:09:00", 4), ("12:10:00", 8)];
        let minutes: BTreeMap<_, _> = minutes.map(|(time, completed)| (at(time), work(completed))).into();
        let sums = |step| {
            let steps = in_steps(minutes.clone(), step);
            steps.into_iter().map(|(minute, work)| (minute, work.outcomes[0])).collect::<Vec<_>>()
        };
        assert_eq!(sums(1).len(), 4);
        assert_eq!(sums(10), [(at("11:50:00"), 1), (at("12:00:00"), 6), (at("12:10:00"), 8)]);
    }

    #[test]
    fn a_range_is_whole_minutes_and_a_day_at_most() {
        let now = at("12:30:15");
        assert_eq!(bounds((None, None), now).unwrap(), (at("11:31:00"), at("12:31:00")));
        let given = (Some(at("09:00:59")), Some(at("09:10:00")));
        assert_eq!(bounds(given, now).unwrap(), (at("09:00:00"), at("09:10:00")));
        let day = TimeDelta::days(1);
        assert!(bounds((Some(now - day), Some(now)), now).is_ok());
        for bad in [
            (Some(now), Some(now)),
            (Some(now), Some(at("12:00:00"))),
            (Some(now - day - TimeDelta::minutes(1)), Some(now)),
            (Some(DateTime::<Utc>::MIN_UTC), None),
        ] {
            assert_eq!(bounds(bad, now).unwrap_err().code(), Code::Invalid, "{bad:?}");
        }
    }
}
