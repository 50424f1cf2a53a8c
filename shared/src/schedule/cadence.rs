//! When a schedule fires, whichever way it is written.

use super::{Run, Timetable};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

/// The ways of writing it.
#[derive(Clone, Debug)]
pub enum Cadence {
    /// An expression in a zone.
    Cron(Box<Timetable>),
    /// So much time apart, counted from a start.
    Every {
        /// Whole seconds, at least one.
        interval: TimeDelta,
        /// A tick itself.
        anchor: DateTime<Utc>,
    },
    /// One time only.
    Once(DateTime<Utc>),
}

/// A cadence with its bounds, both included.
#[derive(Clone, Debug)]
pub struct Plan {
    /// When it fires.
    pub cadence: Cadence,
    /// Not before.
    pub starts_at: Option<DateTime<Utc>>,
    /// Not after.
    pub ends_at: Option<DateTime<Utc>>,
}

impl Cadence {
    fn next_after(&self, time: DateTime<Utc>) -> Option<Run> {
        let plain = |at| Run { at, effect: None };
        match self {
            Self::Cron(timetable) => timetable.next_after(time),
            Self::Every { interval, anchor } => {
                let anchor = anchor.trunc_subsecs(0);
                let interval = interval.num_seconds().max(1);
                // Counted in whole seconds: a time within a second is behind that second's tick.
                let steps = (time.trunc_subsecs(0) - anchor).num_seconds().div_euclid(interval).max(-1);
                anchor.checked_add_signed(TimeDelta::try_seconds((steps + 1).checked_mul(interval)?)?).map(plain)
            }
            Self::Once(at) => (*at > time).then(|| plain(*at)),
        }
    }
}

impl Plan {
    /// The first run after `time` within the bounds.
    #[must_use]
    pub fn next_after(&self, time: DateTime<Utc>) -> Option<Run> {
        let just_before = |start: DateTime<Utc>| start - TimeDelta::microseconds(1);
        let from = self.starts_at.map_or(time, |start| time.max(just_before(start)));
        self.cadence.next_after(from).filter(|run| self.ends_at.is_none_or(|end| run.at <= end))
    }

    /// The runs after `time`, in their order.
    pub fn after(&self, time: DateTime<Utc>) -> impl Iterator<Item = Run> {
        std::iter::successors(self.next_after(time), |run| self.next_after(run.at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn ticks(plan: &Plan, from: &str, count: usize) -> Vec<String> {
        plan.after(time(from)).take(count).map(|run| run.at.format("%dT%H:%M:%S").to_string()).collect()
    }

    #[test]
    fn an_interval_is_counted_from_its_anchor() {
        let cadence = Cadence::Every { interval: TimeDelta::seconds(90), anchor: time("2026-01-01T00:00:00.7Z") };
        let plan = Plan { cadence, starts_at: None, ends_at: Some(time("2026-01-01T00:06:00Z")) };
        assert_eq!(ticks(&plan, "2026-01-01T00:00:00Z", 2), ["01T00:01:30", "01T00:03:00"]);
        assert_eq!(ticks(&plan, "2026-01-01T00:01:30.5Z", 1), ["01T00:03:00"]);
        assert_eq!(ticks(&plan, "2025-12-01T00:00:00Z", 1), ["01T00:00:00"], "none lies before the anchor");
        assert_eq!(ticks(&plan, "2026-01-01T00:04:00Z", 9), ["01T00:04:30", "01T00:06:00"], "the end is a tick");
    }

    #[test]
    fn a_start_bounds_every_cadence() {
        let cadence = Cadence::Cron(Box::new(Timetable::utc("0 * * * *".parse().unwrap())));
        let plan = Plan { cadence, starts_at: Some(time("2026-01-05T10:00:00Z")), ends_at: None };
        assert_eq!(ticks(&plan, "2026-01-01T00:00:00Z", 2), ["05T10:00:00", "05T11:00:00"]);
        let once = Plan { cadence: Cadence::Once(time("2026-01-05T10:00:00Z")), starts_at: None, ends_at: None };
        assert_eq!(ticks(&once, "2026-01-01T00:00:00Z", 2), ["05T10:00:00"]);
        assert!(once.next_after(time("2026-01-05T10:00:00Z")).is_none());
    }
}
