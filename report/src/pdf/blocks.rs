//! Puts the parts of a report on pages.

use super::paragraph::wrap;
use super::shaping::{Reading, Shaper};
use super::sheet::{BAD, BAND, GOOD, INK, Item, RULE, SIDE, SOFT, Sheets, Style};
use super::table;
use crate::chart::{Anchor, Drawing, Shape, WORDS, draw};
use crate::locale::Label;
use crate::model::{Chart, Figure, Meta, Table};
use crate::show::Show;
use crate::words::{News, change, facts};

/// A part of the report, in its order.
pub enum Block {
    Figures(Label, Vec<Figure>),
    Chart(Chart),
    Text(Label),
    Table(Table, Vec<Vec<String>>),
}

const NOTICE: u32 = 0x00FF_F4D6;
const NOTICE_RULE: u32 = 0x00D9_9A00;
const GAP: f32 = 9.0;
const CARDS: u8 = 4;
/// A chart is laid out larger than it is drawn, so that its words come out at 7 points.
const CHART_SCALE: f32 = 7.0 / WORDS;

pub fn lay_out(shaper: &mut Shaper, meta: &Meta, show: Show, notices: &[String], blocks: &[Block]) -> Sheets {
    let lies = match blocks.first() {
        Some(Block::Table(table, rows)) => table::lies(shaper, table, rows, show),
        _ => false,
    };
    let mut sheets = Sheets::new(lies);
    head(&mut sheets, shaper, meta, show, notices);
    let mut rest = blocks;
    while let [block, others @ ..] = rest {
        rest = others;
        match block {
            Block::Figures(title, values) => figures(&mut sheets, shaper, title, values, show),
            Block::Text(text) => {
                sheets.y += 8.0;
                sheets.paragraph(shaper, text.get(show.locale), Style::new(9.5, INK));
            }
            Block::Table(table, rows) => table::put(&mut sheets, shaper, table, rows, show),
            Block::Chart(_) => {
                let more = others.iter().take_while(|block| matches!(block, Block::Chart(_))).count();
                let group = &blocks[blocks.len() - others.len() - 1..][..=more];
                charts(&mut sheets, shaper, group, show);
                rest = &others[more..];
            }
        }
    }
    sheets
}

fn head(sheets: &mut Sheets, shaper: &mut Shaper, meta: &Meta, show: Show, notices: &[String]) {
    sheets.y -= 8.0;
    sheets.paragraph(shaper, meta.title.get(show.locale), Style::bold(20.0, INK));
    if let Some(subtitle) = &meta.subtitle {
        sheets.paragraph(shaper, subtitle.get(show.locale), Style::new(11.0, SOFT));
    }
    for text in notices {
        sheets.y += 8.0;
        notice(sheets, shaper, text);
    }
    sheets.y += 8.0;
    let facts = facts(show, meta);
    let style = Style::new(8.5, INK);
    let names = facts.iter().map(|(name, _)| shaper.width(name, false) * style.size).fold(0.0, f32::max) + 14.0;
    for (name, value) in facts {
        let room = sheets.width();
        let name = wrap(shaper, &name, style.size, false, names);
        let value = wrap(shaper, &value, style.size, false, room - names);
        sheets.need(style.leading());
        sheets.lines((SIDE, sheets.y), names, &name, Style::new(8.5, SOFT), 0.0);
        for line in value {
            sheets.need(style.leading());
            // A value is set beside its name, in whichever direction it is read.
            let align = if line.reading == Reading::RightToLeft { 1.0 } else { 0.0 };
            sheets.lines((SIDE + names, sheets.y), room - names, &[line], style, align);
            sheets.y += style.leading();
        }
    }
}

fn notice(sheets: &mut Sheets, shaper: &mut Shaper, text: &str) {
    let style = Style::bold(9.0, INK);
    let room = sheets.width();
    let lines = wrap(shaper, text, style.size, true, room - 24.0);
    #[expect(clippy::cast_precision_loss, reason = "a notice has few lines")]
    let height = lines.len() as f32 * style.leading() + 10.0;
    let y = sheets.y;
    sheets.put(Item::Box { at: (SIDE, y), size: (room, height), color: NOTICE });
    sheets.put(Item::Box { at: (SIDE, y), size: (3.0, height), color: NOTICE_RULE });
    sheets.lines((SIDE + 12.0, y + 5.0), room - 24.0, &lines, style, 0.0);
    sheets.y += height;
}

