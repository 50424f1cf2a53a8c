//! The kinds of file, and what each can hold.

use std::fmt;
use std::str::FromStr;

/// A kind of file that a report can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// RFC 4180: one table, for programs. Streamed.
    Csv,
    /// One JSON object per line and row: one table, for programs. Streamed.
    JsonLines,
    /// A workbook with typed cells and native charts.
    Xlsx,
    /// One self-contained page that loads nothing.
    Html,
    /// Pages of A4 with embedded fonts.
    Pdf,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 5] = [Self::Csv, Self::JsonLines, Self::Xlsx, Self::Html, Self::Pdf];

    /// The word on the wire, which is also the extension of the file's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
            Self::Xlsx => "xlsx",
            Self::Html => "html",
            Self::Pdf => "pdf",
        }
    }

    /// The media type for `Content-Type`.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::JsonLines => "application/jsonl",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Html => "text/html; charset=utf-8",
            Self::Pdf => "application/pdf",
        }
    }

    /// How many rows all tables of one file have together, at most.
    ///
    /// A page that a person scrolls or prints is no place for a data set: those who want all rows take CSV, JSON lines or
    /// XLSX. A workbook continues on another sheet after 1,048,575 rows.
    #[must_use]
    pub fn max_rows(self) -> u64 {
        match self {
            Self::Csv | Self::JsonLines => u64::MAX,
            Self::Xlsx => 2_000_000,
            Self::Html => 20_000,
            Self::Pdf => 10_000,
        }
    }

    /// How many columns a table has, at most.
    #[must_use]
    pub fn max_columns(self) -> usize {
        match self {
            Self::Csv | Self::JsonLines | Self::Xlsx => 1_024,
            Self::Html => 64,
            Self::Pdf => 16,
        }
    }

    /// Whether a file holds figures, charts and several tables; otherwise it is exactly one table.
    #[must_use]
    pub fn holds_document(self) -> bool {
        !matches!(self, Self::Csv | Self::JsonLines)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A word that names no format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no format: take csv, jsonl, xlsx, html or pdf")]
pub struct UnknownFormat(pub String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(word: &str) -> Result<Self, UnknownFormat> {
        Self::ALL.into_iter().find(|format| format.as_str() == word).ok_or_else(|| UnknownFormat(word.to_owned()))
    }
}
