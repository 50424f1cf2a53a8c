//! The fonts that come with the program, and which of them has a character.

use std::collections::HashMap;

use krilla::text::Font;
use rustybuzz::{Face, ttf_parser};

const REGULAR: &[u8] = include_bytes!("../../fonts/NotoSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../../fonts/NotoSans-Bold.ttf");
const ARABIC: &[u8] = include_bytes!("../../fonts/NotoSansArabic-Regular.ttf");
const ARABIC_BOLD: &[u8] = include_bytes!("../../fonts/NotoSansArabic-Bold.ttf");
const EAST_ASIAN: &[u8] = include_bytes!("../../fonts/DroidSansFallbackFull.ttf");
const KOREAN: &[u8] = include_bytes!("../../fonts/NanumGothicCoding.ttf");

/// In the order in which they are asked for a character.
const FILES: [&[u8]; 6] = [REGULAR, ARABIC, EAST_ASIAN, KOREAN, BOLD, ARABIC_BOLD];
const IN_REGULAR: [usize; 4] = [0, 1, 2, 3];
// There is one weight of the East Asian fonts.
const IN_BOLD: [usize; 4] = [4, 5, 2, 3];

/// A font as both the shaper and the writer of PDFs know it.
pub struct Typeface {
    pub face: Face<'static>,
    pub font: Font,
    pub units: f32,
}

/// Every font.
pub struct Fonts {
    typefaces: Vec<Typeface>,
    /// The place in [`IN_REGULAR`] and [`IN_BOLD`] of the font that has a character.
    places: HashMap<char, Option<u8>>,
}

impl Fonts {
    pub fn new() -> Self {
        let typeface = |data: &'static [u8]| {
            let face = Face::from_slice(data, 0).expect("the fonts that come with the program can be read");
            let font = Font::new(data.into(), 0).expect("the fonts that come with the program can be read");
            let units = font.units_per_em();
            Typeface { face, font, units }
        };
        Self { typefaces: FILES.into_iter().map(typeface).collect(), places: HashMap::new() }
    }

    pub fn typeface(&self, index: usize) -> &Typeface {
        &self.typefaces[index]
    }

    /// The font for a character: the one before it where that has it, or else the first that does, or else the first.
    pub fn pick(&mut self, c: char, is_bold: bool, before: Option<usize>) -> usize {
        let list = if is_bold { IN_BOLD } else { IN_REGULAR };
        if let Some(before) = before
            && (!c.is_alphanumeric() && self.typefaces[before].face.glyph_index(c).is_some())
        {
            return before;
        }
        let typefaces = &self.typefaces;
        let place = self.places.entry(c).or_insert_with(|| {
            let has = |place: &u8| typefaces[IN_REGULAR[usize::from(*place)]].face.glyph_index(c).is_some();
            (0..4).find(has)
        });
        list[usize::from(place.unwrap_or(0))]
    }
}

/// Counts characters that no font has.
pub struct Coverage {
    faces: Vec<ttf_parser::Face<'static>>,
    seen: HashMap<char, bool>,
    missing: u64,
}

impl Coverage {
    pub fn new() -> Self {
        let face =
            |place: usize| ttf_parser::Face::parse(FILES[place], 0).expect("the fonts of the program can be read");
        Self { faces: IN_REGULAR.into_iter().map(face).collect(), seen: HashMap::new(), missing: 0 }
    }

    /// Takes a text into account.
    pub fn see(&mut self, text: &str) {
        for c in text.chars().filter(|c| !c.is_ascii()) {
            let faces = &self.faces;
            let has = *self
                .seen
                .entry(c)
                .or_insert_with(|| is_invisible(c) || faces.iter().any(|face| face.glyph_index(c).is_some()));
            self.missing += u64::from(!has);
        }
    }

    pub fn missing(&self) -> u64 {
        self.missing
    }
}

/// Joiners, marks of direction and selectors of variants, which have no shape of their own, and control characters.
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}
