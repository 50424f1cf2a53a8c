#![doc = include_str!("../README.md")]

mod chart;
mod csv;
mod error;
mod format;
mod html;
mod json_lines;
mod locale;
mod machine;
mod model;
mod pdf;
mod show;
pub mod weekly;
mod words;
mod writer;
mod xlsx;

pub use error::ReportError;
pub use format::{Format, UnknownFormat};
pub use locale::{Label, Locale, UnknownLocale};
pub use model::{Align, Axis, Better, Cell, Chart, ChartKind, Column, ColumnType, Figure, Meta, Series, Table, Tone};
pub use words::truncation_notice;
pub use writer::{Taken, Writer, Written};
