//! What a report is made of, apart from the form it takes.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::locale::{Label, Locale};

/// What a report says of itself.
#[derive(Clone, Debug)]
pub struct Meta {
    /// Its name, in the largest letters.
    pub title: Label,
    /// One line under the title.
    pub subtitle: Option<Label>,
    /// The time that it covers: from the first until before the second.
    pub range: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// When its data were read. Every date inside a file is this one, so that the same data give the same bytes.
    pub snapshot_at: DateTime<Utc>,
    /// Where the data come from, such as `jobs` or `definition orders, version 3`.
    pub source: String,
    /// What was asked for, as shown to its reader.
    pub parameters: Vec<(Label, String)>,
    /// The language, and the form of numbers and dates, where people read them.
    pub locale: Locale,
    /// The zone in which times are shown.
    pub time_zone: Tz,
    /// How many rows all tables have together, at most; [`Format::max_rows`](crate::Format::max_rows) holds besides.
    pub row_limit: u64,
    /// Whether CSV begins with a byte order mark, which makes Excel read it as UTF-8.
    pub byte_order_mark: bool,
}

impl Meta {
    /// A report in English and UTC, without limits of its own.
    #[must_use]
    pub fn new(title: Label, snapshot_at: DateTime<Utc>) -> Self {
        Self {
            title,
            subtitle: None,
            range: None,
            snapshot_at,
            source: String::new(),
            parameters: Vec::new(),
            locale: Locale::En,
            time_zone: Tz::UTC,
            row_limit: u64::MAX,
            byte_order_mark: false,
        }
    }
}

/// What the cells of a column mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// Any text.
    Text,
    /// A whole number.
    Integer,
    /// A number with a fraction.
    Decimal {
        /// How many places people see; without it, those that the number has. Formats for programs always have all.
        places: Option<u8>,
    },
    /// Yes or no.
    Boolean,
    /// A day.
    Date,
    /// A moment.
    Timestamp,
    /// Milliseconds.
    Duration,
    /// A size in bytes.
    Bytes,
    /// A fraction: 0.125 is 12.5 %.
    Percentage,
}

impl ColumnType {
    /// Its name in an error.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Decimal { .. } => "decimal",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Duration => "duration",
            Self::Bytes => "bytes",
            Self::Percentage => "percentage",
        }
    }

    fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Decimal { .. } | Self::Duration | Self::Bytes | Self::Percentage)
    }
}

/// The edge to which a column keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Where reading starts.
    Start,
    /// The middle.
    Center,
    /// Where reading ends, as for numbers.
    End,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its key in JSON lines and its header in CSV.
    pub id: String,
    /// Its header where people read it.
    pub label: Label,
    /// What its cells mean.
    pub kind: ColumnType,
    /// The edge to which it keeps.
    pub align: Align,
}

impl Column {
    /// A column with numbers at the end and all else at the start.
    #[must_use]
    pub fn new(id: impl Into<String>, label: Label, kind: ColumnType) -> Self {
        let align = if kind.is_number() { Align::End } else { Align::Start };
        Self { id: id.into(), label, kind, align }
    }
}

/// A table without its rows.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its name for programs.
    pub id: String,
    /// Its name for people: a heading, the name of a sheet.
    pub title: Label,
    /// A sentence under the heading.
    pub note: Option<Label>,
    /// At least one.
    pub columns: Vec<Column>,
}

