//! What people write: POSIX's five fields, six or seven with seconds first and the year last, or a name such as
//! `@daily`.
//!
//! The crate `cron` walks the calendar; this normalises in front of it, because its dialect is another one: it refuses
//! five fields, counts weekdays from 1 for Sunday, and joins day of month and weekday by *and* where POSIX says *or*.

use super::field::{DAY, Field, HOUR, MINUTE, MONTH, Range, SECOND, WEEKDAY, WEEKDAYS, YEAR};
use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta};
use cron::Schedule;
use std::{collections::BTreeSet, fmt, str::FromStr};

/// The longest expression, in bytes.
const LONGEST: usize = 200;

/// An expression that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at character {})", position + 1)]
pub struct ExpressionError {
    /// Where, in characters from the start.
    pub position: usize,
    /// What is wrong, in words.
    pub message: String,
}

/// A checked expression.
#[derive(Clone, Debug)]
pub struct Expression {
    text: String,
    /// One, or two where day of month and weekday are both given and either is enough.
    schedules: Vec<Schedule>,
    fields: Fields,
}

#[derive(Clone, Debug)]
pub(super) struct Fields {
    pub second: Field,
    pub minute: Field,
    pub hour: Field,
    pub day: Field,
    pub month: Field,
    pub weekday: Field,
    pub year: Option<Field>,
}

