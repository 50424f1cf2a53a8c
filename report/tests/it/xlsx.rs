//! Workbooks, read by calamine.

use std::fmt::Write as _;
use std::io::Cursor;

use calamine::{Data, Range, Reader, Xlsx};
use gotong_report::{Cell, ColumnType, Format, Locale};

use crate::sample;

fn open(bytes: &[u8]) -> Xlsx<Cursor<&[u8]>> {
    calamine::open_workbook_from_rs(Cursor::new(bytes)).unwrap()
}

/// Every sheet and its cells, a line per row.
pub fn text(bytes: &[u8]) -> String {
    let mut book = open(bytes);
    let mut text = String::new();
    for (name, range) in book.worksheets() {
        writeln!(text, "[{name}]").unwrap();
        for row in range.rows() {
            let cells: Vec<String> = row.iter().map(|cell| format!("{cell:?}")).collect();
            writeln!(text, "{}", cells.join(" | ").replace("Empty", "")).unwrap();
        }
    }
    text
}

fn sheet(bytes: &[u8], name: &str) -> Range<Data> {
    open(bytes).worksheet_range(name).unwrap()
}

#[test]
#[expect(clippy::float_cmp, reason = "a cell holds exactly what was written")]
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "the sample has small numbers")]
fn cells_equal_the_data() {
    let meta = sample::orders_meta(Locale::En);
    let zone = meta.time_zone;
    let (_, bytes) = sample::write_orders(Format::Xlsx, meta, Vec::new()).unwrap();
    let range = sheet(&bytes, "Orders by customer");
    let columns = sample::orders_table().columns;
    let header: Vec<String> = range.rows().next().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(header, columns.iter().map(|column| column.label.en.clone()).collect::<Vec<_>>());
    let rows = sample::orders_rows();
    assert_eq!(range.height(), rows.len() + 1);
    for (read, row) in range.rows().skip(1).zip(&rows) {
        for ((read, cell), column) in read.iter().zip(row).zip(&columns) {
            let is_same = match (cell, read) {
                (Cell::Null, Data::Empty) => true,
                (Cell::Text(text), Data::String(read)) => text == read,
                (Cell::Boolean(value), Data::Bool(read)) => value == read,
                (Cell::Integer(value), Data::DateTime(read)) if column.kind == ColumnType::Duration => {
                    (read.as_f64() * 86_400_000.0).round() as i64 == *value
                }
                (Cell::Integer(value), Data::Float(read)) => *value as f64 == *read,
                (Cell::Float(value), Data::Float(read)) => value == read,
                (Cell::Decimal(text), Data::Float(read)) => text.parse::<f64>().unwrap() == *read,
                (Cell::Date(date), Data::DateTime(read)) => read.as_datetime().unwrap().date() == *date,
                (Cell::Timestamp(time), Data::DateTime(read)) => {
                    read.as_datetime().unwrap() == time.with_timezone(&zone).naive_local()
                }
                _ => false,
            };
            assert!(is_same, "{}: wrote {cell:?}, read {read:?}", column.id);
        }
    }
}

#[test]
fn the_first_sheet_says_what_this_is() {
    let (_, bytes) = sample::write_week(Format::Xlsx, Locale::Id, Vec::new()).unwrap();
    let names = open(&bytes).sheet_names();
    assert_eq!(names[0], "Tentang");
    let about = text(&bytes);
    assert!(about.contains("Laporan mingguan Gotong") && about.contains("16 – 22 November 2026"), "{about}");
}
