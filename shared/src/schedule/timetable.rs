//! An expression in a time zone: the calendar is walked on the zone's own clock, and every change of that clock is
//! settled by a policy.
//!
//! Between two changes of its offset a zone's clock runs evenly, so the walk goes from change to change: within such a
//! stretch the next tick on the clock is the next run; where a stretch ends before it, the gap or the repetition is
//! looked at, and the walk goes on behind it.

use super::Expression;
use chrono::{DateTime, Datelike, MappedLocalTime, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// What a tick in a skipped hour means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, poem_openapi::Enum)]
#[oai(rename = "SkippedHour", rename_all = "snake_case")]
pub enum Gap {
    /// There is no such time on that day, and no run.
    Skip,
    /// It runs at the next time that exists.
    #[default]
    NextValid,
}

/// What a tick in a repeated hour means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, poem_openapi::Enum)]
#[oai(rename = "RepeatedHour", rename_all = "snake_case")]
pub enum Repeat {
    /// It runs the first time.
    #[default]
    First,
    /// It runs the second time.
    Second,
    /// It runs both times.
    Both,
}

/// What changes of the clock mean. An expression that is an interval (its hour is a wildcard or a step) follows
/// elapsed time instead: nothing of a skipped hour, all of a repeated one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockChange {
    /// Of a skipped hour.
    pub gap: Gap,
    /// Of a repeated hour.
    pub repeat: Repeat,
}

/// What a change of the clock did to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, poem_openapi::Enum)]
#[oai(rename = "ClockChangeEffect", rename_all = "snake_case")]
pub enum Effect {
    /// Its time does not exist on that day; it runs at the next that does.
    Moved,
    /// Its time comes twice; this is the first.
    FirstOfTwo,
    /// Its time comes twice; this is the second.
    SecondOfTwo,
}

/// One run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// When.
    pub at: DateTime<Utc>,
    /// What a change of the clock did to it.
    pub effect: Option<Effect>,
}

/// An expression in a zone.
#[derive(Clone, Debug)]
pub struct Timetable {
    /// What fires.
    pub expression: Expression,
    /// Whose clock counts.
    pub zone: Tz,
    /// What its changes mean.
    pub clock_change: ClockChange,
}

/// No zone has two changes of its offset within this time.
const STRIDE: TimeDelta = TimeDelta::hours(12);
/// No run is looked for after this year.
const LAST_YEAR: i32 = 2100;

impl Timetable {
    /// The expression in UTC, whose clock never changes.
    #[must_use]
    pub fn utc(expression: Expression) -> Self {
        Self { expression, zone: Tz::UTC, clock_change: ClockChange::default() }
    }

    /// The first run after `time`; `None` if there is none before the year 2100.
    #[must_use]
    pub fn next_after(&self, time: DateTime<Utc>) -> Option<Run> {
        let policy = self.policy();
        let mut from = self.clock(time);
        let mut at = time;
        loop {
            let offset = self.offset(at);
            let tick = self.expression.next_after(from)?;
            if tick.year() >= LAST_YEAR {
                return None;
            }
            let candidate = (tick - offset).and_utc();
            let Some(change) = self.change_between(at, candidate, offset) else {
                if let Some(run) = self.admit(policy, tick, candidate) {
                    return Some(run);
                }
                from = tick;
                continue;
            };
            let (old, new) = (change.naive_utc() + offset, self.clock(change));
            // Ticks strictly before the new time that the old clock no longer reached: they fall into a gap.
            if policy.gap == Gap::NextValid
                && tick < new
                && tick >= old
                && self.expression.next_after(new - SECOND) != Some(new)
            {
                return Some(Run { at: change, effect: Some(Effect::Moved) });
            }
            from = new - SECOND;
            at = change;
        }
    }

    /// The next runs, `count` at most.
    pub fn after(&self, time: DateTime<Utc>) -> impl Iterator<Item = Run> {
        std::iter::successors(self.next_after(time), |run| self.next_after(run.at))
    }

    fn policy(&self) -> ClockChange {
        if self.expression.is_interval() {
            ClockChange { gap: Gap::Skip, repeat: Repeat::Both }
        } else {
            self.clock_change
        }
    }

    /// What the zone's clock shows.
    fn clock(&self, time: DateTime<Utc>) -> NaiveDateTime {
        time.with_timezone(&self.zone).naive_local()
    }

    fn offset(&self, time: DateTime<Utc>) -> TimeDelta {
        let offset = self.zone.offset_from_utc_datetime(&time.naive_utc()).fix();
        TimeDelta::seconds(offset.local_minus_utc().into())
    }

    /// The first change of the offset after `from` and up to `to`.
    fn change_between(&self, from: DateTime<Utc>, to: DateTime<Utc>, offset: TimeDelta) -> Option<DateTime<Utc>> {
        let mut low = from;
        while low < to {
            let high = (low + STRIDE).min(to);
            if self.offset(high) != offset {
                return Some(self.bisect(low, high, offset));
            }
            low = high;
        }
        None
    }

