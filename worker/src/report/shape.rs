//! What stands around the rows of a report: titles, columns, of when, of what.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use gotong_report::{Column, ColumnType, Format, Label, Locale, Meta, Table};
use gotong_shared::{
    db::models::Report,
    reports::{
        ReportFormat,
        data_sets::{ColumnKind, DataSet},
        definitions::Definition,
    },
};
use serde_json::Value;

/// What a report is made of.
pub enum Source {
    /// One of the platform's data sets.
    Set(&'static DataSet),
    /// A workspace's own query.
    Definition(Box<Definition>),
}

impl Source {
    /// What people call it.
    #[must_use]
    pub fn title(&self) -> Label {
        match self {
            Self::Set(set) => Label::new(set.title[0], set.title[1]),
            Self::Definition(definition) => Label::same(&definition.definition.name),
        }
    }

    /// Its name, and which version of it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Set(set) => set.name.to_owned(),
            Self::Definition(definition) => {
                format!("{}, version {}", definition.definition.name, definition.version.version)
            }
        }
    }

    /// Its one table.
    #[must_use]
    pub fn table(&self, title: Label) -> Table {
        let columns = match self {
            Self::Set(set) => {
                let column = |each: &gotong_shared::reports::data_sets::DataColumn| {
                    Column::new(each.name, Label::new(each.title[0], each.title[1]), column_type(each.kind))
                };
                set.columns.iter().map(column).collect()
            }
            Self::Definition(definition) => {
                let columns = definition.columns().into_iter();
                let column = |each: gotong_shared::reports::source::QueryColumn| {
                    let kind = column_type(ColumnKind::of_type(&each.kind));
                    Column::new(each.name.clone(), Label::same(each.name), kind)
                };
                columns.map(column).collect()
            }
        };
        Table::new(self.id(), title, columns)
    }

    fn id(&self) -> &str {
        match self {
            Self::Set(set) => set.name,
            Self::Definition(_) => "report",
        }
    }
}

/// What a report says of itself. A range that is over is dated by its end, not by when it was read: so the same data give
/// the same bytes.
#[must_use]
pub fn meta(report: &Report, source: &Source, snapshot_at: DateTime<Utc>) -> Meta {
    let title = report.title.as_ref().map_or_else(|| source.title(), Label::same);
    Meta {
        range: Some((report.range_from, report.range_to)),
        source: source.name(),
        parameters: parameters(report),
        locale: locale(report),
        time_zone: zone(report),
        row_limit: u64::try_from(report.row_limit).unwrap_or_default(),
        ..Meta::new(title, dated(report, snapshot_at))
    }
}

/// Of when a file says that it is.
#[must_use]
pub fn dated(report: &Report, snapshot_at: DateTime<Utc>) -> DateTime<Utc> {
    snapshot_at.min(report.range_to)
}

fn parameters(report: &Report) -> Vec<(Label, String)> {
    let values = report.parameters.as_object().into_iter().flatten();
    let given = values.filter(|(_, value)| !value.is_null());
    let shown = given.map(|(name, value)| {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
            other => other.to_string(),
        };
        (Label::same(name), text)
    });
    shown.collect()
}

/// The language of a report.
#[must_use]
pub fn locale(report: &Report) -> Locale {
    report.locale.parse().unwrap_or(Locale::En)
}

/// The zone of a report.
#[must_use]
pub fn zone(report: &Report) -> Tz {
    report.zone.parse().unwrap_or(Tz::UTC)
}

/// The format as the formatter has it.
#[must_use]
pub fn format(format: ReportFormat) -> Format {
    match format {
        ReportFormat::Csv => Format::Csv,
        ReportFormat::Jsonl => Format::JsonLines,
        ReportFormat::Xlsx => Format::Xlsx,
        ReportFormat::Html => Format::Html,
        ReportFormat::Pdf => Format::Pdf,
    }
}

fn column_type(kind: ColumnKind) -> ColumnType {
    match kind {
        ColumnKind::Text => ColumnType::Text,
        ColumnKind::Integer => ColumnType::Integer,
        ColumnKind::Decimal => ColumnType::Decimal { places: None },
        ColumnKind::Boolean => ColumnType::Boolean,
        ColumnKind::Date => ColumnType::Date,
        ColumnKind::Timestamp => ColumnType::Timestamp,
        ColumnKind::Duration => ColumnType::Duration,
        ColumnKind::Bytes => ColumnType::Bytes,
        ColumnKind::Percentage => ColumnType::Percentage,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_api_says_of_a_format_is_what_the_formatter_does() {
        for each in ReportFormat::ALL {
            let formatter = format(each);
            assert_eq!(formatter.as_str(), each.as_str());
            assert_eq!(formatter.media_type(), each.media_type());
            assert_eq!(formatter.holds_document(), each.holds_document());
            assert!(formatter.max_rows() >= u64::from(each.most_rows()), "{}", each.as_str());
        }
    }
}
