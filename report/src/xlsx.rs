//! Workbooks: a first sheet that says what this is, then a sheet per table with typed cells.
//!
//! Rows go to a temporary file as they come. The header of a table is its first row, frozen, with a filter. Times are cells
//! of date and time in the report's zone, durations and percentages are numbers with a format. What a spreadsheet would
//! change (whole numbers beyond 15 digits, exact decimals that a double does not hold, days before March 1900) is written
//! as text, and the first sheet says how many there are.

mod about;
mod chart;
mod value;

use std::io::{self, Write};

use rust_xlsxwriter::{DocProperties, Format, Workbook, Worksheet, XlsxError};

use crate::error::ReportError;
use crate::locale::Label;
use crate::model::{Cell, Chart, Column, Figure, Meta, Table};
use crate::show::Show;
use crate::words::Losses;
use crate::writer::{Sink, Tally};
use about::Block;
use value::{MOST_CHARACTERS, format_of, width_of, write_cell};

/// Excel's limit, with the header.
const ROWS_PER_SHEET: u32 = 1_048_576;
/// Excel's limit for the title of a workbook.
const MOST_IN_PROPERTY: usize = 255;
/// How many rows are measured for the widths of columns.
const MEASURED_ROWS: u32 = 1_000;
const WIDEST: usize = 60;

pub(crate) struct XlsxSink<W: Write + Send> {
    out: Tally<W>,
    book: Workbook,
    meta: Meta,
    show: Show,
    blocks: Vec<Block>,
    names: Vec<String>,
    /// The sheet of the open table.
    sheet: usize,
    table: Option<Table>,
    next_row: u32,
    parts: u32,
    widths: Vec<usize>,
    losses: Losses,
    rows_per_sheet: u32,
}

impl<W: Write + Send> XlsxSink<W> {
    pub fn new(meta: &Meta, out: Tally<W>) -> Result<Self, ReportError> {
        let show = Show { locale: meta.locale, zone: meta.time_zone };
        let mut book = Workbook::new();
        let properties = DocProperties::new()
            .set_title(value::cut(meta.title.get(meta.locale), MOST_IN_PROPERTY).0)
            .set_subject(value::cut(&meta.source, MOST_IN_PROPERTY).0)
            .set_creation_datetime(&meta.snapshot_at);
        book.set_properties(&properties);
        let about = show.locale.pick("About", "Tentang").to_owned();
        book.add_worksheet().set_name(&about)?;
        Ok(Self {
            out,
            book,
            meta: meta.clone(),
            show,
            blocks: Vec::new(),
            names: vec![about],
            sheet: 0,
            table: None,
            next_row: 0,
            parts: 0,
            widths: Vec::new(),
            losses: Losses { most: MOST_CHARACTERS, ..Losses::default() },
            rows_per_sheet: ROWS_PER_SHEET,
        })
    }

    pub fn finish(mut self, notices: &[String]) -> Result<Tally<W>, ReportError> {
        about::write(&mut self.book, &self.meta, self.show, notices, &self.blocks)?;
        let mut out = Refusal { out: self.out, error: None };
        let saved = self.book.save_to_writer(&mut out);
        match out.error {
            Some(error) => Err(ReportError::Io(error)),
            None => Ok(saved.map(|()| out.out)?),
        }
    }

    /// A sheet for the open table, with its header.
    fn add_sheet(&mut self, table: &Table) -> Result<(), ReportError> {
        let name = sheet_name(table.title.get(self.show.locale), &self.names);
        let sheet = self.book.add_worksheet_with_constant_memory()?;
        sheet.set_name(&name)?.set_freeze_panes(1, 0)?;
        for (index, column) in (0..).zip(&table.columns) {
            sheet.set_column_format(index, &format_of(column.kind, column.align, self.show.locale))?;
        }
        for (index, column) in (0..).zip(&table.columns) {
            let label = shortened(column.label.get(self.show.locale), &mut self.losses);
            sheet.write_string_with_format(0, index, label.as_ref(), &header(column))?;
        }
        self.sheet = self.names.len();
        self.names.push(name);
        self.next_row = 1;
        self.parts += 1;
        Ok(())
    }

