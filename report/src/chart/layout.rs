//! Puts a chart's parts in their places.

use super::ticks::ticks;
use super::{Anchor, Drawing, Shape, WORDS, palette};
use crate::model::{Axis, Chart, ChartKind};
use crate::show::{Show, axis_label};

const LINE: f32 = WORDS * 1.5;
const LEGEND_MARK: f32 = 8.0;
/// Above the plot, so that the highest mark's words are not cut.
const TOP: f32 = 6.0;

/// Lays a chart out in a space; `measure` tells the width of words.
pub fn draw(chart: &Chart, show: Show, width: f32, height: f32, measure: &dyn Fn(&str) -> f32) -> Drawing {
    let mut shapes = Vec::new();
    let legend_lines = legend(chart, show, width, height, measure, &mut shapes);
    let (lowest, highest) = extent(chart);
    let marks = ticks(lowest, highest, chart.value);
    let words: Vec<String> = marks.iter().map(|mark| axis_label(show.locale, *mark, chart.value)).collect();
    let left = words.iter().map(|text| measure(text)).fold(0.0, f32::max) + 6.0;
    let plot = Plot {
        left,
        right: width - 4.0,
        top: TOP,
        bottom: height - LINE * (legend_lines + 1.0) - 4.0,
        low: marks.first().copied().unwrap_or_default(),
        high: marks.last().copied().unwrap_or(1.0),
        points: chart.axis.len(),
    };
    for (mark, text) in marks.iter().zip(words) {
        let y = plot.y(*mark);
        let is_axis = (*mark - plot.low.max(0.0)).abs() < f64::EPSILON;
        shapes.push(Shape::Rule { from: (plot.left, y), to: (plot.right, y), is_axis });
        shapes.push(Shape::Words { at: (plot.left - 5.0, y + WORDS * 0.35), anchor: Anchor::End, text });
    }
    names(chart, show, &plot, measure, &mut shapes);
    match chart.kind {
        ChartKind::Line => lines(chart, &plot, &mut shapes),
        ChartKind::Bar => bars(chart, &plot, &mut shapes),
        ChartKind::StackedBar => stacks(chart, &plot, &mut shapes),
    }
    Drawing { width, height, shapes, colors: palette(&chart.series) }
}

struct Plot {
    left: f32,
    right: f32,
    top: f32,
    bottom: f32,
    low: f64,
    high: f64,
    points: usize,
}

impl Plot {
    #[expect(clippy::cast_possible_truncation, reason = "a place on a page")]
    fn y(&self, value: f64) -> f32 {
        let share = ((value - self.low) / (self.high - self.low)) as f32;
        self.bottom - share * (self.bottom - self.top)
    }

    /// The width of one point's share of the axis.
    #[expect(clippy::cast_precision_loss, reason = "at most a few hundred points")]
    fn slot(&self) -> f32 {
        (self.right - self.left) / self.points as f32
    }

    /// The middle of a point's share.
    #[expect(clippy::cast_precision_loss, reason = "at most a few hundred points")]
    fn x(&self, point: usize) -> f32 {
        self.left + self.slot() * (point as f32 + 0.5)
    }
}

/// The lowest and the highest value, with zero.
fn extent(chart: &Chart) -> (f64, f64) {
    let sums: Vec<f64> = match chart.kind {
        ChartKind::StackedBar => (0..chart.axis.len())
            .map(|point| chart.series.iter().filter_map(|series| series.values[point]).sum())
            .collect(),
        _ => chart.series.iter().flat_map(|series| series.values.iter().flatten().copied()).collect(),
    };
    sums.iter().fold((0.0, 0.0), |(low, high), value| (value.min(low), value.max(high)))
}

/// Marks and names of the series along the bottom; the answer is how many lines they take.
fn legend(
    chart: &Chart,
    show: Show,
    width: f32,
    height: f32,
    measure: &dyn Fn(&str) -> f32,
    shapes: &mut Vec<Shape>,
) -> f32 {
    let mut lines: Vec<Vec<(usize, f32, &str)>> = vec![Vec::new()];
    let mut x = 4.0;
    for (index, series) in chart.series.iter().enumerate() {
        let name = series.label.get(show.locale);
        let wide = LEGEND_MARK + 4.0 + measure(name) + 14.0;
        if x + wide > width && x > 4.0 {
            lines.push(Vec::new());
            x = 4.0;
        }
        lines.last_mut().expect("there is a first line").push((index, x, name));
        x += wide;
    }
    let mut y = height - 4.0;
    for line in lines.iter().rev() {
        for (index, x, name) in line {
            let mark = LEGEND_MARK;
            shapes.push(Shape::Bar { at: (*x, y - mark + 1.0), size: (mark, mark), color: *index });
            shapes.push(Shape::Words { at: (x + mark + 4.0, y), anchor: Anchor::Start, text: (*name).to_owned() });
        }
        y -= LINE;
    }
    #[expect(clippy::cast_precision_loss, reason = "at most eight lines")]
    let taken = lines.len() as f32;
    taken
}

