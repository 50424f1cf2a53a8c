//! Of when a report is, seen from a moment.

use chrono::{DateTime, Datelike, Days, LocalResult, Months, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use poem_openapi::Enum;
use serde::{Deserialize, Serialize};

/// A range of time, seen from a moment. Days begin at midnight in the report's zone, weeks on Monday.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum Period {
    /// From midnight until the moment.
    Today,
    /// The whole day before.
    Yesterday,
    /// The whole week before this one, Monday to Sunday.
    LastWeek,
    /// The whole month before this one.
    LastMonth,
    /// The 24 hours before the moment.
    #[serde(rename = "last_24_hours")]
    #[oai(rename = "last_24_hours")]
    Last24Hours,
    /// Seven times 24 hours before the moment.
    #[default]
    #[serde(rename = "last_7_days")]
    #[oai(rename = "last_7_days")]
    Last7Days,
    /// Thirty times 24 hours before the moment.
    #[serde(rename = "last_30_days")]
    #[oai(rename = "last_30_days")]
    Last30Days,
}

impl Period {
    /// From when until when; the end is not part of it.
    #[must_use]
    pub fn range(self, now: DateTime<Utc>, zone: Tz) -> (DateTime<Utc>, DateTime<Utc>) {
        let today = now.with_timezone(&zone).date_naive();
        let days = |from: NaiveDate, to: NaiveDate| (midnight(from, zone), midnight(to, zone));
        match self {
            Self::Today => (midnight(today, zone), now),
            Self::Yesterday => days(today - Days::new(1), today),
            Self::LastWeek => {
                let monday = today - Days::new(today.weekday().num_days_from_monday().into());
                days(monday - Days::new(7), monday)
            }
            Self::LastMonth => {
                let first = today - Days::new(today.day0().into());
                days(first - Months::new(1), first)
            }
            Self::Last24Hours => (now - TimeDelta::hours(24), now),
            Self::Last7Days => (now - TimeDelta::days(7), now),
            Self::Last30Days => (now - TimeDelta::days(30), now),
        }
    }
}

/// When that day begins. Where the clocks leave out midnight, at the first moment after it.
fn midnight(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let mut local = day.and_time(NaiveTime::MIN);
    loop {
        match zone.from_local_datetime(&local) {
            LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => return time.with_timezone(&Utc),
            LocalResult::None => local += TimeDelta::minutes(15),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(period: Period, now: &str, zone: &str) -> (String, String) {
        let (from, to) = period.range(now.parse().unwrap(), zone.parse().unwrap());
        (from.to_rfc3339(), to.to_rfc3339())
    }

    #[test]
    fn periods_are_whole_days_of_the_zone() {
        // A Thursday in UTC, and already Friday in Jakarta.
        let now = "2026-10-01T20:00:00Z";
        for (period, zone, from, to) in [
            (Period::Today, "UTC", "2026-10-01T00:00:00", "2026-10-01T20:00:00"),
            (Period::Yesterday, "UTC", "2026-09-30T00:00:00", "2026-10-01T00:00:00"),
            (Period::Yesterday, "Asia/Jakarta", "2026-09-30T17:00:00", "2026-10-01T17:00:00"),
            (Period::LastWeek, "UTC", "2026-09-21T00:00:00", "2026-09-28T00:00:00"),
            (Period::LastMonth, "Asia/Jakarta", "2026-08-31T17:00:00", "2026-09-30T17:00:00"),
            (Period::Last24Hours, "UTC", "2026-09-30T20:00:00", "2026-10-01T20:00:00"),
        ] {
            let expected = (format!("{from}+00:00"), format!("{to}+00:00"));
            assert_eq!(range(period, now, zone), expected, "{period:?} in {zone}");
        }
    }

    #[test]
    fn a_day_without_midnight_begins_after_it() {
        // In Cairo the clocks went from 24:00 to 01:00 on 26 April 2024.
        let (from, _) = range(Period::Today, "2024-04-26T10:00:00Z", "Africa/Cairo");
        assert_eq!(from, "2024-04-25T22:00:00+00:00");
    }
}