fn figures(sheets: &mut Sheets, shaper: &mut Shaper, title: &Label, figures: &[Figure], show: Show) {
    const HEIGHT: f32 = 56.0;
    sheets.heading(shaper, title.get(show.locale), HEIGHT);
    let width = (sheets.width() - GAP * f32::from(CARDS - 1)) / f32::from(CARDS);
    for row in figures.chunks(usize::from(CARDS)) {
        sheets.need(HEIGHT);
        let mut x = SIDE;
        for figure in row {
            card(sheets, shaper, figure, (x, width, HEIGHT), show);
            x += width + GAP;
        }
        sheets.y += HEIGHT + GAP;
    }
}

fn card(sheets: &mut Sheets, shaper: &mut Shaper, figure: &Figure, (x, width, height): (f32, f32, f32), show: Show) {
    let y = sheets.y;
    sheets.put(Item::Box { at: (x, y), size: (width, height), color: BAND });
    let room = width - 16.0;
    let mut line = |sheets: &mut Sheets, y: f32, text: &str, mut style: Style| {
        // A long value is set smaller, not over the edge.
        let wide = shaper.width(text, style.is_bold) * style.size;
        style.size *= (room / wide.max(1.0)).min(1.0);
        let lines = wrap(shaper, text, style.size, style.is_bold, room + 1.0);
        sheets.lines((x + 8.0, y), room, &lines[..1], style, 0.0);
    };
    line(sheets, y + 6.0, figure.label.get(show.locale), Style::new(8.0, SOFT));
    let value = match show.cell(&figure.value, figure.kind) {
        none if none.is_empty() => "–".to_owned(),
        value => value,
    };
    line(sheets, y + 18.0, &value, Style::bold(16.0, INK));
    if let Some((text, news)) = change(show, figure) {
        let color = match news {
            News::Good => GOOD,
            News::Bad => BAD,
            News::Neither => SOFT,
        };
        line(sheets, y + 41.0, &text, Style::new(7.5, color));
    }
}

/// Charts in pairs; the first of an odd number has the width for itself.
fn charts(sheets: &mut Sheets, shaper: &mut Shaper, group: &[Block], show: Show) {
    const HEIGHT: f32 = 150.0;
    const TITLE: f32 = 18.0;
    let charts: Vec<&Chart> =
        group.iter().filter_map(|block| if let Block::Chart(chart) = block { Some(chart) } else { None }).collect();
    let (alone, pairs) = charts.split_at(charts.len() % 2);
    let whole = sheets.width();
    for row in alone.chunks(1).chain(pairs.chunks(2)) {
        sheets.y += 12.0;
        sheets.need(HEIGHT + TITLE);
        let width = if row.len() == 1 { whole } else { (whole - 2.0 * GAP) / 2.0 };
        let mut x = SIDE;
        for chart in row {
            let style = Style::bold(9.0, INK);
            let title = wrap(shaper, chart.title.get(show.locale), style.size, true, width);
            sheets.lines((x, sheets.y), width, &title[..1], style, 0.0);
            let drawing = {
                let shaper = std::cell::RefCell::new(&mut *shaper);
                let measure = |text: &str| shaper.borrow_mut().width(text, false) * WORDS;
                draw(chart, show, width / CHART_SCALE, HEIGHT / CHART_SCALE, &measure)
            };
            let y = sheets.y + TITLE;
            put_drawing(sheets, shaper, &drawing, (x, y));
            x += width + 2.0 * GAP;
        }
        sheets.y += HEIGHT + TITLE;
    }
}

fn put_drawing(sheets: &mut Sheets, shaper: &mut Shaper, drawing: &Drawing, (left, top): (f32, f32)) {
    let place = |(x, y): (f32, f32)| (left + x * CHART_SCALE, top + y * CHART_SCALE);
    for shape in &drawing.shapes {
        let item = match shape {
            Shape::Rule { from, to, is_axis } => Item::Path {
                points: vec![place(*from), place(*to)],
                width: if *is_axis { 0.6 } else { 0.4 },
                color: if *is_axis { SOFT } else { RULE },
            },
            Shape::Bar { at, size, color } => Item::Box {
                at: place(*at),
                size: (size.0 * CHART_SCALE, size.1 * CHART_SCALE),
                color: drawing.colors[*color],
            },
            Shape::Path { points, color } => Item::Path {
                points: points.iter().map(|point| place(*point)).collect(),
                width: 1.3,
                color: drawing.colors[*color],
            },
            Shape::Dot { at, color } => Item::Dot { at: place(*at), color: drawing.colors[*color] },
            Shape::Words { at, anchor, text } => {
                let style = Style::new(WORDS * CHART_SCALE, SOFT);
                let width = shaper.width(text, false) * style.size;
                let share = match anchor {
                    Anchor::Start => 0.0,
                    Anchor::Middle => 0.5,
                    Anchor::End => 1.0,
                };
                let (x, y) = place(*at);
                Item::Words { at: (x - width * share, y), text: text.clone(), reading: Shaper::reading(text), style }
            }
        };
        sheets.put(item);
    }
}
