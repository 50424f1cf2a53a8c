//! JSON lines: one object per row, its members in the order of the columns.
//!
//! For programs, as CSV is: ISO 8601 in UTC, milliseconds, bytes, fractions. Exact decimals are numbers with all their
//! digits. There is no place for a notice.

use std::io::{self, BufWriter, Write};

use crate::error::ReportError;
use crate::locale::Label;
use crate::machine::{push_date, push_timestamp};
use crate::model::{Cell, Chart, Column, Figure, Table};
use crate::words::Losses;
use crate::writer::{Sink, Tally};

const BUFFER: usize = 64 * 1024;

pub(crate) struct JsonLinesSink<W: Write> {
    out: BufWriter<Tally<W>>,
    /// What stands before each value: `{"id":`, `,"name":`.
    keys: Vec<String>,
    field: String,
}

impl<W: Write> JsonLinesSink<W> {
    pub fn new(out: Tally<W>) -> Self {
        Self { out: BufWriter::with_capacity(BUFFER, out), keys: Vec::new(), field: String::new() }
    }

    pub fn finish(self) -> Result<Tally<W>, ReportError> {
        self.out.into_inner().map_err(|error| ReportError::Io(error.into_error()))
    }
}

impl<W: Write> Sink for JsonLinesSink<W> {
    fn figures(&mut self, _: &Label, _: &[Figure]) -> Result<(), ReportError> {
        Ok(())
    }

    fn chart(&mut self, _: &Chart) -> Result<(), ReportError> {
        Ok(())
    }

    fn text(&mut self, _: &Label) -> Result<(), ReportError> {
        Ok(())
    }

    fn begin_table(&mut self, table: &Table) -> Result<(), ReportError> {
        let keys = table.columns.iter().enumerate().map(|(index, column)| {
            let name = serde_json::to_string(&column.id).map_err(io::Error::from)?;
            Ok(format!("{}{name}:", if index == 0 { '{' } else { ',' }))
        });
        self.keys = keys.collect::<Result<_, io::Error>>()?;
        Ok(())
    }

    fn row(&mut self, _: &[Column], cells: &[Cell<'_>]) -> Result<(), ReportError> {
        let Self { out, keys, field } = self;
        for (key, cell) in keys.iter().zip(cells) {
            out.write_all(key.as_bytes())?;
            match cell {
                Cell::Null => out.write_all(b"null")?,
                Cell::Text(text) => serde_json::to_writer(&mut *out, text).map_err(io::Error::from)?,
                Cell::Integer(value) => write!(out, "{value}")?,
                Cell::Float(value) => serde_json::to_writer(&mut *out, value).map_err(io::Error::from)?,
                Cell::Decimal(text) => out.write_all(without_leading_zeros(text).as_bytes())?,
                Cell::Boolean(value) => write!(out, "{value}")?,
                Cell::Date(date) => {
                    field.clear();
                    push_date(field, *date);
                    write!(out, "\"{field}\"")?;
                }
                Cell::Timestamp(time) => {
                    field.clear();
                    push_timestamp(field, *time);
                    write!(out, "\"{field}\"")?;
                }
            }
        }
        out.write_all(b"}\n")?;
        Ok(())
    }

    fn end_table(&mut self, _: &Table) -> Result<(), ReportError> {
        Ok(())
    }

    fn losses(&mut self) -> Result<Losses, ReportError> {
        Ok(Losses::default())
    }
}

/// JSON has no `007`.
fn without_leading_zeros(text: &str) -> std::borrow::Cow<'_, str> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let whole = digits.find('.').unwrap_or(digits.len());
    let zeros = digits[..whole - 1].bytes().take_while(|digit| *digit == b'0').count();
    if zeros == 0 { text.into() } else { format!("{sign}{}", &digits[zeros..]).into() }
}
