//! The first sheet: what the report is, its notices, figures and charts, and where its tables stand.

use rust_xlsxwriter::{Color, Format, Url, Workbook, Worksheet};

use super::chart::{DATA_COLUMNS, insert};
use super::value::{cut, format_of, write_cell};
use crate::error::ReportError;
use crate::locale::Label;
use crate::model::{Align, Chart, Figure, Meta};
use crate::show::Show;
use crate::words::{Losses, News, change, facts};

/// What stands on the first sheet, in the order of the report.
pub enum Block {
    Figures(Label, Vec<Figure>),
    Chart(Chart),
    Text(Label),
    /// A title, a note, and the sheets.
    Table(Label, Option<Label>, Vec<String>),
}

const GOOD: Color = Color::RGB(0x001B_7F4B);
const BAD: Color = Color::RGB(0x00B4_2318);

pub fn write(
    book: &mut Workbook,
    meta: &Meta,
    show: Show,
    notices: &[String],
    blocks: &[Block],
) -> Result<(), ReportError> {
    let charts: Vec<&Chart> =
        blocks.iter().filter_map(|block| if let Block::Chart(chart) = block { Some(chart) } else { None }).collect();
    let data = (!charts.is_empty()).then(|| show.locale.pick("Chart data", "Data grafik"));
    if let Some(name) = data {
        super::chart::write_data(book.add_worksheet().set_name(name)?, &charts, show)?;
    }
    let sheet = book.worksheet_from_index(0)?;
    sheet.set_column_width(0, 34)?.set_column_width(1, 24)?.set_column_width(2, 34)?;
    sheet.set_screen_gridlines(false);
    let mut row = head(sheet, meta, show, notices)?;
    let mut column = 0;
    for block in blocks {
        row += 1;
        match block {
            Block::Figures(title, values) => row = figures(sheet, row, title, values, show)?,
            Block::Chart(chart) => {
                row = insert(sheet, row, chart, data.unwrap_or_default(), column, show)?;
                column += DATA_COLUMNS;
            }
            Block::Text(text) => {
                put(sheet, (row, 0), text.get(show.locale), &Format::new())?;
                row += 1;
            }
            Block::Table(title, note, sheets) => {
                put(sheet, (row, 0), title.get(show.locale), &heading())?;
                for (index, name) in (0..).zip(sheets) {
                    let link = Url::new(format!("internal:'{name}'!A1")).set_text(name);
                    sheet.write_url(row + index, 1, link)?;
                }
                if let Some(note) = note {
                    put(sheet, (row, 2), note.get(show.locale), &Format::new())?;
                }
                row += u32::try_from(sheets.len()).unwrap_or(1);
            }
        }
    }
    Ok(())
}

/// Text of the report itself, as much of it as a cell holds.
fn put(sheet: &mut Worksheet, (row, column): (u32, u16), text: &str, format: &Format) -> Result<(), ReportError> {
    sheet.write_string_with_format(row, column, cut(text, super::MOST_CHARACTERS).0, format)?;
    Ok(())
}

fn heading() -> Format {
    Format::new().set_bold()
}

fn head(sheet: &mut Worksheet, meta: &Meta, show: Show, notices: &[String]) -> Result<u32, ReportError> {
    let title = Format::new().set_bold().set_font_size(18);
    put(sheet, (0, 0), meta.title.get(show.locale), &title)?;
    let mut row = 1;
    if let Some(subtitle) = &meta.subtitle {
        put(sheet, (row, 0), subtitle.get(show.locale), &Format::new())?;
        row += 1;
    }
    let warning = Format::new().set_bold().set_font_color(BAD);
    for notice in notices {
        sheet.write_string_with_format(row, 0, notice, &warning)?;
        row += 1;
    }
    row += 1;
    for (name, value) in facts(show, meta) {
        put(sheet, (row, 0), &name, &Format::new().set_font_color(Color::RGB(0x0059_6573)))?;
        put(sheet, (row, 1), &value, &Format::new())?;
        row += 1;
    }
    Ok(row)
}

fn figures(
    sheet: &mut Worksheet,
    mut row: u32,
    title: &Label,
    figures: &[Figure],
    show: Show,
) -> Result<u32, ReportError> {
    put(sheet, (row, 0), title.get(show.locale), &heading())?;
    row += 1;
    for figure in figures {
        put(sheet, (row, 0), figure.label.get(show.locale), &Format::new())?;
        write_cell(sheet, (row, 1), &figure.value, figure.kind, show, &mut Losses::default())?;
        sheet.set_cell_format(row, 1, &format_of(figure.kind, Align::Start, show.locale).set_bold())?;
        if let Some((text, news)) = change(show, figure) {
            let format = match news {
                News::Good => Format::new().set_font_color(GOOD),
                News::Bad => Format::new().set_font_color(BAD),
                News::Neither => Format::new(),
            };
            sheet.write_string_with_format(row, 2, &text, &format)?;
        }
        row += 1;
    }
    Ok(row)
}