impl Table {
    /// A table without a note.
    #[must_use]
    pub fn new(id: impl Into<String>, title: Label, columns: Vec<Column>) -> Self {
        Self { id: id.into(), title, note: None, columns }
    }
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// None.
    Null,
    /// Text.
    Text(Cow<'a, str>),
    /// A whole number; milliseconds in a column of durations, bytes in one of sizes.
    Integer(i64),
    /// A finite number.
    Float(f64),
    /// An exact number as PostgreSQL prints a `numeric`: `-?digits[.digits]`.
    Decimal(Cow<'a, str>),
    /// Yes or no.
    Boolean(bool),
    /// A day.
    Date(NaiveDate),
    /// A moment.
    Timestamp(DateTime<Utc>),
}

impl Cell<'_> {
    /// Its name in an error.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Text(_) => "text",
            Self::Integer(_) => "integer",
            Self::Float(_) => "float",
            Self::Decimal(_) => "decimal",
            Self::Boolean(_) => "boolean",
            Self::Date(_) => "date",
            Self::Timestamp(_) => "timestamp",
        }
    }

    /// Whether a column of this type takes it.
    pub(crate) fn fits(&self, kind: ColumnType) -> bool {
        match self {
            Self::Null => true,
            Self::Text(_) => kind == ColumnType::Text,
            Self::Integer(_) => kind.is_number(),
            Self::Float(_) | Self::Decimal(_) => matches!(kind, ColumnType::Decimal { .. } | ColumnType::Percentage),
            Self::Boolean(_) => kind == ColumnType::Boolean,
            Self::Date(_) => kind == ColumnType::Date,
            Self::Timestamp(_) => kind == ColumnType::Timestamp,
        }
    }

    /// The number in it, as near as a float comes.
    #[expect(clippy::cast_precision_loss, reason = "a change in percent needs no more than 53 bits")]
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Integer(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            Self::Decimal(value) => value.parse().ok(),
            _ => None,
        }
    }
}

macro_rules! from {
    ($($type:ty => $variant:ident),*) => {
        $(impl From<$type> for Cell<'_> {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        })*
    };
}

from!(i64 => Integer, i32 => Integer, u32 => Integer, f64 => Float, bool => Boolean, NaiveDate => Date, DateTime<Utc> => Timestamp, String => Text);

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Which direction of a figure is good news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// Neither.
    Neither,
}

/// A number in large letters, with its change.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What it counts.
    pub label: Label,
    /// What the value means.
    pub kind: ColumnType,
    /// The value now.
    pub value: Cell<'static>,
    /// The value in the time before; without it, no change is shown.
    pub before: Option<Cell<'static>>,
    /// Which change is good news.
    pub better: Better,
}

/// The form of a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChartKind {
    /// Lines, for what changes over time.
    Line,
    /// Bars side by side.
    Bar,
    /// Bars on top of each other, for parts of a whole.
    StackedBar,
}

/// What a chart's horizontal axis names.
#[derive(Clone, Debug)]
pub enum Axis {
    /// Days.
    Dates(Vec<NaiveDate>),
    /// Names.
    Labels(Vec<Label>),
}

impl Axis {
    /// How many points it has.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Dates(dates) => dates.len(),
            Self::Labels(labels) => labels.len(),
        }
    }
}

/// What a series stands for, which gives its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// The next colour that no other series has.
    Plain,
    /// Success.
    Good,
    /// Failure.
    Bad,
    /// What is of less interest.
    Muted,
}

/// The values of one line, or of one colour of bars.
#[derive(Clone, Debug)]
pub struct Series {
    /// Its name in the legend.
    pub label: Label,
    /// One value per point of the axis; none leaves a gap.
    pub values: Vec<Option<f64>>,
    /// Its colour.
    pub tone: Tone,
}

impl Series {
    /// A series in the next colour.
    #[must_use]
    pub fn new(label: Label, values: Vec<Option<f64>>) -> Self {
        Self { label, values, tone: Tone::Plain }
    }

    /// The same with another tone.
    #[must_use]
    pub fn tone(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }
}

/// A drawing of numbers.
#[derive(Clone, Debug)]
pub struct Chart {
    /// What it shows.
    pub title: Label,
    /// Its form.
    pub kind: ChartKind,
    /// At least one point, at most 400.
    pub axis: Axis,
    /// What the values mean: a number, a duration, bytes or a percentage. Bars do not go below zero.
    pub value: ColumnType,
    /// At least one, at most eight.
    pub series: Vec<Series>,
}