    fn close_sheet(&mut self) -> Result<(), ReportError> {
        let sheet = sheet(&mut self.book, self.sheet)?;
        for (index, width) in (0..).zip(&self.widths) {
            // Room for the button of the filter.
            let width = u32::try_from(width + 3).unwrap_or(u32::MAX);
            sheet.set_column_width(index, width)?;
        }
        let last = u16::try_from(self.widths.len() - 1).expect("the number of columns was checked");
        sheet.autofilter(0, 0, self.next_row - 1, last)?;
        Ok(())
    }
}

impl<W: Write + Send> Sink for XlsxSink<W> {
    fn figures(&mut self, title: &Label, figures: &[Figure]) -> Result<(), ReportError> {
        self.blocks.push(Block::Figures(title.clone(), figures.to_vec()));
        Ok(())
    }

    fn chart(&mut self, chart: &Chart) -> Result<(), ReportError> {
        self.blocks.push(Block::Chart(chart.clone()));
        Ok(())
    }

    fn text(&mut self, text: &Label) -> Result<(), ReportError> {
        self.blocks.push(Block::Text(text.clone()));
        Ok(())
    }

    fn begin_table(&mut self, table: &Table) -> Result<(), ReportError> {
        let header = |column: &Column| column.label.get(self.show.locale).chars().count().min(WIDEST);
        self.widths = table.columns.iter().map(header).collect();
        self.parts = 0;
        self.table = Some(table.clone());
        self.add_sheet(table)
    }

    fn row(&mut self, columns: &[Column], cells: &[Cell<'_>]) -> Result<(), ReportError> {
        if self.next_row == self.rows_per_sheet {
            self.close_sheet()?;
            let table = self.table.take().expect("a row comes between the begin and the end of a table");
            self.add_sheet(&table)?;
            self.table = Some(table);
        }
        let measured = self.parts == 1 && self.next_row <= MEASURED_ROWS;
        let sheet = sheet(&mut self.book, self.sheet)?;
        for ((index, column), cell) in (0..).zip(columns).zip(cells) {
            write_cell(sheet, (self.next_row, index), cell, column.kind, self.show, &mut self.losses)?;
            if measured {
                let widest = &mut self.widths[usize::from(index)];
                *widest = width_of(cell, column.kind, self.show).min(WIDEST).max(*widest);
            }
        }
        self.next_row += 1;
        Ok(())
    }

    fn end_table(&mut self, table: &Table) -> Result<(), ReportError> {
        self.close_sheet()?;
        let parts = self.names[self.names.len() - self.parts as usize..].to_vec();
        self.blocks.push(Block::Table(table.title.clone(), table.note.clone(), parts));
        self.table = None;
        Ok(())
    }

    fn losses(&mut self) -> Result<Losses, ReportError> {
        Ok(self.losses)
    }
}

/// Keeps the error of an output that refuses, which the writer of archives would wrap, and lets the archive end in silence:
/// it complains on the error stream of the program if it cannot.
struct Refusal<W> {
    out: W,
    error: Option<io::Error>,
}

impl<W: Write> Write for Refusal<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.error.is_some() {
            return Ok(bytes.len());
        }
        match self.out.write(bytes) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                let kind = error.kind();
                self.error = Some(error);
                Err(kind.into())
            }
            taken => taken,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.error.is_some() { Ok(()) } else { self.out.flush() }
    }
}

fn sheet(book: &mut Workbook, index: usize) -> Result<&mut Worksheet, ReportError> {
    book.worksheet_from_index(index).map_err(ReportError::from)
}

