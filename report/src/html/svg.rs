//! Charts inside a page. Words take the page's colour, so that they can be read in the dark.

use std::io::{self, Write};

use super::Escaped;
use crate::chart::{Anchor, Shape, WORDS, draw};
use crate::model::Chart;
use crate::show::Show;

const WIDTH: f32 = 380.0;
const HEIGHT: f32 = 215.0;

pub fn write(out: &mut impl Write, chart: &Chart, show: Show) -> io::Result<()> {
    let drawing = draw(chart, show, WIDTH, HEIGHT, &width_of);
    let title = Escaped(chart.title.get(show.locale));
    writeln!(out, "<figure>\n<figcaption>{title}</figcaption>")?;
    writeln!(out, "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\" font-size=\"{WORDS}\">")?;
    for shape in &drawing.shapes {
        self::shape(out, shape, &drawing.colors)?;
    }
    out.write_all(b"</svg>\n</figure>\n")
}

fn shape(out: &mut impl Write, shape: &Shape, colors: &[u32]) -> io::Result<()> {
    match shape {
        Shape::Rule { from, to, is_axis } => {
            let class = if *is_axis { "axis" } else { "grid" };
            let ((x1, y1), (x2, y2)) = (*from, *to);
            writeln!(out, "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>")
        }
        Shape::Bar { at: (x, y), size: (width, height), color } => {
            let fill = colors[*color];
            writeln!(
                out,
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"#{fill:06x}\"/>"
            )
        }
        Shape::Path { points, color } => {
            let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            let stroke = colors[*color];
            writeln!(out, "<polyline class=\"line\" points=\"{}\" stroke=\"#{stroke:06x}\"/>", points.join(" "))
        }
        Shape::Dot { at: (x, y), color } => {
            writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.2\" fill=\"#{:06x}\"/>", colors[*color])
        }
        Shape::Words { at: (x, y), anchor, text } => {
            let anchor = match anchor {
                Anchor::Start => "start",
                Anchor::Middle => "middle",
                Anchor::End => "end",
            };
            writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>", Escaped(text))
        }
    }
}

/// How wide words are, about: the font is the reader's own. Wide forms are those from the Hangul Jamo on.
fn width_of(text: &str) -> f32 {
    let widths = text.chars().map(|c| match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | '\'' | ' ' | '|' => 0.3,
        'm' | 'w' | 'M' | 'W' | '…' => 0.9,
        'A'..='Z' => 0.7,
        '\u{1100}'.. => 1.0,
        _ => 0.62,
    });
    widths.sum::<f32>() * WORDS
}
