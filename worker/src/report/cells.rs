//! A row of PostgreSQL as cells.

use chrono::{DateTime, NaiveDate, Utc};
use gotong_report::Cell;
use gotong_shared::reports::{data_sets::ColumnKind, source::SourceError};
use tokio_postgres::{
    Row,
    types::{FromSql, Type},
};

/// The cells of a row, which borrow from it.
///
/// # Errors
/// [`SourceError::Refused`] when a column is of another type than its kind is read as.
pub fn cells<'a>(row: &'a Row, kinds: &[ColumnKind]) -> Result<Vec<Cell<'a>>, SourceError> {
    kinds.iter().enumerate().map(|(place, kind)| cell(row, place, *kind)).collect()
}

fn cell(row: &Row, place: usize, kind: ColumnKind) -> Result<Cell<'_>, SourceError> {
    Ok(match kind {
        ColumnKind::Text => get::<&str>(row, place)?.map_or(Cell::Null, |text| Cell::Text(text.into())),
        ColumnKind::Integer | ColumnKind::Duration | ColumnKind::Bytes => {
            get::<i64>(row, place)?.map_or(Cell::Null, Cell::Integer)
        }
        ColumnKind::Decimal | ColumnKind::Percentage if *row.columns()[place].type_() == Type::FLOAT8 => {
            get::<f64>(row, place)?.filter(|number| number.is_finite()).map_or(Cell::Null, Cell::Float)
        }
        ColumnKind::Decimal | ColumnKind::Percentage => {
            // NaN and the infinities are no number that a table can show.
            let is_number = |text: &&str| !text.contains(|c: char| c.is_ascii_alphabetic());
            get::<&str>(row, place)?.filter(is_number).map_or(Cell::Null, |text| Cell::Decimal(text.into()))
        }
        ColumnKind::Boolean => get::<bool>(row, place)?.map_or(Cell::Null, Cell::Boolean),
        ColumnKind::Date => get::<NaiveDate>(row, place)?.map_or(Cell::Null, Cell::Date),
        ColumnKind::Timestamp => get::<DateTime<Utc>>(row, place)?.map_or(Cell::Null, Cell::Timestamp),
    })
}

fn get<'a, T: FromSql<'a>>(row: &'a Row, place: usize) -> Result<Option<T>, SourceError> {
    row.try_get(place).map_err(|error| {
        let name = row.columns().get(place).map_or("?", |column| column.name());
        SourceError::Refused(format!("the column {name:?} cannot be read: {error}"))
    })
}
