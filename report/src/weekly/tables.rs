//! The tables behind the figures.

use std::io::Write;

use super::figures::{duration, number};
use super::{MOST_FAILURES, Week};
use crate::error::ReportError;
use crate::locale::Label;
use crate::model::{Cell, Column, ColumnType, Table};
use crate::writer::{Taken, Writer};

fn column(id: &str, en: &str, indonesian: &str, kind: ColumnType) -> Column {
    Column::new(id, Label::new(en, indonesian), kind)
}

fn write<W: Write + Send>(writer: &mut Writer<W>, table: Table, rows: &[Vec<Cell<'_>>]) -> Result<(), ReportError> {
    writer.begin_table(table)?;
    for row in rows {
        if writer.row(row)? == Taken::OverLimit {
            break;
        }
    }
    writer.end_table()
}

pub fn kinds<W: Write + Send>(writer: &mut Writer<W>, week: &Week) -> Result<(), ReportError> {
    use ColumnType::{Duration, Integer, Text};
    let columns = vec![
        column("kind", "Kind", "Jenis", Text),
        column("completed", "Completed", "Selesai", Integer),
        column("dead", "Failed for good", "Gagal permanen", Integer),
        column("cancelled", "Cancelled", "Dibatalkan", Integer),
        column("retried", "Retried", "Diulang", Integer),
        column("wait_p50_ms", "Wait, half", "Tunggu, separuh", Duration),
        column("wait_p95_ms", "Wait, 95%", "Tunggu, 95%", Duration),
        column("wait_p99_ms", "Wait, 99%", "Tunggu, 99%", Duration),
        column("run_p95_ms", "Run, 95%", "Jalan, 95%", Duration),
    ];
    let rows: Vec<_> = week
        .kinds
        .iter()
        .map(|kind| {
            vec![
                Cell::from(kind.kind.as_str()),
                number(kind.completed),
                number(kind.dead),
                number(kind.cancelled),
                number(kind.retried),
                duration(kind.wait_p50_ms),
                duration(kind.wait_p95_ms),
                duration(kind.wait_p99_ms),
                duration(kind.run_p95_ms),
            ]
        })
        .collect();
    write(writer, Table::new("kinds", Label::new("Jobs by kind", "Pekerjaan per jenis"), columns), &rows)
}

pub fn failures<W: Write + Send>(writer: &mut Writer<W>, week: &Week) -> Result<(), ReportError> {
    use ColumnType::{Integer, Text, Timestamp};
    let columns = vec![
        column("count", "Count", "Jumlah", Integer),
        column("kind", "Kind", "Jenis", Text),
        column("class", "Error", "Galat", Text),
        column("message", "Message", "Pesan", Text),
        column("last_seen", "Last seen", "Terakhir terlihat", Timestamp),
        column("fingerprint", "Fingerprint", "Sidik", Text),
    ];
    let rows: Vec<_> = week
        .failures
        .iter()
        .take(MOST_FAILURES)
        .map(|failure| {
            vec![
                number(failure.count),
                Cell::from(failure.kind.as_str()),
                Cell::from(failure.class.as_str()),
                Cell::from(failure.message.as_str()),
                Cell::from(failure.last_seen),
                Cell::from(failure.fingerprint.as_str()),
            ]
        })
        .collect();
    let table = Table {
        note: (week.failures.len() > MOST_FAILURES).then(|| {
            let all = week.failures.len();
            Label::new(
                format!("The {MOST_FAILURES} most frequent of {all}."),
                format!("{MOST_FAILURES} tersering dari {all}."),
            )
        }),
        ..Table::new("failures", Label::new("Most frequent failures", "Kegagalan tersering"), columns)
    };
    write(writer, table, &rows)
}

pub fn backups<W: Write + Send>(writer: &mut Writer<W>, week: &Week) -> Result<(), ReportError> {
    use ColumnType::{Bytes, Integer, Text, Timestamp};
    let columns = vec![
        column("name", "Backup of", "Cadangan dari", Text),
        column("succeeded", "Succeeded", "Berhasil", Integer),
        column("failed", "Failed", "Gagal", Integer),
        column("bytes", "Size", "Ukuran", Bytes),
        column("last_success", "Last success", "Terakhir berhasil", Timestamp),
        column("last_restore_check", "Last restored to check", "Terakhir diuji pulih", Timestamp),
    ];
    let rows: Vec<_> = week
        .backups
        .iter()
        .map(|backup| {
            vec![
                Cell::from(backup.name.as_str()),
                number(backup.succeeded),
                number(backup.failed),
                number(backup.bytes),
                backup.last_success.into(),
                backup.last_restore_check.into(),
            ]
        })
        .collect();
    write(writer, Table::new("backups", Label::new("Backups", "Cadangan"), columns), &rows)
}
