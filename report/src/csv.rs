//! Comma-separated values by RFC 4180: UTF-8, CRLF, a header of column ids, quotes where they are needed.
//!
//! For programs: ISO 8601 in UTC, dot decimals, milliseconds, bytes, fractions. Null is an empty field, as is empty text.
//! There is no place for a notice: a comment would be taken for data.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use csv::{Terminator, WriterBuilder};

use crate::error::ReportError;
use crate::locale::Label;
use crate::machine::{push_date, push_timestamp};
use crate::model::{Cell, Chart, Column, Figure, Meta, Table};
use crate::words::Losses;
use crate::writer::{Sink, Tally};

const BUFFER: usize = 64 * 1024;

pub(crate) struct CsvSink<W: Write> {
    out: csv::Writer<Tally<W>>,
    field: String,
}

impl<W: Write> CsvSink<W> {
    pub fn new(meta: &Meta, mut out: Tally<W>) -> Result<Self, ReportError> {
        if meta.byte_order_mark {
            out.write_all("\u{feff}".as_bytes())?;
        }
        let out = WriterBuilder::new().terminator(Terminator::CRLF).buffer_capacity(BUFFER).from_writer(out);
        Ok(Self { out, field: String::new() })
    }

    pub fn finish(self) -> Result<Tally<W>, ReportError> {
        self.out.into_inner().map_err(|error| ReportError::Io(error.into_error()))
    }
}

impl<W: Write> Sink for CsvSink<W> {
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
        for column in &table.columns {
            self.out.write_field(without_formula(&column.id).as_ref()).map_err(io)?;
        }
        self.out.write_record(None::<&[u8]>).map_err(io)
    }

    fn row(&mut self, _: &[Column], cells: &[Cell<'_>]) -> Result<(), ReportError> {
        for cell in cells {
            self.field.clear();
            let field = match cell {
                Cell::Null => "",
                Cell::Text(text) => {
                    match without_formula(text) {
                        Cow::Borrowed(text) => self.out.write_field(text).map_err(io)?,
                        Cow::Owned(text) => self.out.write_field(text).map_err(io)?,
                    }
                    continue;
                }
                Cell::Decimal(text) => text.as_ref(),
                Cell::Boolean(value) => ["false", "true"][usize::from(*value)],
                Cell::Integer(value) => {
                    let _ = write!(self.field, "{value}");
                    &self.field
                }
                Cell::Float(value) => {
                    let _ = write!(self.field, "{value}");
                    &self.field
                }
                Cell::Date(date) => {
                    push_date(&mut self.field, *date);
                    &self.field
                }
                Cell::Timestamp(time) => {
                    push_timestamp(&mut self.field, *time);
                    &self.field
                }
            };
            self.out.write_field(field).map_err(io)?;
        }
        self.out.write_record(None::<&[u8]>).map_err(io)
    }

    fn end_table(&mut self, _: &Table) -> Result<(), ReportError> {
        Ok(())
    }

    fn losses(&mut self) -> Result<Losses, ReportError> {
        Ok(Losses::default())
    }
}

fn io(error: csv::Error) -> ReportError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => ReportError::Io(error),
        other => ReportError::Io(io::Error::other(format!("{other:?}"))),
    }
}

/// Text that a spreadsheet takes for text: an apostrophe before what would begin a formula.
///
/// The beginnings are those that OWASP lists for CSV injection, and the full-width forms that some spreadsheets fold. Text
/// that begins with apostrophes and then one of them gets one more, so that taking one off gives back what was there.
/// Numbers are no text: they keep their minus.
pub(crate) fn without_formula(text: &str) -> Cow<'_, str> {
    let is_formula = |c| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠');
    if text.trim_start_matches('\'').starts_with(is_formula) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}
