//! CSV and JSON lines, read by others.

use std::io::Write as _;
use std::process::{Command, Stdio};

use gotong_report::{Cell, Column, ColumnType, Format, Label, Meta, Table, Taken, Writer};
use proptest::prelude::*;

use crate::sample;

fn written(format: Format, rows: &[Vec<String>]) -> Vec<u8> {
    let mut writer = Writer::new(format, Meta::new(Label::same("Texts"), sample::snapshot()), Vec::new()).unwrap();
    let columns = (0..3).map(|index| Column::new(format!("c{index}"), Label::same("Column"), ColumnType::Text));
    writer.begin_table(Table::new("texts", Label::same("Texts"), columns.collect())).unwrap();
    for row in rows {
        let cells: Vec<Cell<'_>> = row.iter().map(|text| Cell::from(text.as_str())).collect();
        assert_eq!(writer.row(&cells).unwrap(), Taken::Kept);
    }
    writer.end_table().unwrap();
    writer.finish().unwrap().1
}

/// What stood there before an apostrophe kept it from being a formula.
fn without_apostrophe(field: &str) -> &str {
    let dangerous = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    match field.strip_prefix('\'') {
        Some(rest) if rest.trim_start_matches('\'').starts_with(dangerous) => rest,
        _ => field,
    }
}

fn texts() -> impl Strategy<Value = Vec<Vec<String>>> {
    let text = prop_oneof![
        any::<String>(),
        "[=+@'\"\t\r\n,;-]{0,6}",
        r#"['=+@＝-][A-Z]{1,8}\(("[^"]*")?\)"#,
        Just(String::new()),
    ];
    prop::collection::vec(prop::collection::vec(text, 3), 1..8)
}

proptest! {
    #[test]
    fn what_is_read_back_is_what_was_written(rows in texts()) {
        let bytes = written(Format::Csv, &rows);
        let mut reader = csv::ReaderBuilder::new().has_headers(true).from_reader(bytes.as_slice());
        let read: Vec<Vec<String>> = reader
            .records()
            .map(|record| record.unwrap().iter().map(|field| without_apostrophe(field).to_owned()).collect())
            .collect();
        prop_assert_eq!(read, rows.clone());

        let lines = String::from_utf8(written(Format::JsonLines, &rows)).unwrap();
        for (line, row) in lines.lines().zip(&rows) {
            let object: serde_json::Value = serde_json::from_str(line).unwrap();
            for (index, text) in row.iter().enumerate() {
                prop_assert_eq!(object[format!("c{index}")].as_str(), Some(text.as_str()));
            }
        }
    }

    #[test]
    fn no_field_begins_a_formula(rows in texts()) {
        let bytes = written(Format::Csv, &rows);
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        for record in reader.records() {
            for field in &record.unwrap() {
                prop_assert!(!field.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{:?}", field);
            }
        }
    }
}

#[test]
fn numbers_keep_their_minus_and_lines_end_as_rfc_4180_says() {
    let (_, bytes) =
        sample::write_orders(Format::Csv, sample::orders_meta(gotong_report::Locale::Id), Vec::new()).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains(",-15000.99,") && text.contains("\"'=HYPERLINK("), "{text}");
    assert_eq!(text.matches("\r\n").count(), 11);
    // The one line break inside a field stays as it was.
    assert_eq!(text.matches('\n').count(), 12);
}

#[test]
fn a_byte_order_mark_stands_first() {
    let meta = Meta { byte_order_mark: true, ..sample::orders_meta(gotong_report::Locale::En) };
    let (_, bytes) = sample::write_orders(Format::Csv, meta, Vec::new()).unwrap();
    assert!(bytes.starts_with(b"\xef\xbb\xbfcustomer,orders,"));
}

#[test]
fn python_reads_the_same_fields() {
    const PROGRAM: &str = "import csv, io, json, sys\n\
        text = io.TextIOWrapper(sys.stdin.buffer, encoding='utf-8', newline='')\n\
        json.dump(list(csv.reader(text, strict=True)), sys.stdout)";
    let (_, bytes) =
        sample::write_orders(Format::Csv, sample::orders_meta(gotong_report::Locale::En), Vec::new()).unwrap();
    let mut python = Command::new("python3")
        .args(["-c", PROGRAM])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the tests need Python, as CONTRIBUTING.md says");
    python.stdin.take().unwrap().write_all(&bytes).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    let read: Vec<Vec<String>> = serde_json::from_slice(&output.stdout).unwrap();
    let rows = sample::orders_rows();
    assert_eq!(read.len(), rows.len() + 1);
    for (fields, cells) in read[1..].iter().zip(&rows) {
        match &cells[0] {
            Cell::Text(text) => assert_eq!(without_apostrophe(&fields[0]), text),
            other => panic!("{other:?}"),
        }
        match &cells[2] {
            Cell::Decimal(number) => assert_eq!(&fields[2], number),
            _ => assert_eq!(fields[2], ""),
        }
    }
}
