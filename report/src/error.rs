//! Why a report was not written.

use std::io;

use crate::Format;

/// Why a report was not written. What was already handed to the output is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The output, or a temporary file, refused: a closed pipe, a full disk.
    #[error("cannot write the report: {0}")]
    Io(#[from] io::Error),
    /// A CSV or JSON lines file without its table.
    #[error("{0} holds exactly one table; the report has none")]
    NoTable(Format),
    /// A table without columns.
    #[error("the table `{table}` has no columns")]
    NoColumns {
        /// The table's id.
        table: String,
    },
    /// More columns than the format holds.
    #[error("{format} holds at most {limit} columns in a table; this one has {found}: choose fewer, or another format")]
    TooManyColumns {
        /// The format.
        format: Format,
        /// How many the table has.
        found: usize,
        /// How many it may have.
        limit: usize,
    },
    /// Two columns with one id.
    #[error("two columns are named `{column}`")]
    DuplicateColumn {
        /// The id.
        column: String,
    },
    /// A row with more or fewer cells than the table has columns.
    #[error("row {row} has {found} cells for {expected} columns")]
    RowWidth {
        /// The row's number, from 1.
        row: u64,
        /// How many cells it has.
        found: usize,
        /// How many columns there are.
        expected: usize,
    },
    /// A cell that its column does not take.
    #[error("row {row}, column `{column}`: a {found} where a {expected} belongs")]
    CellType {
        /// The row's number, from 1.
        row: u64,
        /// The column's id.
        column: String,
        /// The type that the column takes.
        expected: &'static str,
        /// The type of the cell.
        found: &'static str,
    },
    /// NaN, infinity, or text that is no decimal number.
    #[error("row {row}, column `{column}`: `{value}` is no number that a report can show")]
    BadNumber {
        /// The row's number, from 1.
        row: u64,
        /// The column's id.
        column: String,
        /// What stood there.
        value: String,
    },
    /// A chart that cannot be drawn.
    #[error("the chart `{chart}` cannot be drawn: {reason}")]
    BadChart {
        /// Its English title.
        chart: String,
        /// Why.
        reason: &'static str,
    },
    /// A second table where one is the rule.
    #[error("{0} holds exactly one table; take xlsx, html or pdf for several")]
    OneTable(Format),
    /// Calls in an order that makes no report.
    #[error("{0}")]
    Order(&'static str),
    /// The workbook could not be made.
    #[error("cannot write the workbook: {0}")]
    Xlsx(String),
    /// The PDF could not be made.
    #[error("cannot write the PDF: {0}")]
    Pdf(String),
}
