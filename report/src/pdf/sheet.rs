//! Pages on which things are put from the top down.

use super::paragraph::{Line, wrap};
use super::shaping::{Reading, Shaper};

/// A colour as 0xRRGGBB.
pub type Color = u32;

pub const INK: Color = 0x0017_212B;
pub const SOFT: Color = 0x0059_6573;
pub const RULE: Color = 0x00D8_DFE6;
pub const BAND: Color = 0x00F3_F6F9;
pub const GOOD: Color = 0x001B_7F4B;
pub const BAD: Color = 0x00B4_2318;

/// A4, in points.
const SHORT: f32 = 595.28;
const LONG: f32 = 841.89;
pub const SIDE: f32 = 42.0;
/// The width between the margins of an upright page.
pub const UPRIGHT: f32 = SHORT - 2.0 * SIDE;
/// The width between the margins of a page that lies.
pub const LYING: f32 = LONG - 2.0 * SIDE;
const TOP: f32 = 54.0;
const BOTTOM: f32 = 52.0;

/// How words look.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    pub size: f32,
    pub is_bold: bool,
    pub color: Color,
}

impl Style {
    pub const fn new(size: f32, color: Color) -> Self {
        Self { size, is_bold: false, color }
    }

    pub const fn bold(size: f32, color: Color) -> Self {
        Self { size, is_bold: true, color }
    }

    /// From one baseline to the next.
    pub fn leading(self) -> f32 {
        self.size * 1.36
    }
}

/// Something on a page; places are points from the top left.
#[derive(Clone, Debug)]
pub enum Item {
    /// One line of words, by the start of its baseline.
    Words {
        at: (f32, f32),
        text: String,
        reading: Reading,
        style: Style,
    },
    Box {
        at: (f32, f32),
        size: (f32, f32),
        color: Color,
    },
    Path {
        points: Vec<(f32, f32)>,
        width: f32,
        color: Color,
    },
    Dot {
        at: (f32, f32),
        color: Color,
    },
}

/// One page.
#[derive(Clone, Debug)]
pub struct Page {
    pub width: f32,
    pub height: f32,
    pub items: Vec<Item>,
}

/// A heading, for the outline.
#[derive(Clone, Debug)]
pub struct Heading {
    pub text: String,
    pub page: usize,
    pub y: f32,
}

/// All pages so far, and where the next thing goes on the last.
pub struct Sheets {
    pub pages: Vec<Page>,
    pub headings: Vec<Heading>,
    pub y: f32,
}

impl Sheets {
    pub fn new(lies: bool) -> Self {
        let mut sheets = Self { pages: Vec::new(), headings: Vec::new(), y: 0.0 };
        sheets.add_page(lies);
        sheets
    }

    fn add_page(&mut self, lies: bool) {
        let (width, height) = if lies { (LONG, SHORT) } else { (SHORT, LONG) };
        self.pages.push(Page { width, height, items: Vec::new() });
        self.y = TOP;
    }

    /// Goes on on a page that lies: this one, if it does. What follows stays on such pages.
    pub fn lie_down(&mut self) {
        if !self.lies() {
            self.add_page(true);
        }
    }

    /// Goes on on a new page like this one.
    pub fn next_page(&mut self) {
        let lies = self.lies();
        self.add_page(lies);
    }

    fn lies(&mut self) -> bool {
        let page = self.page();
        page.width > page.height
    }

    pub fn page(&mut self) -> &mut Page {
        self.pages.last_mut().expect("there is a page from the beginning")
    }

    pub fn put(&mut self, item: Item) {
        self.page().items.push(item);
    }

    /// The width between the margins.
    pub fn width(&mut self) -> f32 {
        self.page().width - 2.0 * SIDE
    }

    /// The height of an empty page.
    pub fn height(&mut self) -> f32 {
        self.page().height - TOP - BOTTOM
    }

    /// What is left of this page.
    pub fn left(&mut self) -> f32 {
        self.page().height - BOTTOM - self.y
    }

    /// Goes on on a new page unless so much is left of this one.
    pub fn need(&mut self, height: f32) {
        if self.left() < height && self.y > TOP {
            self.next_page();
        }
    }

    /// Puts lines in a column that begins at `x`, from `y` down.
    pub fn lines(&mut self, (x, y): (f32, f32), room: f32, lines: &[Line], style: Style, align: f32) {
        let mut baseline = y + style.size * 1.05;
        for line in lines {
            // Where reading starts is the right edge for Arabic.
            let share = if line.reading == Reading::RightToLeft { 1.0 - align } else { align };
            let at = (x + (room - line.width) * share, baseline);
            if !line.text.is_empty() {
                self.put(Item::Words { at, text: line.text.clone(), reading: line.reading, style });
            }
            baseline += style.leading();
        }
    }

    /// Puts a paragraph over the whole width, page after page, and goes on below it.
    pub fn paragraph(&mut self, shaper: &mut Shaper, text: &str, style: Style) {
        let room = self.width();
        for line in wrap(shaper, text, style.size, style.is_bold, room) {
            self.need(style.leading());
            self.lines((SIDE, self.y), room, &[line], style, 0.0);
            self.y += style.leading();
        }
    }

    /// A heading that does not stay alone at the foot of a page.
    pub fn heading(&mut self, shaper: &mut Shaper, text: &str, below: f32) {
        let style = Style::bold(12.0, INK);
        self.need(26.0 + style.leading() + below);
        if self.y > TOP {
            self.y += 16.0;
        }
        self.headings.push(Heading { text: text.to_owned(), page: self.pages.len() - 1, y: self.y });
        self.paragraph(shaper, text, style);
        self.y += 4.0;
    }
}
