//! Charts as Excel draws them itself, over a sheet that holds their numbers.

use rust_xlsxwriter::{
    Chart as ExcelChart, ChartFormat, ChartLegendPosition, ChartLine, ChartSolidFill, ChartType, Color, Format,
    Worksheet,
};

use super::value::format_of;
use crate::chart::palette;
use crate::error::ReportError;
use crate::model::{Align, Axis, Chart, ChartKind, ColumnType};
use crate::show::Show;

/// How many columns one chart's numbers take on their sheet: a name, up to eight series, a gap.
pub const DATA_COLUMNS: u16 = 10;
const HEIGHT_ROWS: u32 = 16;

/// Writes the numbers of all charts side by side: the title, the names of the series, a row per point.
pub fn write_data(sheet: &mut Worksheet, charts: &[&Chart], show: Show) -> Result<(), ReportError> {
    let bold = Format::new().set_bold();
    for (chart, first) in charts.iter().zip((0..).step_by(usize::from(DATA_COLUMNS))) {
        sheet.write_string_with_format(0, first, chart.title.get(show.locale), &bold)?;
        let format = format_of(chart.value, Align::End, show.locale);
        for (column, series) in (first + 1..).zip(&chart.series) {
            sheet.write_string_with_format(1, column, series.label.get(show.locale), &bold)?;
            for (row, value) in (2..).zip(&series.values) {
                if let Some(value) = value {
                    sheet.write_number_with_format(row, column, scaled(*value, chart.value), &format)?;
                }
            }
        }
        match &chart.axis {
            Axis::Dates(dates) => {
                for (row, date) in (2..).zip(dates) {
                    sheet.write_string(row, first, show.short_date(*date))?;
                }
            }
            Axis::Labels(labels) => {
                for (row, label) in (2..).zip(labels) {
                    sheet.write_string(row, first, label.get(show.locale))?;
                }
            }
        }
    }
    Ok(())
}

/// Excel's times are days.
fn scaled(value: f64, kind: ColumnType) -> f64 {
    if kind == ColumnType::Duration { value / 86_400_000.0 } else { value }
}

/// Puts a chart over the rows from `row` on; the answer is the first row below it.
pub fn insert(
    sheet: &mut Worksheet,
    row: u32,
    chart: &Chart,
    data: &str,
    first: u16,
    show: Show,
) -> Result<u32, ReportError> {
    let mut drawn = ExcelChart::new(match chart.kind {
        ChartKind::Line => ChartType::Line,
        ChartKind::Bar => ChartType::Column,
        ChartKind::StackedBar => ChartType::ColumnStacked,
    });
    let last = u32::try_from(chart.axis.len()).unwrap_or(u32::MAX).saturating_add(1);
    for ((column, series), color) in (first + 1..).zip(&chart.series).zip(palette(&chart.series)) {
        let color = Color::RGB(color);
        let format = match chart.kind {
            ChartKind::Line => ChartFormat::new().set_line(ChartLine::new().set_color(color).set_width(2)).clone(),
            _ => ChartFormat::new().set_solid_fill(ChartSolidFill::new().set_color(color)).clone(),
        };
        drawn
            .add_series()
            .set_name(series.label.get(show.locale))
            .set_categories((data, 2, first, last, first))
            .set_values((data, 2, column, last, column))
            .set_format(&mut format.clone());
    }
    drawn.title().set_name(chart.title.get(show.locale));
    drawn.title().set_font(rust_xlsxwriter::ChartFont::new().set_bold().set_size(11));
    drawn.legend().set_position(ChartLegendPosition::Bottom);
    drawn.y_axis().set_num_format(axis_format(chart.value));
    drawn.set_width(690).set_height(HEIGHT_ROWS * 20 - 20);
    sheet.insert_chart(row, 0, &drawn)?;
    Ok(row + HEIGHT_ROWS)
}

fn axis_format(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Duration => "[h]:mm:ss.0",
        ColumnType::Percentage => "0%",
        ColumnType::Bytes | ColumnType::Integer => "#,##0",
        _ => "General",
    }
}
