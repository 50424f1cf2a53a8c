//! Where an axis has its marks.

use crate::model::ColumnType;

/// Marks from the lowest to the highest, both at or beyond the values.
pub fn ticks(lowest: f64, highest: f64, kind: ColumnType) -> Vec<f64> {
    let whole = matches!(kind, ColumnType::Integer | ColumnType::Bytes | ColumnType::Duration);
    let (low, high) = if lowest < highest { (lowest, highest) } else { (lowest.min(0.0), highest.max(lowest + 1.0)) };
    let mut step = nice((high - low) / 5.0, kind);
    if whole {
        step = step.max(1.0);
    }
    let first = (low / step).floor();
    let last = (high / step).ceil();
    let mut ticks = Vec::new();
    let mut index = first;
    while index <= last {
        ticks.push(index * step);
        index += 1.0;
    }
    ticks
}

/// The next of 1, 2, 5 times a power of ten; for durations the next that a clock names.
fn nice(step: f64, kind: ColumnType) -> f64 {
    const CLOCK: [f64; 14] = [
        2_000.0,
        5_000.0,
        10_000.0,
        15_000.0,
        30_000.0,
        60_000.0,
        120_000.0,
        300_000.0,
        600_000.0,
        1_800_000.0,
        3_600_000.0,
        7_200_000.0,
        21_600_000.0,
        86_400_000.0,
    ];
    if kind == ColumnType::Duration && step > 1_000.0 {
        if let Some(next) = CLOCK.into_iter().find(|next| *next >= step) {
            return next;
        }
        return nice(step / 86_400_000.0, ColumnType::Integer) * 86_400_000.0;
    }
    let power = 10_f64.powf(step.log10().floor());
    let scaled = step / power;
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| scaled <= *factor * 1.000_001).unwrap_or(10.0);
    factor * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_reach_beyond_the_values() {
        let integer = ColumnType::Integer;
        assert_eq!(ticks(0.0, 9.0, integer), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ticks(0.0, 3.0, integer), [0.0, 1.0, 2.0, 3.0]);
        assert_eq!(ticks(0.0, 0.0, integer), [0.0, 1.0]);
        assert_eq!(ticks(0.0, 48_211.0, integer), [0.0, 10_000.0, 20_000.0, 30_000.0, 40_000.0, 50_000.0]);
        assert_eq!(ticks(-3.0, 4.0, ColumnType::Decimal { places: None }), [-4.0, -2.0, 0.0, 2.0, 4.0]);
        assert_eq!(ticks(0.0, 100_000.0, ColumnType::Duration), [0.0, 30_000.0, 60_000.0, 90_000.0, 120_000.0]);
    }
}
