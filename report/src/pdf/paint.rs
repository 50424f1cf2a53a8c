//! Writes pages as a PDF.

use chrono::{Datelike, Timelike};
use krilla::Document;
use krilla::color::rgb;
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata};
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;

use super::paragraph::wrap;
use super::shaping::{Reading, Shaper};
use super::sheet::{Color, Item, Page, RULE, SIDE, SOFT, Sheets, Style};
use crate::error::ReportError;
use crate::model::Meta;
use crate::show::Show;
use crate::words::page as page_of;

const SMALL: Style = Style::new(7.5, SOFT);

pub fn paint(shaper: &mut Shaper, meta: &Meta, show: Show, sheets: &Sheets) -> Result<Vec<u8>, ReportError> {
    let mut document = Document::new();
    document.set_metadata(metadata(meta, show));
    for (index, page) in sheets.pages.iter().enumerate() {
        let settings = PageSettings::from_wh(page.width, page.height)
            .ok_or_else(|| ReportError::Pdf("a page has no size".to_owned()))?;
        let mut drawn = document.start_page_with(settings);
        let mut surface = drawn.surface();
        let edges = edges(shaper, meta, show, page, (index, sheets.pages.len()));
        for item in edges.iter().chain(&page.items) {
            draw(&mut surface, shaper, item);
        }
        surface.finish();
        drawn.finish();
    }
    let mut outline = Outline::new();
    for heading in &sheets.headings {
        let place = XyzDestination::new(heading.page, Point::from_xy(0.0, heading.y));
        outline.push_child(OutlineNode::new(heading.text.clone(), place));
    }
    document.set_outline(outline);
    document.finish().map_err(|error| ReportError::Pdf(format!("{error:?}")))
}

/// Nothing here is read from a clock or drawn by lot: the same report has the same bytes.
fn metadata(meta: &Meta, show: Show) -> Metadata {
    let at = meta.snapshot_at;
    let small = |number: u32| u8::try_from(number).unwrap_or_default();
    let date = DateTime::new(u16::try_from(at.year()).unwrap_or_default())
        .month(small(at.month()))
        .day(small(at.day()))
        .hour(small(at.hour()))
        .minute(small(at.minute()))
        .second(small(at.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0);
    Metadata::new()
        .title(meta.title.get(show.locale).to_owned())
        .language(show.locale.as_str().to_owned())
        .creator("Gotong".to_owned())
        .creation_date(date)
        .document_id(format!("{}/{}", meta.source, at.to_rfc3339()))
}

/// The header, from the second page on, and the footer.
fn edges(shaper: &mut Shaper, meta: &Meta, show: Show, page: &Page, (index, pages): (usize, usize)) -> Vec<Item> {
    let room = page.width - 2.0 * SIDE;
    let mut items = Vec::new();
    let mut words = |text: &str, baseline: f32, room: f32, at_end: bool| {
        let lines = wrap(shaper, text, SMALL.size, false, room);
        if let Some(line) = lines.into_iter().next() {
            let x = if at_end { page.width - SIDE - line.width } else { SIDE };
            items.push(Item::Words { at: (x, baseline), text: line.text, reading: line.reading, style: SMALL });
        }
    };
    if index > 0 {
        words(meta.title.get(show.locale), 34.0, room * 0.6, false);
        if let Some(range) = meta.range {
            words(&show.range(range), 34.0, room * 0.4, true);
        }
    }
    let as_of = show.locale.pick("data as of", "data per");
    let separator = if meta.source.is_empty() { "" } else { " · " };
    let left = format!("{}{separator}{as_of} {}", meta.source, show.zoned(meta.snapshot_at));
    let baseline = page.height - 28.0;
    words(&left, baseline, room * 0.75, false);
    words(&page_of(show.locale, index + 1, pages), baseline, room * 0.25, true);
    let mut rule = |y: f32| {
        let points = vec![(SIDE, y), (page.width - SIDE, y)];
        items.push(Item::Path { points, width: 0.4, color: RULE });
    };
    rule(page.height - 40.0);
    if index > 0 {
        rule(40.0);
    }
    items
}

fn draw(surface: &mut Surface<'_>, shaper: &mut Shaper, item: &Item) {
    match item {
        Item::Words { at, text, reading, style } => words(surface, shaper, *at, text, *reading, *style),
        Item::Box { at, size, color } => {
            let Some(rect) = Rect::from_xywh(at.0, at.1, size.0, size.1) else { return };
            let mut path = PathBuilder::new();
            path.push_rect(rect);
            fill(surface, path, *color);
        }
        Item::Path { points, width, color } => line(surface, points, *width, *color),
        Item::Dot { at, color } => {
            let mut path = PathBuilder::new();
            circle(&mut path, *at, 1.7);
            fill(surface, path, *color);
        }
    }
}

fn words(
    surface: &mut Surface<'_>,
    shaper: &mut Shaper,
    (mut x, y): (f32, f32),
    text: &str,
    reading: Reading,
    style: Style,
) {
    surface.set_stroke(None);
    surface.set_fill(Some(paint_of(style.color)));
    for run in shaper.line(text, style.is_bold, reading) {
        let font = shaper.fonts.typeface(run.font).font.clone();
        surface.draw_glyphs(Point::from_xy(x, y), &run.glyphs, font, &run.text, style.size, false);
        x += run.width * style.size;
    }
}

fn fill(surface: &mut Surface<'_>, path: PathBuilder, color: Color) {
    if let Some(path) = path.finish() {
        surface.set_stroke(None);
        surface.set_fill(Some(paint_of(color)));
        surface.draw_path(&path);
    }
}

fn line(surface: &mut Surface<'_>, points: &[(f32, f32)], width: f32, color: Color) {
    let mut path = PathBuilder::new();
    for (index, (x, y)) in points.iter().enumerate() {
        if index == 0 { path.move_to(*x, *y) } else { path.line_to(*x, *y) }
    }
    if let Some(path) = path.finish() {
        surface.set_fill(None);
        surface.set_stroke(Some(Stroke { paint: rgb_of(color).into(), width, ..Stroke::default() }));
        surface.draw_path(&path);
    }
}

/// Four Bézier curves, which differ from a circle by less than a thousandth of its radius.
fn circle(path: &mut PathBuilder, (x, y): (f32, f32), r: f32) {
    let k = r * 0.552_285;
    path.move_to(x + r, y);
    path.cubic_to(x + r, y + k, x + k, y + r, x, y + r);
    path.cubic_to(x - k, y + r, x - r, y + k, x - r, y);
    path.cubic_to(x - r, y - k, x - k, y - r, x, y - r);
    path.cubic_to(x + k, y - r, x + r, y - k, x + r, y);
    path.close();
}

fn paint_of(color: Color) -> Fill {
    Fill { paint: rgb_of(color).into(), opacity: NormalizedF32::ONE, ..Fill::default() }
}

fn rgb_of(color: Color) -> rgb::Color {
    let [_, red, green, blue] = color.to_be_bytes();
    rgb::Color::new(red, green, blue)
}