fn header(column: &Column) -> Format {
    Format::new()
        .set_bold()
        .set_text_wrap()
        .set_background_color(0x00E8_EDF4)
        .set_border_bottom(rust_xlsxwriter::FormatBorder::Thin)
        .set_align(value::align(column.align))
}

/// At most 31 UTF-16 units without what Excel refuses, and like no other name in whatever case.
fn sheet_name(title: &str, taken: &[String]) -> String {
    let clean: String =
        title.chars().map(|c| if r"*?:[]\/'".contains(c) || c.is_control() { ' ' } else { c }).collect();
    let clean = clean.trim();
    // Excel keeps History for itself.
    let clean = if clean.is_empty() || clean.eq_ignore_ascii_case("history") { "Data" } else { clean };
    let is_taken = |name: &str| taken.iter().any(|other| other.to_lowercase() == name.to_lowercase());
    // One more number than there are names is free.
    (1..=taken.len() + 1)
        .map(|number| {
            let suffix = if number == 1 { String::new() } else { format!(" ({number})") };
            let (cut, _) = value::cut(clean, 31 - suffix.len());
            format!("{}{suffix}", cut.trim_end())
        })
        .find(|name| !is_taken(name))
        .expect("one of the numbers is free")
}

fn shortened<'a>(text: &'a str, losses: &mut Losses) -> std::borrow::Cow<'a, str> {
    let (cut, is_cut) = value::cut(text, MOST_CHARACTERS - 1);
    if is_cut {
        losses.shortened += 1;
        format!("{cut}…").into()
    } else {
        cut.into()
    }
}

impl From<XlsxError> for ReportError {
    fn from(error: XlsxError) -> Self {
        match error {
            XlsxError::IoError(error) | XlsxError::TempFileError(_, error) => Self::Io(error),
            other => Self::Xlsx(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use calamine::{Reader as _, Xlsx};

    use super::*;
    use crate::{ColumnType, Locale};

    #[test]
    fn a_table_goes_on_on_other_sheets() {
        let snapshot = chrono::DateTime::UNIX_EPOCH;
        let meta = Meta { locale: Locale::Id, ..Meta::new(Label::same("Angka"), snapshot) };
        let mut sink = XlsxSink::new(&meta, Tally::new(Vec::new())).unwrap();
        sink.rows_per_sheet = 4;
        let column = Column::new("n", Label::new("Number", "Angka"), ColumnType::Integer);
        let table = Table::new("numbers", Label::new("Numbers", "Bilangan"), vec![column]);
        sink.begin_table(&table).unwrap();
        for number in 0_i64..8 {
            sink.row(&table.columns, &[number.into()]).unwrap();
        }
        sink.end_table(&table).unwrap();
        let bytes = sink.finish(&[]).unwrap().into_inner();
        let mut book: Xlsx<_> = calamine::open_workbook_from_rs(io::Cursor::new(bytes)).unwrap();
        assert_eq!(book.sheet_names(), ["Tentang", "Bilangan", "Bilangan (2)", "Bilangan (3)"]);
        let mut read = Vec::new();
        for name in &book.sheet_names()[1..] {
            let range = book.worksheet_range(name).unwrap();
            let cells: Vec<String> = range.rows().map(|row| row[0].to_string()).collect();
            assert_eq!(cells[0], "Angka");
            read.extend_from_slice(&cells[1..]);
        }
        assert_eq!(read, ["0", "1", "2", "3", "4", "5", "6", "7"]);
    }

    #[test]
    fn sheets_have_names_that_excel_takes() {
        let taken = ["About".to_owned(), "Jobs".to_owned()];
        assert_eq!(sheet_name("Jobs / by [kind]", &taken), "Jobs   by  kind");
        assert_eq!(sheet_name("jobs", &taken), "jobs (2)");
        assert_eq!(sheet_name("'", &taken), "Data");
        assert_eq!(sheet_name(&"𝒳".repeat(40), &taken), "𝒳".repeat(15));
    }
}