    /// The second at which the offset changes, which is within `low` (exclusive) and `high` (inclusive).
    fn bisect(&self, low: DateTime<Utc>, high: DateTime<Utc>, offset: TimeDelta) -> DateTime<Utc> {
        let (mut low, mut high) = (low.timestamp(), high.timestamp());
        while high - low > 1 {
            let middle = low.midpoint(high);
            let there = DateTime::from_timestamp(middle, 0).map(|time| self.offset(time));
            if there == Some(offset) { low = middle } else { high = middle }
        }
        DateTime::from_timestamp(high, 0).unwrap_or_default()
    }

    /// The run at `at`, when the clock shows `tick`, if the policy wants it.
    fn admit(&self, policy: ClockChange, tick: NaiveDateTime, at: DateTime<Utc>) -> Option<Run> {
        let MappedLocalTime::Ambiguous(first, _) = self.zone.from_local_datetime(&tick) else {
            return Some(Run { at, effect: None });
        };
        let is_first = first.with_timezone(&Utc) == at;
        let counts = match policy.repeat {
            Repeat::First => is_first,
            Repeat::Second => !is_first,
            Repeat::Both => true,
        };
        let effect = if is_first { Effect::FirstOfTwo } else { Effect::SecondOfTwo };
        counts.then_some(Run { at, effect: Some(effect) })
    }
}

const SECOND: TimeDelta = TimeDelta::seconds(1);

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(text: &str, zone: &str, clock_change: ClockChange, from: &str, count: usize) -> Vec<String> {
        let zone: Tz = zone.parse().unwrap();
        let timetable = Timetable { expression: text.parse().unwrap(), zone, clock_change };
        let show = |run: Run| format!("{}", run.at.with_timezone(&zone).format("%m-%d %H:%M%:z"));
        timetable.after(from.parse().unwrap()).take(count).map(show).collect()
    }

    fn change(gap: Gap, repeat: Repeat) -> ClockChange {
        ClockChange { gap, repeat }
    }

    #[test]
    fn a_skipped_hour_is_settled_by_the_policy() {
        let at = |gap| runs("30 2 * * *", "Europe/Paris", change(gap, Repeat::First), "2026-03-27T12:00:00Z", 3);
        assert_eq!(at(Gap::Skip), ["03-28 02:30+01:00", "03-30 02:30+02:00", "03-31 02:30+02:00"]);
        assert_eq!(at(Gap::NextValid), ["03-28 02:30+01:00", "03-29 03:00+02:00", "03-30 02:30+02:00"]);
    }

    #[test]
    fn a_repeated_hour_is_settled_by_the_policy() {
        let at = |repeat| runs("30 2 * * *", "Europe/Paris", change(Gap::Skip, repeat), "2026-10-24T12:00:00Z", 3);
        assert_eq!(at(Repeat::First), ["10-25 02:30+02:00", "10-26 02:30+01:00", "10-27 02:30+01:00"]);
        assert_eq!(at(Repeat::Second), ["10-25 02:30+01:00", "10-26 02:30+01:00", "10-27 02:30+01:00"]);
        assert_eq!(at(Repeat::Both), ["10-25 02:30+02:00", "10-25 02:30+01:00", "10-26 02:30+01:00"]);
    }

    #[test]
    fn an_interval_follows_elapsed_time() {
        let spring = runs("30 * * * *", "Europe/Paris", ClockChange::default(), "2026-03-29T00:00:00Z", 3);
        assert_eq!(spring, ["03-29 01:30+01:00", "03-29 03:30+02:00", "03-29 04:30+02:00"]);
        let autumn = runs("*/30 * * * *", "Europe/Paris", ClockChange::default(), "2026-10-25T00:15:00Z", 5);
        assert_eq!(
            autumn,
            ["10-25 02:30+02:00", "10-25 02:00+01:00", "10-25 02:30+01:00", "10-25 03:00+01:00", "10-25 03:30+01:00"]
        );
    }

    #[test]
    fn half_hour_changes_and_a_skipped_day() {
        let lord_howe =
            runs("45 1 * * *", "Australia/Lord_Howe", change(Gap::Skip, Repeat::Both), "2026-04-04T00:00:00Z", 3);
        assert_eq!(lord_howe, ["04-05 01:45+11:00", "04-05 01:45+10:30", "04-06 01:45+10:30"]);
        let apia = runs("0 12 * * *", "Pacific/Apia", change(Gap::NextValid, Repeat::First), "2011-12-29T00:00:00Z", 3);
        assert_eq!(apia, ["12-29 12:00-10:00", "12-31 00:00+14:00", "12-31 12:00+14:00"]);
    }

    #[test]
    fn far_runs_are_found_and_the_end_is_an_end() {
        let leap = runs("0 0 29 2 *", "Asia/Jakarta", ClockChange::default(), "2026-01-01T00:00:00Z", 1);
        assert_eq!(leap, ["02-29 00:00+07:00"]);
        let timetable = Timetable {
            expression: "0 0 0 1 1 * 2027".parse().unwrap(),
            zone: Tz::UTC,
            clock_change: ClockChange::default(),
        };
        assert_eq!(timetable.after("2026-01-01T00:00:00Z".parse().unwrap()).count(), 1);
    }
}
