//! Breaks text into lines that fit.

use super::shaping::{Reading, Shaper};

/// A line of a paragraph.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub text: String,
    pub reading: Reading,
    /// In points.
    pub width: f32,
}

/// The lines of a text in a column of so many points. Words that are too long break where they must.
pub fn wrap(shaper: &mut Shaper, text: &str, size: f32, is_bold: bool, room: f32) -> Vec<Line> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        wrap_paragraph(shaper, paragraph.trim_end(), size, is_bold, room, &mut lines);
    }
    lines
}

fn wrap_paragraph(shaper: &mut Shaper, text: &str, size: f32, is_bold: bool, room: f32, lines: &mut Vec<Line>) {
    let reading = Shaper::reading(text);
    let whole = shaper.width(text, is_bold) * size;
    if whole <= room {
        lines.push(Line { text: text.to_owned(), reading, width: whole });
        return;
    }
    let mut start = 0;
    let mut end = 0;
    for (at, _) in unicode_linebreak::linebreaks(text) {
        while shaper.width(text[start..at].trim_end(), is_bold) * size > room {
            if end == start {
                end = cut(shaper, &text[start..at], size, is_bold, room) + start;
            }
            push(shaper, &text[start..end], reading, size, is_bold, lines);
            start = end;
        }
        end = at;
    }
    if start < text.len() {
        push(shaper, &text[start..], reading, size, is_bold, lines);
    }
}

fn push(shaper: &mut Shaper, text: &str, reading: Reading, size: f32, is_bold: bool, lines: &mut Vec<Line>) {
    let text = text.trim_end();
    let width = shaper.width(text, is_bold) * size;
    lines.push(Line { text: text.to_owned(), reading, width });
}

/// The end of the longest beginning that fits, by halving; at least one character.
fn cut(shaper: &mut Shaper, text: &str, size: f32, is_bold: bool, room: f32) -> usize {
    let ends: Vec<usize> = text.char_indices().map(|(at, c)| at + c.len_utf8()).collect();
    let fits = ends.partition_point(|end| shaper.width(&text[..*end], is_bold) * size <= room);
    ends[fits.saturating_sub(1)]
}

/// The width of the longest part that does not break, in points.
pub fn longest_part(shaper: &mut Shaper, text: &str, size: f32, is_bold: bool) -> f32 {
    let mut start = 0;
    let mut longest: f32 = 0.0;
    for (at, _) in unicode_linebreak::linebreaks(text) {
        longest = longest.max(shaper.width(text[start..at].trim_end(), is_bold) * size);
        start = at;
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(text: &str, room: f32) -> Vec<String> {
        wrap(&mut Shaper::new(), text, 10.0, false, room).into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn lines_break_between_words_and_long_words_anywhere() {
        assert_eq!(wrapped("one two three", 40.0), ["one two", "three"]);
        assert_eq!(wrapped("one\ntwo", 400.0), ["one", "two"]);
        let parts = wrapped("in Donaudampfschifffahrtsgesellschaft", 60.0);
        assert_eq!(parts.concat(), "inDonaudampfschifffahrtsgesellschaft");
        assert!(parts.len() >= 3, "{parts:?}");
        assert_eq!(wrapped("在庫切れの商品一覧", 45.0).concat(), "在庫切れの商品一覧");
        assert_eq!(wrapped("", 10.0), [""]);
        assert_eq!(wrapped("xy", 0.5), ["x", "y"]);
    }
}
