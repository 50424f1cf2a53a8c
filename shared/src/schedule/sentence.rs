//! In words when a schedule fires, in English and Indonesian.

use super::{Cadence, Expression, expression::Fields, field::Field};
use chrono_tz::Tz;
use std::collections::BTreeSet;

/// The languages of the sentences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// Bahasa Indonesia.
    Indonesian,
}

use Language::{English, Indonesian};

/// Up to so many times of day are listed; more are told as minutes and hours.
const MOST_TIMES: usize = 6;

const MONTHS: [[&str; 12]; 2] = [
    [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    [
        "Januari",
        "Februari",
        "Maret",
        "April",
        "Mei",
        "Juni",
        "Juli",
        "Agustus",
        "September",
        "Oktober",
        "November",
        "Desember",
    ],
];
const WEEKDAYS: [[&str; 7]; 2] = [
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"],
    ["Minggu", "Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu"],
];

/// A sentence that says when a cadence fires.
#[must_use]
pub fn sentence(cadence: &Cadence, zone: Tz, language: Language) -> String {
    let text = match cadence {
        Cadence::Cron(timetable) => of_expression(&timetable.expression, language),
        Cadence::Every { interval, .. } => {
            let (count, unit) = unit(interval.num_seconds(), language);
            language.pick(format!("every {count}{unit}"), format!("setiap {count}{unit}"))
        }
        Cadence::Once(at) => {
            let at = at.with_timezone(&zone);
            let (en, id) = (at.format("%Y-%m-%d at %H:%M:%S"), at.format("%Y-%m-%d pukul %H.%M.%S"));
            language.pick(format!("once, on {en}"), format!("sekali, pada {id}"))
        }
    };
    let zone = if matches!(cadence, Cadence::Every { .. }) { String::new() } else { format!(" ({zone})") };
    format!("{}{zone}.", capital(&text))
}

impl Language {
    fn pick<T>(self, english: T, indonesian: T) -> T {
        match self {
            English => english,
            Indonesian => indonesian,
        }
    }

    fn list(self, items: &[String]) -> String {
        match items {
            [] => String::new(),
            [one] => one.clone(),
            [one, other] => format!("{one} {} {other}", self.pick("and", "dan")),
            [front @ .., last] => format!("{}{} {last}", front.join(", "), self.pick(" and", ", dan")),
        }
    }

    /// The values as a list, three or more neighbours as a span.
    fn values(self, values: &BTreeSet<u32>, name: impl Fn(u32) -> String) -> String {
        let mut items = Vec::new();
        let values: Vec<u32> = values.iter().copied().collect();
        for run in values.chunk_by(|a, b| a + 1 == *b) {
            match run {
                [first, .., last] if run.len() > 2 => {
                    items.push(format!("{} {} {}", name(*first), self.pick("to", "sampai"), name(*last)));
                }
                _ => items.extend(run.iter().map(|value| name(*value))),
            }
        }
        self.list(&items)
    }
}

fn of_expression(expression: &Expression, language: Language) -> String {
    let fields = expression.fields();
    let time = clock_times(fields, language);
    let is_at_a_time = time.is_some();
    let mut parts = vec![time.unwrap_or_else(|| interval(fields, language))];
    parts.extend(days(fields, is_at_a_time, language));
    if !fields.month.is_wildcard {
        let months = language.values(&fields.month.values, |month| {
            MONTHS[language as usize][(month as usize).saturating_sub(1) % 12].to_owned()
        });
        parts.push(language.pick(format!("in {months}"), format!("pada bulan {months}")));
    }
    if let Some(year) = fields.year.as_ref().filter(|year| !year.is_wildcard) {
        let years = language.values(&year.values, |year| year.to_string());
        parts.push(language.pick(format!("in {years}"), format!("pada tahun {years}")));
    }
    parts.join(" ")
}

/// `at 09:00 and 17:00`, where there are few times of day.
fn clock_times(fields: &Fields, language: Language) -> Option<String> {
    let one = |field: &Field| field.values.first().copied().filter(|_| field.values.len() == 1);
    let (second, minute) = (one(&fields.second)?, one(&fields.minute)?);
    let hours = &fields.hour.values;
    if fields.hour.is_interval || hours.len() > MOST_TIMES {
        return None;
    }
    let separator = language.pick(':', '.');
    let time = |hour: &u32| {
        let seconds = if second == 0 { String::new() } else { format!("{separator}{second:02}") };
        format!("{hour:02}{separator}{minute:02}{seconds}")
    };
    let times = language.list(&hours.iter().map(time).collect::<Vec<_>>());
    Some(language.pick(format!("at {times}"), format!("pukul {times}")))
}

/// `every 15 minutes, in the hours 9 to 17`.
fn interval(fields: &Fields, language: Language) -> String {
    let mut parts = Vec::new();
    let is_zero = |field: &Field| field.values.iter().eq([&0]);
    if !is_zero(&fields.second) {
        parts.push(of_unit(&fields.second, 60, ["second", "detik"], language));
    }
    let is_every_second = fields.second.is_wildcard;
    let needs_minute = !fields.minute.is_wildcard || parts.is_empty();
    let is_on_the_hour = parts.is_empty() && is_zero(&fields.minute);
    if needs_minute && !is_on_the_hour {
        parts.push(of_unit(&fields.minute, 60, ["minute", "menit"], language));
    } else if !needs_minute && !is_every_second && step(&fields.second, 60).is_none() {
        parts.push(language.pick("of every minute", "setiap menit").to_owned());
    }
    let is_at_minutes = !fields.minute.is_wildcard && step(&fields.minute, 60).is_none();
    if !fields.hour.is_wildcard {
        if let Some(hours) = step(&fields.hour, 24) {
            parts.push(language.pick(format!("every {hours} hours"), format!("setiap {hours} jam")));
        } else {
            let hours = language.values(&fields.hour.values, |hour| hour.to_string());
            let word = if fields.hour.values.len() == 1 { "hour" } else { "hours" };
            parts.push(language.pick(format!("in the {word} {hours}"), format!("pada jam {hours}")));
        }
        if is_on_the_hour && step(&fields.hour, 24).is_none() {
            parts.insert(0, language.pick("every hour", "setiap jam").to_owned());
        }
    } else if is_at_minutes {
        parts.push(language.pick("every hour", "setiap jam").to_owned());
    }
    parts.join(", ")
}

/// `every second`, `every 15 minutes`, `at minute 5 and 20`.
fn of_unit(field: &Field, size: u32, [en, id]: [&str; 2], language: Language) -> String {
    if field.values.len() == size as usize {
        return language.pick(format!("every {en}"), format!("setiap {id}"));
    }
    if let Some(step) = step(field, size) {
        return language.pick(format!("every {step} {en}s"), format!("setiap {step} {id}"));
    }
    let values = language.values(&field.values, |value| value.to_string());
    let plural = if field.values.len() == 1 { "" } else { "s" };
    language.pick(format!("at {en}{plural} {values}"), format!("pada {id} {values}"))
}

/// How far apart its values are, if they go evenly round the clock from 0.
fn step(field: &Field, size: u32) -> Option<u32> {
    let count = u32::try_from(field.values.len()).ok().filter(|count| *count > 1 && *count < size)?;
    let step = size / count;
    field
        .values
        .iter()
        .copied()
        .eq((0..count).map(|each| each * step))
        .then_some(step)
        .filter(|_| size.is_multiple_of(count))
}

fn days(fields: &Fields, is_at_a_time: bool, language: Language) -> Option<String> {
    let days = (!fields.day.is_wildcard).then(|| {
        let days = language.values(&fields.day.values, |day| day.to_string());
        let plural = if fields.day.values.len() == 1 { "" } else { "s" };
        language.pick(format!("on day{plural} {days} of the month"), format!("pada tanggal {days}"))
    });
    let weekdays = (!fields.weekday.is_wildcard).then(|| {
        // The week is told from Monday: `5-7` is Friday to Sunday.
        let from_monday = fields.weekday.values.iter().map(|day| (day + 6) % 7).collect();
        let name = |day: u32| WEEKDAYS[language as usize][(day as usize + 1) % 7].to_owned();
        let days = language.values(&from_monday, name);
        language.pick(format!("on {days}"), format!("pada hari {days}"))
    });
    match (days, weekdays) {
        (Some(days), Some(weekdays)) => Some(format!("{days} {} {weekdays}", language.pick("or", "atau"))),
        (None, None) => is_at_a_time.then(|| language.pick("every day", "setiap hari").to_owned()),
        (days, weekdays) => days.or(weekdays),
    }
}

/// A count with a space, or nothing for one, and the unit.
fn unit(seconds: i64, language: Language) -> (String, &'static str) {
    let units = [
        (86_400, ["day", "days", "hari"]),
        (3_600, ["hour", "hours", "jam"]),
        (60, ["minute", "minutes", "menit"]),
        (1, ["second", "seconds", "detik"]),
    ];
    let fits = units.into_iter().find(|(size, _)| seconds % size == 0).unwrap_or(units[3]);
    let (count, [one, many, id]) = (seconds / fits.0, fits.1);
    let number = if count == 1 { String::new() } else { format!("{count} ") };
    (number, language.pick(if count == 1 { one } else { many }, id))
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Timetable;
    use chrono::{DateTime, TimeDelta};

    #[test]
    fn expressions_are_told_in_both_languages() {
        for (text, english, indonesian) in [
            ("30 2 * * *", "At 02:30 every day", "Pukul 02.30 setiap hari"),
            ("@hourly", "Every hour", "Setiap jam"),
            ("* * * * *", "Every minute", "Setiap menit"),
            ("*/15 * * * *", "Every 15 minutes", "Setiap 15 menit"),
            ("* * * * * *", "Every second", "Setiap detik"),
            ("*/10 * * * * *", "Every 10 seconds", "Setiap 10 detik"),
            ("5,20 * * * *", "At minutes 5 and 20, every hour", "Pada menit 5 dan 20, setiap jam"),
            ("15 * * * * *", "At second 15, of every minute", "Pada detik 15, setiap menit"),
            ("0 */6 * * *", "Every 6 hours", "Setiap 6 jam"),
            ("30 */6 * * *", "At minute 30, every 6 hours", "Pada menit 30, setiap 6 jam"),
            (
                "0 9,17 * * 1-5",
                "At 09:00 and 17:00 on Monday to Friday",
                "Pukul 09.00 dan 17.00 pada hari Senin sampai Jumat",
            ),
            ("*/15 9-17 * * *", "Every 15 minutes, in the hours 9 to 17", "Setiap 15 menit, pada jam 9 sampai 17"),
            (
                "0 0 1,15 * 5",
                "At 00:00 on days 1 and 15 of the month or on Friday",
                "Pukul 00.00 pada tanggal 1 dan 15 atau pada hari Jumat",
            ),
            ("@yearly", "At 00:00 on day 1 of the month in January", "Pukul 00.00 pada tanggal 1 pada bulan Januari"),
            (
                "30 0 8 * 1,5,8 sat,sun 2027",
                "At 08:00:30 on Saturday and Sunday in January, May and August in 2027",
                "Pukul 08.00.30 pada hari Sabtu dan Minggu pada bulan Januari, Mei, dan Agustus pada tahun 2027",
            ),
        ] {
            let expression: Expression = text.parse().unwrap();
            assert_eq!(capital(&of_expression(&expression, English)), english, "{text}");
            assert_eq!(capital(&of_expression(&expression, Indonesian)), indonesian, "{text}");
        }
    }

    #[test]
    fn intervals_and_single_times_are_told_too() {
        let every = |seconds| Cadence::Every { interval: TimeDelta::seconds(seconds), anchor: DateTime::UNIX_EPOCH };
        let zone: Tz = "Asia/Jakarta".parse().unwrap();
        assert_eq!(sentence(&every(90), zone, English), "Every 90 seconds.");
        assert_eq!(sentence(&every(3600), zone, English), "Every hour.");
        assert_eq!(sentence(&every(7200), zone, Indonesian), "Setiap 2 jam.");
        let once = Cadence::Once("2026-01-31T02:30:00Z".parse().unwrap());
        assert_eq!(sentence(&once, zone, English), "Once, on 2026-01-31 at 09:30:00 (Asia/Jakarta).");
        assert_eq!(sentence(&once, zone, Indonesian), "Sekali, pada 2026-01-31 pukul 09.30.00 (Asia/Jakarta).");
        let daily = Cadence::Cron(Box::new(Timetable { zone, ..Timetable::utc("@daily".parse().unwrap()) }));
        assert_eq!(sentence(&daily, zone, Indonesian), "Pukul 00.00 setiap hari (Asia/Jakarta).");
    }
}
