use std::borrow::Cow;

use chrono::TimeZone;

use super::number::{bytes, decimal, duration, group};
use super::*;

const EN: Show = Show { locale: Locale::En, zone: Tz::UTC };
const ID: Show = Show { locale: Locale::Id, zone: Tz::Asia__Jakarta };

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

#[test]
fn thousands_stand_apart() {
    for (digits, en, id) in [
        ("0", "0", "0"),
        ("-999", "-999", "-999"),
        ("1000", "1,000", "1.000"),
        ("-1234567", "-1,234,567", "-1.234.567"),
    ] {
        assert_eq!(group(Locale::En, digits), en);
        assert_eq!(group(Locale::Id, digits), id);
    }
}

#[test]
fn decimals_are_rounded_exactly() {
    for (text, places, expected) in [
        ("1234.56", None, "1,234.56"),
        ("1234.565", Some(2), "1,234.57"),
        ("9.999", Some(2), "10.00"),
        ("-0.004", Some(2), "0.00"),
        ("-0.005", Some(2), "-0.01"),
        ("5", Some(2), "5.00"),
        ("0.5", Some(0), "1"),
        ("123456789012345678901234567890.125", Some(2), "123,456,789,012,345,678,901,234,567,890.13"),
    ] {
        assert_eq!(decimal(Locale::En, text, places), expected, "{text}");
    }
    assert_eq!(decimal(Locale::Id, "1234.5", Some(2)), "1.234,50");
}

#[test]
fn durations_and_sizes_have_units_that_fit() {
    for (value, en, id) in [
        (0, "0 ms", "0 md"),
        (850, "850 ms", "850 md"),
        (1_500, "1.5 s", "1,5 dtk"),
        (2_000, "2 s", "2 dtk"),
        (125_000, "2 min 5 s", "2 mnt 5 dtk"),
        (3_720_000, "1 h 2 min", "1 jam 2 mnt"),
        (-86_400_000, "-1 d", "-1 hari"),
    ] {
        assert_eq!(duration(Locale::En, value), en);
        assert_eq!(duration(Locale::Id, value), id);
    }
    for (value, expected) in
        [(0, "0 B"), (999, "999 B"), (1_500, "1.5 kB"), (123_456_789, "123 MB"), (i64::MAX, "9.2 EB")]
    {
        assert_eq!(bytes(Locale::En, value), expected);
    }
    assert_eq!(bytes(Locale::Id, -1_500_000_000), "-1,5 GB");
}

#[test]
fn cells_are_shown_by_their_type() {
    let time = Utc.with_ymd_and_hms(2026, 8, 21, 18, 5, 9).unwrap();
    for (cell, kind, en, id) in [
        (Cell::Null, ColumnType::Integer, "", ""),
        (Cell::Boolean(true), ColumnType::Boolean, "Yes", "Ya"),
        (Cell::Float(0.1255), ColumnType::Percentage, "12.6%", "12,6%"),
        (Cell::Decimal(Cow::Borrowed("0.5")), ColumnType::Percentage, "50.0%", "50,0%"),
        (
            Cell::Float(1e21),
            ColumnType::Decimal { places: None },
            "1,000,000,000,000,000,000,000",
            "1.000.000.000.000.000.000.000",
        ),
        (Cell::Integer(12), ColumnType::Decimal { places: Some(2) }, "12.00", "12,00"),
        (Cell::Date(day(2026, 5, 1)), ColumnType::Date, "1 May 2026", "1 Mei 2026"),
        (Cell::Timestamp(time), ColumnType::Timestamp, "21 Aug 2026 18:05:09", "22 Agu 2026 01.05.09"),
    ] {
        assert_eq!(EN.cell(&cell, kind), en);
        assert_eq!(ID.cell(&cell, kind), id);
    }
    assert_eq!(ID.zoned(time), "22 Agu 2026 01.05.09 WIB");
    assert_eq!(ID.zone_at(time), "Asia/Jakarta (UTC+07:00)");
}

#[test]
fn ranges_name_their_last_day() {
    let midnight = |month, day| Utc.with_ymd_and_hms(2026, month, day, 0, 0, 0).unwrap();
    assert_eq!(EN.range((midnight(11, 16), midnight(11, 23))), "16 – 22 November 2026");
    assert_eq!(EN.range((midnight(10, 30), midnight(11, 2))), "30 October – 1 November 2026");
    assert_eq!(EN.range((midnight(11, 16), midnight(11, 17))), "16 November 2026");
    assert_eq!(
        EN.range((midnight(12, 31), Utc.with_ymd_and_hms(2027, 1, 2, 0, 0, 0).unwrap())),
        "31 December 2026 – 1 January 2027"
    );
    assert_eq!(ID.range((midnight(11, 16), midnight(11, 17))), "16 Nov 2026 07.00.00 – 17 Nov 2026 07.00.00 WIB");
}
