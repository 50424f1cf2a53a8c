//! `/queues/{name}/minutes`: a series for charts.

use super::WorkSummary;
use crate::{
    AppState,
    problem::{Code, Problem},
};
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use gotong_shared::{jobs, statistics};
use poem_openapi::Object;

/// The longest range of one answer.
const LONGEST: TimeDelta = TimeDelta::days(1);

/// What happened in one minute.
#[derive(Clone, Debug, Object)]
pub struct QueueMinute {
    /// Its start.
    pub minute: DateTime<Utc>,
    /// What happened in it.
    #[oai(flatten)]
    pub work: WorkSummary,
}

/// What happened, minute by minute.
#[derive(Clone, Debug, Object)]
pub struct QueueMinutes {
    /// Oldest first; minutes in which nothing happened are left out.
    pub data: Vec<QueueMinute>,
    /// From this minute on.
    pub from: DateTime<Utc>,
    /// Before this minute.
    pub to: DateTime<Utc>,
}

/// Reads the minutes of a queue.
///
/// # Errors
/// 422 for a range that is none or is too long, or an unknown kind; 503 when the ledger gives no answer.
pub(super) async fn read(
    state: &AppState,
    queue: &str,
    kind: Option<&str>,
    range: (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
) -> Result<QueueMinutes, Problem> {
    if let Some(kind) = kind
        && jobs::kind(kind).is_none()
    {
        return Err(Problem::new(Code::Invalid, "There is no such kind.").about("/query/kind"));
    }
    let (from, to) = bounds(range, Utc::now())?;
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    let minutes = deadline.bound(statistics::minutes(connection, queue, kind, from, to)).await?;
    let data = minutes.iter().map(|(minute, work)| QueueMinute { minute: *minute, work: WorkSummary::of(work, 1) });
    Ok(QueueMinutes { data: data.collect(), from, to })
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
