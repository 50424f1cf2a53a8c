//! Tables over pages: columns as wide as they need, the header again on each page.

use super::paragraph::{Line, longest_part, wrap};
use super::shaping::Shaper;
use super::sheet::{BAND, INK, Item, LYING, RULE, SIDE, SOFT, Sheets, Style, UPRIGHT};
use crate::model::{Align, Column, ColumnType, Table};
use crate::show::Show;
use crate::words::no_rows;

/// A table is set in the first size in which it fits an upright page, or else in the second on one that lies.
const SIZES: [f32; 2] = [8.0, 7.0];
const PADDING: f32 = 5.0;
const ABOVE: f32 = 2.5;
/// How many rows are measured for the widths of columns.
const MEASURED_ROWS: usize = 2_000;
const WIDEST: f32 = 260.0;
const WIDEST_WORD: f32 = 80.0;

pub fn put(sheets: &mut Sheets, shaper: &mut Shaper, table: &Table, rows: &[Vec<String>], show: Show) {
    let (size, needs) = fitted(shaper, table, rows, show);
    if must_lie(&needs) {
        sheets.lie_down();
    }
    sheets.heading(shaper, table.title.get(show.locale), 60.0);
    if let Some(note) = &table.note {
        sheets.paragraph(shaper, note.get(show.locale), Style::new(8.5, SOFT));
        sheets.y += 4.0;
    }
    if rows.is_empty() {
        sheets.paragraph(shaper, no_rows(show.locale), Style::new(8.5, SOFT));
        return;
    }
    let room = sheets.width();
    let grid = Grid { columns: &table.columns, widths: widths(&needs, room), size };
    let header: Vec<Vec<Line>> =
        grid.lines(shaper, grid.header_style(), |index| table.columns[index].label.get(show.locale));
    grid.header(sheets, &header);
    for row in rows {
        let cells = grid.lines(shaper, grid.style(), |index| &row[index]);
        grid.row(sheets, &header, &cells);
    }
}

/// Whether a table needs more room than an upright page has.
pub fn lies(shaper: &mut Shaper, table: &Table, rows: &[Vec<String>], show: Show) -> bool {
    must_lie(&fitted(shaper, table, rows, show).1)
}

fn fitted(shaper: &mut Shaper, table: &Table, rows: &[Vec<String>], show: Show) -> (f32, Vec<Need>) {
    let [large, small] = SIZES;
    let needs_large = needs(shaper, &table.columns, rows, large, show);
    if !must_lie(&needs_large) {
        return (large, needs_large);
    }
    let needs_small = needs(shaper, &table.columns, rows, small, show);
    // On a page that lies there is room for the large size again, where that is enough.
    if must_lie(&needs_small) && least(&needs_large) <= LYING { (large, needs_large) } else { (small, needs_small) }
}

fn least(needs: &[Need]) -> f32 {
    needs.iter().map(|need| need.least).sum()
}

fn must_lie(needs: &[Need]) -> bool {
    least(needs) > UPRIGHT
}

struct Need {
    least: f32,
    natural: f32,
}

fn needs(shaper: &mut Shaper, columns: &[Column], rows: &[Vec<String>], size: f32, show: Show) -> Vec<Need> {
    let mut need = |index: usize, column: &Column| {
        let label = column.label.get(show.locale);
        let mut least = longest_part(shaper, label, size, true);
        let mut natural = least.max(shaper.width(label, true) * size).min(least.max(90.0));
        for text in rows.iter().take(MEASURED_ROWS).filter_map(|row| row.get(index)) {
            let whole = text.split('\n').map(|line| shaper.width(line, false) * size).fold(0.0, f32::max);
            natural = natural.max(whole.min(WIDEST));
            // A number or a date keeps together.
            let part = if column.kind == ColumnType::Text && whole > least {
                longest_part(shaper, text, size, false).min(WIDEST_WORD)
            } else {
                whole.min(WIDEST)
            };
            least = least.max(part);
        }
        // Half a point, so that rounding does not break what was measured to fit.
        let around = 2.0 * PADDING + 0.5;
        Need { least: least + around, natural: natural.max(least) + around }
    };
    columns.iter().enumerate().map(|(index, column)| need(index, column)).collect()
}