impl Expression {
    /// The expression as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn fields(&self) -> &Fields {
        &self.fields
    }

    /// Whether its hour is a wildcard or a step: it then means an interval, which goes on through a change of the clock.
    #[must_use]
    pub fn is_interval(&self) -> bool {
        self.fields.hour.is_interval
    }

    /// The first tick after `time`, both on a clock without a zone, to the second. `None` after the year 2100.
    #[must_use]
    pub fn next_after(&self, time: NaiveDateTime) -> Option<NaiveDateTime> {
        let start = time.and_utc();
        let next = self.schedules.iter().filter_map(|schedule| schedule.after(&start).next());
        next.map(|tick| tick.naive_utc()).min()
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Expression {
    type Err = ExpressionError;

    fn from_str(text: &str) -> Result<Self, ExpressionError> {
        let wrong = |position, message: String| ExpressionError { position, message };
        if text.len() > LONGEST {
            return Err(wrong(LONGEST, format!("an expression has at most {LONGEST} characters")));
        }
        let written = expand(text)?;
        let fields = Fields::parse(written)?;
        let schedules = fields.schedules().map_err(|why| wrong(0, why))?;
        let expression = Self { text: text.trim().to_owned(), schedules, fields };
        let epoch = DateTime::UNIX_EPOCH.naive_utc() - TimeDelta::seconds(1);
        if !expression.fields.has_a_day() || expression.next_after(epoch).is_none() {
            return Err(wrong(0, "it has no run before the year 2100".into()));
        }
        Ok(expression)
    }
}

/// The five fields of a name, or the text itself.
fn expand(text: &str) -> Result<&str, ExpressionError> {
    let Some(name) = text.trim().strip_prefix('@') else { return Ok(text) };
    Ok(match name.to_ascii_lowercase().as_str() {
        "hourly" => "0 * * * *",
        "daily" | "midnight" => "0 0 * * *",
        "weekly" => "0 0 * * 0",
        "monthly" => "0 0 1 * *",
        "yearly" | "annually" => "0 0 1 1 *",
        _ => {
            let known = "@hourly, @daily, @midnight, @weekly, @monthly and @yearly";
            let position = text.find('@').unwrap_or_default();
            return Err(ExpressionError { position, message: format!("there are {known}") });
        }
    })
}

impl Fields {
    fn parse(text: &str) -> Result<Self, ExpressionError> {
        let words: Vec<(usize, &str)> = positions(text);
        let (second, rest, year) = match words.len() {
            5 => (None, &words[..], None),
            6 => (Some(words[0]), &words[1..], None),
            7 => (Some(words[0]), &words[1..6], Some(words[6])),
            count => {
                let message = format!(
                    "it has {count} fields; there are five, six with seconds first, or seven with the year last"
                );
                return Err(ExpressionError { position: words.get(7).map_or(0, |(at, _)| *at), message });
            }
        };
        let field = |range: &Range, (at, word): (usize, &str)| {
            range.parse(word).map_err(|(offset, message)| ExpressionError { position: at + offset, message })
        };
        Ok(Self {
            second: second.map_or_else(|| field(&SECOND, (0, "0")), |word| field(&SECOND, word))?,
            minute: field(&MINUTE, rest[0])?,
            hour: field(&HOUR, rest[1])?,
            day: field(&DAY, rest[2])?,
            month: field(&MONTH, rest[3])?,
            weekday: field(&WEEKDAY, rest[4])?,
            year: year.map(|word| field(&YEAR, word)).transpose()?,
        })
    }

    /// What the crate understands: explicit lists everywhere, weekdays by name.
    fn schedules(&self) -> Result<Vec<Schedule>, String> {
        let days = list(&self.day);
        let weekdays: Vec<_> = self.weekday.values.iter().map(|day| WEEKDAYS[*day as usize]).collect();
        let weekdays = if self.weekday.is_wildcard { "*".to_owned() } else { weekdays.join(",") };
        let either = [(days.as_str(), "*"), ("*", weekdays.as_str())];
        let both = [(days.as_str(), weekdays.as_str())];
        let is_either = !self.day.is_wildcard && !self.weekday.is_wildcard;
        let pairs = if is_either { &either[..] } else { &both[..] };
        let year = self.year.as_ref().map_or_else(|| "*".to_owned(), list);
        let parse = |(days, weekdays): &(&str, &str)| {
            let (second, minute, hour, month) =
                (list(&self.second), list(&self.minute), list(&self.hour), list(&self.month));
            let normal = format!("{second} {minute} {hour} {days} {month} {weekdays} {year}");
            Schedule::from_str(&normal).map_err(|error| error.to_string())
        };
        pairs.iter().map(parse).collect()
    }

    /// Whether some month has one of the days: the crate would look for 31 February for ever.
    fn has_a_day(&self) -> bool {
        if self.day.is_wildcard || !self.weekday.is_wildcard {
            return true;
        }
        let years =
            self.year.as_ref().map_or_else(|| (1970..=2100).collect::<BTreeSet<u32>>(), |year| year.values.clone());
        years.into_iter().any(|year| {
            let year = i32::try_from(year).unwrap_or(i32::MAX);
            let months = self.month.values.iter();
            months
                .flat_map(|month| self.day.values.iter().map(move |day| (*month, *day)))
                .any(|(month, day)| NaiveDate::from_ymd_opt(year, month, day).is_some())
        })
    }
}

fn list(field: &Field) -> String {
    if field.is_wildcard {
        return "*".to_owned();
    }
    field.values.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// The words of a text and where each begins.
fn positions(text: &str) -> Vec<(usize, &str)> {
    let mut words = Vec::new();
    let mut at = 0;
    for word in text.split(|c: char| c.is_ascii_whitespace()) {
        if !word.is_empty() {
            words.push((at, word));
        }
        at += word.len() + 1;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(text: &str, from: &str, count: usize) -> Vec<String> {
        let expression: Expression = text.parse().unwrap();
        let mut at: NaiveDateTime = from.parse().unwrap();
        let mut all = Vec::new();
        for _ in 0..count {
            at = expression.next_after(at).unwrap();
            all.push(at.format("%a %Y-%m-%d %H:%M:%S").to_string());
        }
        all
    }

    #[test]
    fn weekdays_count_from_sunday_and_seven_is_sunday_too() {
        let sunday = ["Sun 2026-01-04 09:30:00", "Sun 2026-01-11 09:30:00"];
        for text in ["30 9 * * 0", "30 9 * * 7", "30 9 * * sun", "0 30 9 * * SUN", "0 30 9 * * 7 2026"] {
            assert_eq!(ticks(text, "2026-01-01T00:00:00", 2), sunday, "{text}");
        }
        assert_eq!(
            ticks("0 0 * * 5-7", "2026-01-01T12:00:00", 3),
            ["Fri 2026-01-02 00:00:00", "Sat 2026-01-03 00:00:00", "Sun 2026-01-04 00:00:00"]
        );
    }

    #[test]
    fn day_of_month_and_weekday_mean_either() {
        let either = [
            "Fri 2026-02-06 00:00:00",
            "Fri 2026-02-13 00:00:00",
            "Sun 2026-02-15 00:00:00",
            "Fri 2026-02-20 00:00:00",
        ];
        assert_eq!(ticks("0 0 15 * 5", "2026-02-01T00:00:00", 4), either);
    }

    #[test]
    fn names_and_steps_are_read() {
        for (text, first) in [
            ("@hourly", "Thu 2026-01-01 01:00:00"),
            ("@daily", "Fri 2026-01-02 00:00:00"),
            ("@midnight", "Fri 2026-01-02 00:00:00"),
            ("@weekly", "Sun 2026-01-04 00:00:00"),
            ("@monthly", "Sun 2026-02-01 00:00:00"),
            ("@yearly", "Fri 2027-01-01 00:00:00"),
            ("*/20 * * * *", "Thu 2026-01-01 00:20:00"),
            ("5/20 * * * *", "Thu 2026-01-01 00:05:00"),
            ("*/10 * * * * *", "Thu 2026-01-01 00:00:10"),
            ("0 0 29 feb *", "Tue 2028-02-29 00:00:00"),
        ] {
            assert_eq!(ticks(text, "2026-01-01T00:00:00", 1), [first], "{text}");
        }
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        for (text, position) in [
            ("", 0),
            ("* * * *", 0),
            ("* * * * * * * *", 14),
            ("61 * * * *", 0),
            ("0 24 * * *", 2),
            ("0 1,2,25 * * *", 6),
            ("0 5-25 * * *", 4),
            ("0 9-5 * * *", 2),
            ("0 */0 * * *", 4),
            ("0 0 0 * *", 4),
            ("0 0 * foo *", 6),
            ("0 0 * * 8", 8),
            ("0 0 L * *", 4),
            ("@often", 0),
            ("0 0 31 2 *", 0),
            ("0 0 31 4,6,9,11 *", 0),
            ("0 0 0 29 2 * 2027", 0),
            ("0 0 +1 * *", 4),
        ] {
            let error = text.parse::<Expression>().unwrap_err();
            assert_eq!(error.position, position, "{text:?}: {error}");
        }
    }
}
