//! Numbers, dates and sizes as people read them.
//!
//! The separators, the names of months and the order of a date follow the Unicode CLDR for `en-GB` and `id`.

mod number;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::locale::Locale;
use crate::model::{Cell, ColumnType};
pub use number::{axis_label, percentage};

const MONTHS_EN: [&str; 12] = [
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
];
const MONTHS_ID: [&str; 12] = [
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
];

/// How values are shown in one report.
#[derive(Clone, Copy, Debug)]
pub struct Show {
    pub locale: Locale,
    pub zone: Tz,
}

impl Show {
    /// A cell as its reader sees it; nothing for null.
    pub fn cell(self, cell: &Cell<'_>, kind: ColumnType) -> String {
        match (cell, kind) {
            (Cell::Null, _) => String::new(),
            (Cell::Text(text), _) => text.clone().into_owned(),
            (Cell::Integer(value), ColumnType::Duration) => number::duration(self.locale, *value),
            (Cell::Integer(value), ColumnType::Bytes) => number::bytes(self.locale, *value),
            (Cell::Integer(value), ColumnType::Decimal { places }) => {
                number::decimal(self.locale, &value.to_string(), places)
            }
            (Cell::Integer(value), ColumnType::Integer) => number::group(self.locale, &value.to_string()),
            (Cell::Float(value), ColumnType::Decimal { places }) => {
                number::decimal(self.locale, &value.to_string(), places)
            }
            (Cell::Decimal(value), ColumnType::Decimal { places }) => number::decimal(self.locale, value, places),
            (Cell::Integer(_) | Cell::Float(_) | Cell::Decimal(_), _) => {
                percentage(self.locale, cell.number().unwrap_or_default())
            }
            (Cell::Boolean(value), _) => {
                let words = self.locale.pick(["No", "Yes"], ["Tidak", "Ya"]);
                words[usize::from(*value)].to_owned()
            }
            (Cell::Date(date), _) => self.date(*date),
            (Cell::Timestamp(time), _) => self.timestamp(*time),
        }
    }

    /// `21 Nov 2026`.
    pub fn date(self, date: NaiveDate) -> String {
        format!("{} {}", self.short_date(date), date.year())
    }

    /// `21 Nov`.
    pub fn short_date(self, date: NaiveDate) -> String {
        let month = match (self.locale, date.month()) {
            (Locale::Id, 8) => "Agu",
            _ => &self.month(date)[..3],
        };
        format!("{} {month}", date.day())
    }

    /// `21 November 2026`.
    pub fn long_date(self, date: NaiveDate) -> String {
        format!("{} {} {}", date.day(), self.month(date), date.year())
    }

    /// `21 Nov 2026 14:05:09` in the report's zone; `14.05.09` in Indonesian.
    pub fn timestamp(self, time: DateTime<Utc>) -> String {
        let local = time.with_timezone(&self.zone);
        let clock = local.format(self.locale.pick("%H:%M:%S", "%H.%M.%S"));
        format!("{} {clock}", self.date(local.date_naive()))
    }

    /// The same with the zone's abbreviation.
    pub fn zoned(self, time: DateTime<Utc>) -> String {
        format!("{} {}", self.timestamp(time), self.abbreviation(time))
    }

    /// `Asia/Jakarta (UTC+07:00)` as of a moment.
    pub fn zone_at(self, time: DateTime<Utc>) -> String {
        match self.zone {
            Tz::UTC => "UTC".to_owned(),
            zone => format!("{zone} (UTC{})", time.with_timezone(&zone).format("%:z")),
        }
    }

    /// `16 – 22 November 2026`; with times when the edges are not midnights. The last day is the last one inside.
    pub fn range(self, (from, until): (DateTime<Utc>, DateTime<Utc>)) -> String {
        let [start, end] = [from, until].map(|time| time.with_timezone(&self.zone).naive_local());
        let midnight = chrono::NaiveTime::MIN;
        if start.time() != midnight || end.time() != midnight || end <= start {
            return format!("{} – {}", self.timestamp(from), self.zoned(until));
        }
        let (first, last) = (start.date(), end.date().pred_opt().unwrap_or(end.date()));
        if first == last {
            return self.long_date(first);
        }
        let end = self.long_date(last);
        if first.year() != last.year() {
            format!("{} – {end}", self.long_date(first))
        } else if first.month() != last.month() {
            format!("{} {} – {end}", first.day(), self.month(first))
        } else {
            format!("{} – {end}", first.day())
        }
    }

    fn month(self, date: NaiveDate) -> &'static str {
        self.locale.pick(MONTHS_EN, MONTHS_ID)[date.month0() as usize]
    }

    fn abbreviation(self, time: DateTime<Utc>) -> String {
        let name = time.with_timezone(&self.zone).format("%Z").to_string();
        // Zones without letters of their own are named by their offset, such as +03.
        if name.starts_with(['+', '-']) { format!("UTC{name}") } else { name }
    }
}

#[cfg(test)]
mod tests;