/// Shares the room: what all columns need at least, and of the rest as much as each would like.
fn widths(needs: &[Need], room: f32) -> Vec<f32> {
    let least = least(needs);
    let natural: f32 = needs.iter().map(|need| need.natural).sum();
    if least >= room {
        return needs.iter().map(|need| need.least * room / least).collect();
    }
    if natural >= room {
        let share = (room - least) / (natural - least).max(0.01);
        return needs.iter().map(|need| need.least + (need.natural - need.least) * share).collect();
    }
    // What nobody needs goes to everybody, and not without end: a table of two short columns stays narrow.
    let stretch = (room / natural).min(1.6);
    needs.iter().map(|need| need.natural * stretch).collect()
}

struct Grid<'a> {
    columns: &'a [Column],
    widths: Vec<f32>,
    size: f32,
}

impl Grid<'_> {
    fn style(&self) -> Style {
        Style::new(self.size, INK)
    }

    fn header_style(&self) -> Style {
        Style::bold(self.size, INK)
    }

    fn lines<'t>(&self, shaper: &mut Shaper, style: Style, text: impl Fn(usize) -> &'t str) -> Vec<Vec<Line>> {
        let widths = self.widths.iter().enumerate();
        widths.map(|(at, width)| wrap(shaper, text(at), style.size, style.is_bold, width - 2.0 * PADDING)).collect()
    }

    fn header(&self, sheets: &mut Sheets, header: &[Vec<Line>]) {
        let height = height(header, self.style());
        let width = self.widths.iter().sum();
        sheets.put(Item::Box { at: (SIDE, sheets.y), size: (width, height), color: BAND });
        self.cells(sheets, header, self.header_style());
        sheets.y += height;
    }

    /// A row on this page or the next; one that is higher than a page goes on on as many as it takes.
    fn row(&self, sheets: &mut Sheets, header: &[Vec<Line>], cells: &[Vec<Line>]) {
        let page = sheets.height() - height(header, self.style());
        if height(cells, self.style()) > sheets.left() && sheets.left() < page {
            sheets.next_page();
            self.header(sheets, header);
        }
        let fits = lines_in(sheets.left(), self.style());
        if cells.iter().any(|lines| lines.len() > fits) {
            let split = |lines: &Vec<Line>| {
                let (first, rest) = lines.split_at(lines.len().min(fits));
                (first.to_vec(), rest.to_vec())
            };
            let (first, rest): (Vec<_>, Vec<_>) = cells.iter().map(split).unzip();
            self.row(sheets, header, &first);
            return self.row(sheets, header, &rest);
        }
        self.cells(sheets, cells, self.style());
        sheets.y += height(cells, self.style());
        let end = SIDE + self.widths.iter().sum::<f32>();
        let y = sheets.y;
        sheets.put(Item::Path { points: vec![(SIDE, y), (end, y)], width: 0.4, color: RULE });
    }

    fn cells(&self, sheets: &mut Sheets, cells: &[Vec<Line>], style: Style) {
        let mut x = SIDE;
        for ((column, width), lines) in self.columns.iter().zip(&self.widths).zip(cells) {
            let align = match column.align {
                Align::Start => 0.0,
                Align::Center => 0.5,
                Align::End => 1.0,
            };
            sheets.lines((x + PADDING, sheets.y + ABOVE), width - 2.0 * PADDING, lines, style, align);
            x += width;
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a cell has at most some hundred lines")]
fn height(cells: &[Vec<Line>], style: Style) -> f32 {
    let most = cells.iter().map(Vec::len).max().unwrap_or(1).max(1);
    most as f32 * style.leading() + 2.0 * ABOVE
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "lines on a page")]
fn lines_in(height: f32, style: Style) -> usize {
    (((height - 2.0 * ABOVE) / style.leading()) as usize).max(1)
}
