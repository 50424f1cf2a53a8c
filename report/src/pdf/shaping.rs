//! Turns a line of text into glyphs in the order in which they stand.
//!
//! The Unicode Bidirectional Algorithm (UAX #9) splits a line into runs of one direction; a run is split where the font
//! changes; each part is shaped by its script.

use std::collections::HashMap;
use std::ops::Range;

use krilla::text::{GlyphId, KrillaGlyph};
use rustybuzz::{Direction, GlyphBuffer, Script, ShapePlan, UnicodeBuffer};
use unicode_bidi::{BidiInfo, Level};

use super::fonts::{Fonts, is_invisible};

/// Glyphs of one font.
pub struct Run {
    pub font: usize,
    pub text: String,
    pub glyphs: Vec<KrillaGlyph>,
    /// In multiples of the font's size.
    pub width: f32,
}

/// The reading direction of a paragraph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    LeftToRight,
    RightToLeft,
}

/// Shapes text, and remembers what it learnt of fonts and scripts.
pub struct Shaper {
    pub fonts: Fonts,
    plans: HashMap<(usize, bool, Script), ShapePlan>,
    buffer: Option<UnicodeBuffer>,
    widths: HashMap<(String, bool), f32>,
}

/// How many widths of words are remembered.
const MOST_WIDTHS: usize = 50_000;

impl Shaper {
    pub fn new() -> Self {
        Self { fonts: Fonts::new(), plans: HashMap::new(), buffer: None, widths: HashMap::new() }
    }

    /// The direction in which a paragraph is read: that of its first letter with one.
    pub fn reading(text: &str) -> Reading {
        match unicode_bidi::get_base_direction(text) {
            unicode_bidi::Direction::Rtl => Reading::RightToLeft,
            _ => Reading::LeftToRight,
        }
    }

    /// The width of a line in multiples of the font's size.
    pub fn width(&mut self, text: &str, is_bold: bool) -> f32 {
        let key = (text.to_owned(), is_bold);
        if let Some(width) = self.widths.get(&key) {
            return *width;
        }
        let width = self.line(text, is_bold, Self::reading(text)).iter().map(|run| run.width).sum();
        if self.widths.len() < MOST_WIDTHS {
            self.widths.insert(key, width);
        }
        width
    }

    /// The runs of a line from left to right.
    pub fn line(&mut self, text: &str, is_bold: bool, reading: Reading) -> Vec<Run> {
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let level = match reading {
            Reading::LeftToRight => Level::ltr(),
            Reading::RightToLeft => Level::rtl(),
        };
        if text.is_ascii() && reading == Reading::LeftToRight {
            return self.parts(&text, is_bold, false);
        }
        let info = BidiInfo::new(&text, Some(level));
        let mut runs = Vec::new();
        for paragraph in &info.paragraphs {
            let (levels, ranges) = info.visual_runs(paragraph, paragraph.range.clone());
            for range in ranges {
                let is_rtl = levels[range.start].is_rtl();
                runs.extend(self.parts(&text[range], is_bold, is_rtl));
            }
        }
        runs
    }

    /// The parts of a run of one direction, one per font, from left to right.
    fn parts(&mut self, text: &str, is_bold: bool, is_rtl: bool) -> Vec<Run> {
        let mut ranges: Vec<(usize, Range<usize>)> = Vec::new();
        for (at, c) in text.char_indices() {
            let before = ranges.last().map(|(font, _)| *font);
            let font = match before {
                Some(before) if is_invisible(c) => before,
                before => self.fonts.pick(c, is_bold, before),
            };
            let end = at + c.len_utf8();
            match ranges.last_mut() {
                Some((last, range)) if *last == font => range.end = end,
                _ => ranges.push((font, at..end)),
            }
        }
        if is_rtl {
            ranges.reverse();
        }
        ranges.into_iter().map(|(font, range)| self.shape(font, &text[range], is_rtl)).collect()
    }

    fn shape(&mut self, font: usize, text: &str, is_rtl: bool) -> Run {
        let mut buffer = self.buffer.take().unwrap_or_default();
        buffer.push_str(text);
        buffer.guess_segment_properties();
        let direction = if is_rtl { Direction::RightToLeft } else { Direction::LeftToRight };
        buffer.set_direction(direction);
        let script = buffer.script();
        let typeface = self.fonts.typeface(font);
        let plan = self
            .plans
            .entry((font, is_rtl, script))
            .or_insert_with(|| ShapePlan::new(&typeface.face, direction, Some(script), None, &[]));
        let shaped = rustybuzz::shape_with_plan(&typeface.face, plan, buffer);
        let glyphs = glyphs(&shaped, text.len(), typeface.units);
        self.buffer = Some(shaped.clear());
        let width = glyphs.iter().map(|glyph| glyph.x_advance).sum();
        Run { font, text: text.to_owned(), glyphs, width }
    }
}

/// Glyphs with the text that each stands for, so that a reader can copy it.
#[expect(clippy::cast_precision_loss, reason = "units of a font are small")]
fn glyphs(shaped: &GlyphBuffer, text_len: usize, units: f32) -> Vec<KrillaGlyph> {
    let (infos, positions) = (shaped.glyph_infos(), shaped.glyph_positions());
    let mut starts: Vec<usize> = infos.iter().map(|info| info.cluster as usize).collect();
    starts.sort_unstable();
    starts.dedup();
    starts.push(text_len);
    let glyph = |(info, position): (&rustybuzz::GlyphInfo, &rustybuzz::GlyphPosition)| {
        let start = info.cluster as usize;
        let place = starts.partition_point(|other| *other <= start);
        let end = starts.get(place).copied().unwrap_or(text_len);
        let scaled = |value: i32| value as f32 / units;
        KrillaGlyph::new(
            GlyphId::new(info.glyph_id),
            scaled(position.x_advance),
            scaled(position.x_offset),
            scaled(position.y_offset),
            scaled(position.y_advance),
            start..end,
            None,
        )
    };
    infos.iter().zip(positions).map(glyph).collect()
}
