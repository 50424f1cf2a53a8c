//! Numbers, with the separators of a language.

use std::fmt::Write as _;

use crate::locale::Locale;
use crate::model::ColumnType;

/// Thousands apart: `1,234` and `1.234`. The text is `-?digits`.
pub fn group(locale: Locale, digits: &str) -> String {
    let separator = locale.pick(',', '.');
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
    let mut grouped = String::with_capacity(sign.len() + digits.len() * 4 / 3);
    grouped.push_str(sign);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(separator);
        }
        grouped.push(digit);
    }
    grouped
}

/// `1,234.50`: the text is `-?digits[.digits]`, and is rounded half away from zero when places are given.
pub fn decimal(locale: Locale, text: &str, places: Option<u8>) -> String {
    let rounded = places.map(|places| round(text, usize::from(places)));
    let text = rounded.as_deref().unwrap_or(text);
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole = group(locale, whole);
    if fraction.is_empty() { whole } else { format!("{whole}{}{fraction}", locale.pick('.', ',')) }
}

/// Rounds decimal text, digit by digit, so that exact numbers stay exact.
fn round(text: &str, places: usize) -> String {
    let (sign, text) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut digits: Vec<u8> =
        whole.bytes().chain(fraction.bytes().chain(std::iter::repeat(b'0')).take(places)).collect();
    if fraction.as_bytes().get(places).is_some_and(|digit| *digit >= b'5') {
        let mut carry = true;
        for digit in digits.iter_mut().rev() {
            carry = *digit == b'9';
            *digit = if carry { b'0' } else { *digit + 1 };
            if !carry {
                break;
            }
        }
        if carry {
            digits.insert(0, b'1');
        }
    }
    let is_zero = digits.iter().all(|digit| *digit == b'0');
    let mut rounded = String::from_utf8(digits).expect("only digits were put in");
    if places > 0 {
        rounded.insert(rounded.len() - places, '.');
    }
    format!("{}{rounded}", if is_zero { "" } else { sign })
}

/// `12.5%`, from a fraction.
pub fn percentage(locale: Locale, fraction: f64) -> String {
    format!("{}%", decimal(locale, &format!("{:.1}", fraction * 100.0), None))
}

/// `850 ms`, `1.5 s`, `2 min 5 s`, `1 h 2 min`, `3 d 4 h`: at most two units, cut and not rounded beyond seconds.
pub fn duration(locale: Locale, milliseconds: i64) -> String {
    const UNITS: [(u64, &str, &str); 4] =
        [(86_400, "d", "hari"), (3_600, "h", "jam"), (60, "min", "mnt"), (1, "s", "dtk")];
    let sign = if milliseconds < 0 { "-" } else { "" };
    let magnitude = milliseconds.unsigned_abs();
    if magnitude < 1_000 {
        return format!("{sign}{magnitude} {}", locale.pick("ms", "md"));
    }
    let seconds = magnitude / 1_000;
    if seconds < 60 {
        let text = round(&format!("{seconds}.{:03}", magnitude % 1_000), 1);
        return format!(
            "{sign}{} {}",
            decimal(locale, text.trim_end_matches('0').trim_end_matches('.'), None),
            locale.pick("s", "dtk")
        );
    }
    let unit = UNITS.iter().position(|(size, ..)| seconds >= *size).unwrap_or(UNITS.len() - 1);
    let (size, en, id) = UNITS[unit];
    let mut text = format!("{sign}{} {}", group(locale, &(seconds / size).to_string()), locale.pick(en, id));
    if let Some((next, en, id)) = UNITS.get(unit + 1) {
        let rest = seconds % size / next;
        if rest > 0 {
            let _ = write!(text, " {rest} {}", locale.pick(en, id));
        }
    }
    text
}

/// `1.5 GB`, in powers of a thousand.
pub fn bytes(locale: Locale, bytes: i64) -> String {
    let sign = if bytes < 0 { "-" } else { "" };
    let magnitude = bytes.unsigned_abs();
    let mut size = 1_u64;
    let mut unit = "B";
    for next in ["kB", "MB", "GB", "TB", "PB", "EB"] {
        if magnitude / size < 1_000 {
            break;
        }
        size *= 1_000;
        unit = next;
    }
    let whole = magnitude / size;
    let tenth = magnitude % size * 10 / size.max(1);
    let text = if size == 1 || whole >= 100 { whole.to_string() } else { format!("{whole}.{tenth}") };
    format!("{sign}{} {unit}", decimal(locale, &text, None))
}

/// A value beside a chart's axis: short, without zeros that say nothing.
#[expect(clippy::cast_possible_truncation, reason = "ticks of an axis are far from the end of i64, and saturate there")]
pub fn axis_label(locale: Locale, value: f64, kind: ColumnType) -> String {
    match kind {
        ColumnType::Duration => duration(locale, value.round() as i64),
        ColumnType::Bytes => bytes(locale, value.round() as i64).replacen(locale.pick(".0 ", ",0 "), " ", 1),
        ColumnType::Percentage => percentage(locale, value).replacen(locale.pick(".0%", ",0%"), "%", 1),
        _ => {
            let text = format!("{value:.6}");
            decimal(locale, text.trim_end_matches('0').trim_end_matches('.'), None)
        }
    }
}