/// The names under the axis: all of them, or every second, third… so that none touches the next.
fn names(chart: &Chart, show: Show, plot: &Plot, measure: &dyn Fn(&str) -> f32, shapes: &mut Vec<Shape>) {
    let names: Vec<String> = match &chart.axis {
        Axis::Dates(dates) => dates.iter().map(|date| show.short_date(*date)).collect(),
        Axis::Labels(labels) => labels.iter().map(|label| label.get(show.locale).to_owned()).collect(),
    };
    let widest = names.iter().map(|name| measure(name)).fold(0.0, f32::max) + 6.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
    let every = ((widest / plot.slot()).ceil() as usize).max(1);
    // Names of things are all needed: those that are too long are cut instead.
    let every = if matches!(chart.axis, Axis::Labels(_)) && plot.slot() > 30.0 { 1 } else { every };
    for (point, name) in names.into_iter().enumerate().step_by(every) {
        let room = plot.slot() * if every == 1 { 1.0 } else { 2.0 } - 4.0;
        let text = if every == 1 { fit(&name, room, measure) } else { name };
        let at = (plot.x(point), plot.bottom + LINE);
        shapes.push(Shape::Words { at, anchor: Anchor::Middle, text });
    }
}

/// The longest beginning that fits, with an ellipsis.
fn fit(name: &str, room: f32, measure: &dyn Fn(&str) -> f32) -> String {
    if measure(name) <= room {
        return name.to_owned();
    }
    let ends = name.char_indices().map(|(at, _)| at).rev();
    ends.map(|end| format!("{}…", &name[..end])).find(|text| measure(text) <= room).unwrap_or_default()
}

fn lines(chart: &Chart, plot: &Plot, shapes: &mut Vec<Shape>) {
    for (color, series) in chart.series.iter().enumerate() {
        // A gap ends one stretch and begins the next.
        for stretch in series.values.iter().enumerate().collect::<Vec<_>>().split(|(_, value)| value.is_none()) {
            let points: Vec<(f32, f32)> = stretch
                .iter()
                .filter_map(|(point, value)| value.map(|value| (plot.x(*point), plot.y(value))))
                .collect();
            if points.len() == 1 || plot.points <= 31 {
                shapes.extend(points.iter().map(|at| Shape::Dot { at: *at, color }));
            }
            if points.len() > 1 {
                shapes.push(Shape::Path { points, color });
            }
        }
    }
}

fn bars(chart: &Chart, plot: &Plot, shapes: &mut Vec<Shape>) {
    #[expect(clippy::cast_precision_loss, reason = "at most eight series")]
    let wide = (plot.slot() * 0.7 / chart.series.len() as f32).min(36.0);
    #[expect(clippy::cast_precision_loss, reason = "at most eight series")]
    let half = wide * chart.series.len() as f32 / 2.0;
    for (color, series) in chart.series.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "at most eight series")]
        let offset = wide * color as f32 - half;
        for (point, value) in series.values.iter().enumerate() {
            if let Some(value) = value.filter(|value| *value > 0.0) {
                let top = plot.y(value);
                let at = (plot.x(point) + offset, top);
                shapes.push(Shape::Bar { at, size: (wide - 1.0, plot.bottom - top), color });
            }
        }
    }
}

fn stacks(chart: &Chart, plot: &Plot, shapes: &mut Vec<Shape>) {
    let wide = (plot.slot() * 0.7).min(48.0);
    for point in 0..plot.points {
        let mut below = 0.0;
        for (color, series) in chart.series.iter().enumerate() {
            let Some(value) = series.values[point].filter(|value| *value > 0.0) else { continue };
            let (bottom, top) = (plot.y(below), plot.y(below + value));
            shapes.push(Shape::Bar { at: (plot.x(point) - wide / 2.0, top), size: (wide, bottom - top), color });
            below += value;
        }
    }
}
