//! Medians and percentiles.

use std::time::Duration;

/// The middle of some numbers, with the smallest and the greatest.
pub fn median(numbers: &[f64]) -> (f64, f64, f64) {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.as_slice() {
        [] => (0.0, 0.0, 0.0),
        [first, .., last] => (sorted[sorted.len() / 2], *first, *last),
        [only] => (*only, *only, *only),
    }
}

/// Prints a line: the median, and the spread in brackets. A ratio has no unit.
pub fn tell(what: &str, unit: &str, numbers: &[f64]) {
    let (middle, low, high) = median(numbers);
    let digits = if unit.is_empty() { 2 } else { 1 };
    println!("{what:<58} {middle:>10.digits$} {unit:<10} ({low:.digits$} to {high:.digits$})");
}

/// A count, to be divided.
#[allow(clippy::cast_precision_loss, reason = "counts of a benchmark")]
pub fn number(count: usize) -> f64 {
    count as f64
}

/// Each of ours by theirs of the same round.
pub fn ratios(ours: &[f64], theirs: &[f64]) -> Vec<f64> {
    ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect()
}

/// The time within which that share of the requests was answered, in milliseconds.
pub fn percentile(times: &mut [Duration], share: f64) -> f64 {
    if times.is_empty() {
        return 0.0;
    }
    times.sort_unstable();
    let last = times.len() - 1;
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place")]
    let place = (last as f64 * share).round() as usize;
    times[place.min(last)].as_secs_f64() * 1_000.0
}

/// The mean in milliseconds.
pub fn mean(times: &[Duration]) -> f64 {
    let count = u32::try_from(times.len()).unwrap_or(u32::MAX).max(1);
    (times.iter().sum::<Duration>() / count).as_secs_f64() * 1_000.0
}
