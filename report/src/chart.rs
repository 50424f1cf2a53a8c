//! Charts as lines, rectangles and words, for every format that draws them itself.
//!
//! The layout is in points, from the top left. Ticks are the multiples of 1, 2 or 5 times a power of ten that give about
//! five of them (Heckbert, "Nice Numbers for Graph Labels", Graphics Gems, 1990).

mod layout;
mod ticks;

use crate::model::{Series, Tone};
pub use layout::draw;

/// A part of a drawing.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A straight line.
    Rule { from: (f32, f32), to: (f32, f32), is_axis: bool },
    /// A filled rectangle in the colour of a series: left, top, width, height.
    Bar { at: (f32, f32), size: (f32, f32), color: usize },
    /// A line through points in the colour of a series.
    Path { points: Vec<(f32, f32)>, color: usize },
    /// A dot in the colour of a series.
    Dot { at: (f32, f32), color: usize },
    /// Words whose baseline begins, is centred or ends at a point.
    Words { at: (f32, f32), anchor: Anchor, text: String },
}

/// Which part of words stands at their point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// A chart that was laid out.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawing {
    pub width: f32,
    pub height: f32,
    pub shapes: Vec<Shape>,
    /// The colour of each series, by its place.
    pub colors: Vec<u32>,
}

/// The size of the words in a chart, in points.
pub const WORDS: f32 = 9.0;

const GOOD: u32 = 0x002F_8F5B;
const BAD: u32 = 0x00D1_4343;
const MUTED: u32 = 0x0094_A0AE;
/// Told apart by most people who see colours otherwise, on white and on black.
const PLAIN: [u32; 8] =
    [0x003B_78D8, 0x00E0_8A1E, 0x0082_5BC9, 0x0017_A2A2, 0x00C2_4F9C, 0x008A_8D1F, 0x0094_6B4A, 0x0050_6784];

/// A colour per series.
pub fn palette(series: &[Series]) -> Vec<u32> {
    let mut plain = PLAIN.into_iter().cycle();
    let color = |series: &Series| match series.tone {
        Tone::Plain => plain.next().unwrap_or(MUTED),
        Tone::Good => GOOD,
        Tone::Bad => BAD,
        Tone::Muted => MUTED,
    };
    series.iter().map(color).collect()
}
