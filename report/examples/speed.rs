//! How fast rows become files, and in how much memory: `cargo run --release -p gotong-report --example speed csv 1000000`.
//!
//! Prints the seconds that formatting, hashing and writing to a file took, and the most memory that the process held.

use std::error::Error;
use std::fs::{self, File};
use std::time::Instant;

use chrono::{DateTime, Duration, Utc};
use gotong_report::{Cell, Column, ColumnType, Format, Label, Meta, Table, Taken, Writer};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let format: Format = arguments.next().unwrap_or_else(|| "csv".to_owned()).parse()?;
    let rows: i64 = arguments.next().map_or(Ok(1_000_000), |number| number.parse())?;
    let path = std::env::temp_dir().join(format!("gotong-report-speed-{}.{format}", std::process::id()));
    let begun = Instant::now();
    let written = write(format, rows, File::create(&path)?);
    let seconds = begun.elapsed().as_secs_f64();
    fs::remove_file(&path)?;
    let written = written?;
    println!("{format}: {} rows, {} bytes, {seconds:.2} s", written.rows, written.bytes);
    if let Some(line) = fs::read_to_string("/proc/self/status")?.lines().find(|line| line.starts_with("VmHWM")) {
        println!("{line}");
    }
    Ok(())
}

fn write(format: Format, rows: i64, out: File) -> Result<gotong_report::Written, Box<dyn Error>> {
    use ColumnType::{Boolean, Decimal, Duration as Milliseconds, Integer, Text, Timestamp};
    let start: DateTime<Utc> = "2026-11-16T00:00:00Z".parse()?;
    let types = [
        ("id", Integer),
        ("kind", Text),
        ("state", Text),
        ("created_at", Timestamp),
        ("finished_at", Timestamp),
        ("wait_ms", Milliseconds),
        ("cost", Decimal { places: Some(2) }),
        ("is_retried", Boolean),
    ];
    let columns = types.map(|(id, kind)| Column::new(id, Label::same(id), kind)).to_vec();
    let mut writer = Writer::new(format, Meta::new(Label::same("Jobs"), start), out)?;
    writer.begin_table(Table::new("jobs", Label::same("Jobs"), columns))?;
    let kinds = ["thumbnail.generate", "search.index", "email.send"];
    for (row, kind) in (0..rows).zip(kinds.into_iter().cycle()) {
        let created = start + Duration::milliseconds(row * 37);
        let cost = format!("{}.{:02}", row % 1_000, row % 100);
        let cells = [
            Cell::Integer(row),
            Cell::from(kind),
            Cell::from("completed"),
            Cell::Timestamp(created),
            Cell::Timestamp(created + Duration::milliseconds(row % 5_000)),
            Cell::Integer(row % 5_000),
            Cell::Decimal(cost.as_str().into()),
            Cell::Boolean(row % 7 == 0),
        ];
        if writer.row(&cells)? == Taken::OverLimit {
            break;
        }
    }
    writer.end_table()?;
    Ok(writer.finish()?.0)
}
