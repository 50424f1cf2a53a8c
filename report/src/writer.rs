//! The front of every format: checks what comes in, counts, hashes, and keeps to the limit of rows.

use std::collections::HashSet;
use std::io::{self, Write};

use sha2::{Digest, Sha256};

use crate::csv::CsvSink;
use crate::error::ReportError;
use crate::format::Format;
use crate::html::HtmlSink;
use crate::json_lines::JsonLinesSink;
use crate::locale::Label;
use crate::model::{Axis, Cell, Chart, ChartKind, Column, ColumnType, Figure, Meta, Table};
use crate::pdf::PdfSink;
use crate::words::{Losses, notices};
use crate::xlsx::XlsxSink;

const MOST_POINTS: usize = 400;
const MOST_SERIES: usize = 8;

/// Where a format puts what it is given; everything was checked before.
pub(crate) trait Sink {
    fn figures(&mut self, title: &Label, figures: &[Figure]) -> Result<(), ReportError>;
    fn chart(&mut self, chart: &Chart) -> Result<(), ReportError>;
    fn text(&mut self, text: &Label) -> Result<(), ReportError>;
    fn begin_table(&mut self, table: &Table) -> Result<(), ReportError>;
    fn row(&mut self, columns: &[Column], cells: &[Cell<'_>]) -> Result<(), ReportError>;
    fn end_table(&mut self, table: &Table) -> Result<(), ReportError>;
    /// Whether it has no room for another row, whatever the limits say.
    fn is_full(&self) -> bool {
        false
    }
    /// What could not be shown as it is. Complete only when nothing more is written.
    fn losses(&mut self) -> Result<Losses, ReportError>;
}

enum Kind<W: Write + Send> {
    Csv(CsvSink<W>),
    JsonLines(JsonLinesSink<W>),
    Xlsx(Box<XlsxSink<W>>),
    Html(HtmlSink<W>),
    Pdf(PdfSink<W>),
}

impl<W: Write + Send> Kind<W> {
    fn sink(&mut self) -> &mut dyn Sink {
        match self {
            Self::Csv(sink) => sink,
            Self::JsonLines(sink) => sink,
            Self::Xlsx(sink) => sink.as_mut(),
            Self::Html(sink) => sink,
            Self::Pdf(sink) => sink,
        }
    }

    fn finish(self, notices: &[String]) -> Result<Tally<W>, ReportError> {
        match self {
            Self::Csv(sink) => sink.finish(),
            Self::JsonLines(sink) => sink.finish(),
            Self::Xlsx(sink) => sink.finish(notices),
            Self::Html(sink) => sink.finish(notices),
            Self::Pdf(sink) => sink.finish(notices),
        }
    }
}

/// Writes one report in one format. What is called makes up the report, in that order.
pub struct Writer<W: Write + Send> {
    format: Format,
    meta: Meta,
    kind: Kind<W>,
    table: Option<Table>,
    tables: usize,
    limit: u64,
    rows: u64,
    is_truncated: bool,
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a row over the limit was not written, and no later one will be"]
pub enum Taken {
    /// It is in the report.
    Kept,
    /// The report had reached its limit and says so. Stop reading.
    OverLimit,
}

/// A whole report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The rows of all tables together.
    pub rows: u64,
    /// The size of the file.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: [u8; 32],
    /// The limit that it reached, if there were more rows.
    pub truncated: Option<u64>,
    /// What its reader must know, in the report's language; formats for people show it first.
    pub notices: Vec<String>,
}

impl<W: Write + Send> Writer<W> {
    /// Begins a report.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`] when the output or the folder for temporary files refuses.
    pub fn new(format: Format, meta: Meta, out: W) -> Result<Self, ReportError> {
        let out = Tally::new(out);
        let kind = match format {
            Format::Csv => Kind::Csv(CsvSink::new(&meta, out)?),
            Format::JsonLines => Kind::JsonLines(JsonLinesSink::new(out)),
            Format::Xlsx => Kind::Xlsx(Box::new(XlsxSink::new(&meta, out)?)),
            Format::Html => Kind::Html(HtmlSink::new(&meta, out)?),
            Format::Pdf => Kind::Pdf(PdfSink::new(&meta, out)?),
        };
        let limit = meta.row_limit.min(format.max_rows());
        Ok(Self { format, meta, kind, table: None, tables: 0, limit, rows: 0, is_truncated: false })
    }

    /// Adds numbers in large letters. CSV and JSON lines leave them out.
    ///
    /// # Errors
    ///
    /// A table is open, a value is of another type than its figure, or the output refused.
    pub fn figures(&mut self, title: &Label, figures: &[Figure]) -> Result<(), ReportError> {
        self.no_table_is_open()?;
        for figure in figures {
            for value in [Some(&figure.value), figure.before.as_ref()].into_iter().flatten() {
                check_cell(0, &figure.label.en, figure.kind, value)?;
            }
        }
        self.kind.sink().figures(title, figures)
    }

    /// Adds a chart. CSV and JSON lines leave it out.
    ///
    /// # Errors
    ///
    /// [`ReportError::BadChart`], a table is open, or the output refused.
    pub fn chart(&mut self, chart: &Chart) -> Result<(), ReportError> {
        self.no_table_is_open()?;
        check_chart(chart).map_err(|reason| ReportError::BadChart { chart: chart.title.en.clone(), reason })?;
        self.kind.sink().chart(chart)
    }

    /// Adds a paragraph. CSV and JSON lines leave it out.
    ///
    /// # Errors
    ///
    /// A table is open, or the output refused.
    pub fn text(&mut self, text: &Label) -> Result<(), ReportError> {
        self.no_table_is_open()?;
        self.kind.sink().text(text)
    }

    /// Begins a table; its rows follow.
    ///
    /// # Errors
    ///
    /// The table has no columns, too many, or two with one id; another is open; or CSV or JSON lines already has one.
    pub fn begin_table(&mut self, table: Table) -> Result<(), ReportError> {
        self.no_table_is_open()?;
        if self.tables > 0 && !self.format.holds_document() {
            return Err(ReportError::OneTable(self.format));
        }
        self.check_columns(&table)?;
        self.kind.sink().begin_table(&table)?;
        self.tables += 1;
        self.table = Some(table);
        Ok(())
    }

    /// Adds a row with one cell per column, unless the report has reached its limit.
    ///
    /// # Errors
    ///
    /// No table is open, a cell does not belong in its column, or the output refused.
    pub fn row(&mut self, cells: &[Cell<'_>]) -> Result<Taken, ReportError> {
        let Some(table) = &self.table else {
            return Err(ReportError::Order("a row belongs to a table, and none is open"));
        };
        if self.rows >= self.limit || self.is_truncated || self.kind.sink().is_full() {
            self.limit = self.rows;
            self.is_truncated = true;
            return Ok(Taken::OverLimit);
        }
        let (row, columns) = (self.rows + 1, &table.columns);
        if cells.len() != columns.len() {
            return Err(ReportError::RowWidth { row, found: cells.len(), expected: columns.len() });
        }
        for (column, cell) in columns.iter().zip(cells) {
            check_cell(row, &column.id, column.kind, cell)?;
        }
        self.kind.sink().row(columns, cells)?;
        self.rows = row;
        Ok(Taken::Kept)
    }

    /// Ends the table.
    ///
    /// # Errors
    ///
    /// No table is open, or the output refused.
    pub fn end_table(&mut self) -> Result<(), ReportError> {
        let table = self.table.take().ok_or(ReportError::Order("no table is open that could be ended"))?;
        self.kind.sink().end_table(&table)
    }

    /// How many rows are in the report so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Completes the file, flushes it, and gives the output back.
    ///
    /// # Errors
    ///
    /// A table is open, CSV or JSON lines has none, or the output refused.
    pub fn finish(mut self) -> Result<(Written, W), ReportError> {
        self.no_table_is_open()?;
        if self.tables == 0 && !self.format.holds_document() {
            return Err(ReportError::NoTable(self.format));
        }
        let truncated = self.is_truncated.then_some(self.limit);
        let losses = self.kind.sink().losses()?;
        let by_format = truncated.is_some_and(|limit| limit < self.meta.row_limit);
        let notices = notices(self.meta.locale, truncated, by_format, losses);
        let mut out = self.kind.finish(&notices)?;
        out.flush()?;
        let Tally { inner, hash, bytes } = out;
        Ok((Written { rows: self.rows, bytes, sha256: hash.finalize().into(), truncated, notices }, inner))
    }

    fn no_table_is_open(&self) -> Result<(), ReportError> {
        match self.table {
            None => Ok(()),
            Some(_) => Err(ReportError::Order("a table is open: end it first")),
        }
    }

    fn check_columns(&self, table: &Table) -> Result<(), ReportError> {
        let (format, found, limit) = (self.format, table.columns.len(), self.format.max_columns());
        if found == 0 {
            return Err(ReportError::NoColumns { table: table.id.clone() });
        }
        if found > limit {
            return Err(ReportError::TooManyColumns { format, found, limit });
        }
        let mut seen = HashSet::new();
        match table.columns.iter().find(|column| !seen.insert(column.id.as_str())) {
            Some(column) => Err(ReportError::DuplicateColumn { column: column.id.clone() }),
            None => Ok(()),
        }
    }
}

fn check_cell(row: u64, column: &str, kind: ColumnType, cell: &Cell<'_>) -> Result<(), ReportError> {
    if !cell.fits(kind) {
        return Err(ReportError::CellType {
            row,
            column: column.to_owned(),
            expected: kind.name(),
            found: cell.name(),
        });
    }
    let value = match cell {
        Cell::Float(value) if !value.is_finite() => value.to_string(),
        Cell::Decimal(text) if !is_decimal(text) => text.chars().take(100).collect(),
        _ => return Ok(()),
    };
    Err(ReportError::BadNumber { row, column: column.to_owned(), value })
}

/// `-?digits[.digits]`
fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, fraction].iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

fn check_chart(chart: &Chart) -> Result<(), &'static str> {
    let points = chart.axis.len();
    let values = || chart.series.iter().flat_map(|series| series.values.iter().flatten());
    if points == 0 || points > MOST_POINTS {
        return Err("it has no points, or more than 400");
    }
    if chart.series.is_empty() || chart.series.len() > MOST_SERIES {
        return Err("it has no series, or more than 8");
    }
    if chart.series.iter().any(|series| series.values.len() != points) {
        return Err("a series has more or fewer values than the axis has points");
    }
    if values().any(|value| !value.is_finite() || value.abs() > 1e15) {
        return Err("a value is not finite, or beyond 1e15");
    }
    if chart.kind != ChartKind::Line && values().any(|value| *value < 0.0) {
        return Err("a bar goes below zero");
    }
    match (&chart.axis, chart.value) {
        (_, ColumnType::Text | ColumnType::Boolean | ColumnType::Date | ColumnType::Timestamp) => {
            Err("its values are no numbers")
        }
        (Axis::Dates(dates), _) if !dates.is_sorted() => Err("its days are out of order"),
        _ => Ok(()),
    }
}

/// Counts and hashes what passes through to the output.
pub(crate) struct Tally<W> {
    inner: W,
    hash: Sha256,
    bytes: u64,
}

impl<W> Tally<W> {
    pub fn new(inner: W) -> Self {
        Self { inner, hash: Sha256::new(), bytes: 0 }
    }

    #[cfg(test)]
    pub fn into_inner(self) -> W {
        self.inner
    }
}

impl<W: Write> Write for Tally<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.inner.write(bytes)?;
        self.hash.update(&bytes[..taken]);
        self.bytes += taken as u64;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
