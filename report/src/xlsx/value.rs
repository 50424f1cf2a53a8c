//! Cells of a sheet, and what a spreadsheet cannot hold.

use chrono::{Datelike, NaiveDate, NaiveDateTime};
use rust_xlsxwriter::{Format, FormatAlign, Worksheet, XlsxError};

use crate::locale::Locale;
use crate::machine;
use crate::model::{Align, Cell, ColumnType};
use crate::show::Show;
use crate::words::Losses;

/// Excel's limit for the text of a cell, in UTF-16 units.
pub const MOST_CHARACTERS: usize = 32_767;
/// Excel shows fifteen digits and replaces the others by zeros.
const MOST_INTEGER: u64 = 999_999_999_999_999;
const DAY: f64 = 86_400_000.0;

/// How a column's cells look.
pub fn format_of(kind: ColumnType, column: Align, locale: Locale) -> Format {
    // Names of months in the report's language, whatever that of the program is.
    let language = locale.pick("[$-809]", "[$-421]");
    let number = match kind {
        ColumnType::Text => "@".to_owned(),
        ColumnType::Integer | ColumnType::Bytes | ColumnType::Decimal { places: Some(0) } => "#,##0".to_owned(),
        ColumnType::Decimal { places: None } | ColumnType::Boolean => "General".to_owned(),
        ColumnType::Decimal { places: Some(places) } => format!("#,##0.{}", "0".repeat(usize::from(places).min(30))),
        ColumnType::Date => format!("{language}d mmm yyyy"),
        ColumnType::Timestamp => format!("{language}d mmm yyyy hh:mm:ss"),
        ColumnType::Duration => "[h]:mm:ss.000".to_owned(),
        ColumnType::Percentage => "0.0%".to_owned(),
    };
    Format::new().set_num_format(number).set_align(align(column)).set_align(FormatAlign::Top)
}

pub fn align(align: Align) -> FormatAlign {
    match align {
        Align::Start => FormatAlign::Left,
        Align::Center => FormatAlign::Center,
        Align::End => FormatAlign::Right,
    }
}

/// The width of a cell in characters, about; those of East Asia are twice as wide.
pub fn width_of(cell: &Cell<'_>, kind: ColumnType, show: Show) -> usize {
    match cell {
        Cell::Text(text) => text.lines().map(line_width).max().unwrap_or(0),
        Cell::Timestamp(_) => 20,
        // Excel shows a time of day here, not the words that people read elsewhere.
        Cell::Integer(_) if kind == ColumnType::Duration => 12,
        Cell::Integer(_) if kind == ColumnType::Bytes => show.cell(cell, ColumnType::Integer).len(),
        _ => show.cell(cell, kind).len(),
    }
}

fn line_width(line: &str) -> usize {
    line.chars().take(super::WIDEST).map(|c| if c >= '\u{1100}' { 2 } else { 1 }).sum()
}

/// Writes one cell in the format of its column.
pub fn write_cell(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    cell: &Cell<'_>,
    kind: ColumnType,
    show: Show,
    losses: &mut Losses,
) -> Result<(), XlsxError> {
    match value(cell, kind, show) {
        Value::Nothing => sheet,
        Value::Text(text) => sheet.write_string(row, column, super::shortened(text, losses))?,
        Value::Inexact(text) => {
            losses.as_text += 1;
            sheet.write_string(row, column, super::shortened(&text, losses))?
        }
        Value::Number(number) => sheet.write_number(row, column, number)?,
        Value::Boolean(value) => sheet.write_boolean(row, column, value)?,
        Value::Date(date) => sheet.write_datetime(row, column, date)?,
        Value::Moment(moment) => sheet.write_datetime(row, column, moment)?,
    };
    Ok(())
}

enum Value<'a> {
    Nothing,
    Text(&'a str),
    Inexact(String),
    Number(f64),
    Boolean(bool),
    Date(NaiveDate),
    Moment(NaiveDateTime),
}

#[expect(clippy::cast_precision_loss, reason = "up to fifteen digits a double is exact, and others are text")]
fn value<'a>(cell: &'a Cell<'_>, kind: ColumnType, show: Show) -> Value<'a> {
    match cell {
        Cell::Null => Value::Nothing,
        Cell::Text(text) => Value::Text(text),
        // Excel shows no negative time.
        Cell::Integer(value) if kind == ColumnType::Duration && *value >= 0 => Value::Number(*value as f64 / DAY),
        Cell::Integer(value) if kind == ColumnType::Duration => Value::Inexact(show.cell(cell, kind)),
        Cell::Integer(value) if value.unsigned_abs() > MOST_INTEGER => Value::Inexact(value.to_string()),
        Cell::Integer(value) => Value::Number(*value as f64),
        Cell::Float(value) => Value::Number(*value),
        Cell::Decimal(text) => exact(text).map_or_else(|| Value::Inexact(text.to_string()), Value::Number),
        Cell::Boolean(value) => Value::Boolean(*value),
        Cell::Date(date) if is_in_calendar(*date) => Value::Date(*date),
        Cell::Date(date) => Value::Inexact(machine_date(*date)),
        Cell::Timestamp(time) => {
            let local = time.with_timezone(&show.zone).naive_local();
            if is_in_calendar(local.date()) { Value::Moment(local) } else { Value::Inexact(machine_timestamp(*time)) }
        }
    }
}

/// A double, if Excel shows its digits as they are: at most fifteen that count.
fn exact(text: &str) -> Option<f64> {
    let digits = || text.bytes().filter(u8::is_ascii_digit);
    let leading = digits().take_while(|digit| *digit == b'0').count();
    let trailing = if text.contains('.') { digits().rev().take_while(|digit| *digit == b'0').count() } else { 0 };
    (digits().count() <= leading + trailing + 15).then(|| text.parse().ok()).flatten()
}

/// Excel's calendar has a 29 February 1900, which shifts all days before it.
fn is_in_calendar(date: NaiveDate) -> bool {
    (date.year(), date.month()) >= (1900, 3) && date.year() <= 9_999
}

fn machine_date(date: NaiveDate) -> String {
    let mut text = String::new();
    machine::push_date(&mut text, date);
    text
}

fn machine_timestamp(time: chrono::DateTime<chrono::Utc>) -> String {
    let mut text = String::new();
    machine::push_timestamp(&mut text, time);
    text
}

/// The longest beginning of at most so many UTF-16 units, and whether anything is missing.
pub fn cut(text: &str, most: usize) -> (&str, bool) {
    // A UTF-8 text has no more units than bytes.
    if text.len() <= most {
        return (text, false);
    }
    let mut units = 0;
    let end = text.char_indices().find(|(_, c)| {
        units += c.len_utf16();
        units > most
    });
    end.map_or((text, false), |(at, _)| (&text[..at], true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_fifteen_digits_hold_is_a_number() {
        assert_eq!(exact("1234.50"), Some(1234.5));
        assert_eq!(exact("-0.000000000000000000125"), Some(-1.25e-19));
        assert_eq!(exact("999999999999999"), Some(999_999_999_999_999.0));
        assert_eq!(exact("1234567890123456"), None);
        assert_eq!(exact("1000000000000000"), None);
        assert_eq!(exact("0.1234567890123456"), None);
    }

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(cut("a𝒳b", 3), ("a𝒳", true));
        assert_eq!(cut("a𝒳b", 2), ("a", true));
        assert_eq!(cut("a𝒳b", 4), ("a𝒳b", false));
    }
}
