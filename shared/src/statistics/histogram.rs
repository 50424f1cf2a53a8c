//! How long things took, in buckets whose bounds never change, so that histograms of different minutes can be added.

use std::time::Duration;

/// Counts of durations. Bucket 0 holds what took up to 1 ms; then there are two buckets to each doubling, so that the
/// upper bounds are 1, 2, 3, 4, 6, 8, 12, 16, 24 … 2^26 ms (18.6 hours); the last bucket holds everything longer.
/// A percentile is interpolated within its bucket, so it is at most half of itself off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram(Vec<u64>);

/// The greatest power of two that is a bound, in ms.
const GREATEST: u32 = 26;

impl Histogram {
    /// How many buckets there are, the open one included.
    pub const BUCKETS: usize = 2 * GREATEST as usize + 1;

    /// From the counts of its buckets; what is missing at the end is zero.
    #[must_use]
    pub fn of(mut counts: Vec<u64>) -> Self {
        counts.truncate(Self::BUCKETS);
        Self(counts)
    }

    /// Counts one.
    pub fn add(&mut self, time: Duration) {
        self.add_to_bucket(Self::bucket(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)), 1);
    }

    /// Counts some of one bucket; what lies past the last one counts there.
    pub fn add_to_bucket(&mut self, bucket: usize, count: u64) {
        if count == 0 {
            return;
        }
        let bucket = bucket.min(Self::BUCKETS - 1);
        if self.0.len() <= bucket {
            self.0.resize(bucket + 1, 0);
        }
        self.0[bucket] += count;
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine += theirs;
        }
    }

    /// The counts of its buckets, without the zeros at the end.
    #[must_use]
    pub fn counts(&self) -> &[u64] {
        &self.0
    }

    /// How many were counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The time in ms that the share `quantile` (0 to 1) does not exceed, interpolated within its bucket; `None` if
    /// nothing was counted.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts and bounds are far below 2^52")]
    pub fn quantile(&self, quantile: f64) -> Option<f64> {
        let total = self.total();
        let wanted = (total as f64 * quantile.clamp(0.0, 1.0)).max(f64::MIN_POSITIVE);
        let mut below = 0.0;
        for (bucket, count) in self.0.iter().enumerate().filter(|(_, count)| **count > 0) {
            let count = *count as f64;
            if below + count >= wanted {
                let low = if bucket == 0 { 0 } else { Self::bound(bucket - 1) };
                let high = Self::bound(bucket.min(Self::BUCKETS - 2));
                return Some(low as f64 + high.saturating_sub(low) as f64 * (wanted - below) / count);
            }
            below += count;
        }
        None
    }

    /// The upper bound of a bucket in ms, inclusive; of the last one, which has none, `u64::MAX`.
    #[must_use]
    pub fn bound(bucket: usize) -> u64 {
        match bucket {
            0 => 1,
            _ if bucket >= Self::BUCKETS - 1 => u64::MAX,
            _ => {
                let octave = 1_u64 << bucket.div_ceil(2);
                if bucket % 2 == 1 { octave } else { octave + octave / 2 }
            }
        }
    }

    fn bucket(ms: u64) -> usize {
        if ms <= 1 {
            return 0;
        }
        // Between 2^power, exclusive, and 2^(power + 1).
        let power = (ms - 1).ilog2();
        if power >= GREATEST {
            return Self::BUCKETS - 1;
        }
        let is_upper_half = power > 0 && 2 * ms > 3 << power;
        2 * power as usize + usize::from(is_upper_half || power == 0)
    }
}

#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small numbers"
)]
#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_bounds_are_as_documented() {
        let bounds: Vec<u64> = (0..10).map(Histogram::bound).collect();
        assert_eq!(bounds, [1, 2, 3, 4, 6, 8, 12, 16, 24, 32]);
        assert_eq!(Histogram::bound(Histogram::BUCKETS - 2), 1 << 26);
        assert_eq!(Histogram::bound(Histogram::BUCKETS - 1), u64::MAX);
        assert!((1..Histogram::BUCKETS).all(|n| Histogram::bound(n - 1) < Histogram::bound(n)));
    }

    proptest! {
        #[test]
        fn a_time_is_in_the_bucket_whose_bounds_hold_it(ms in prop_oneof![0_u64..200, 0_u64..1 << 30, any::<u64>()]) {
            let bucket = Histogram::bucket(ms);
            prop_assert!(ms <= Histogram::bound(bucket));
            prop_assert!(bucket == 0 || ms > Histogram::bound(bucket - 1));
        }

        #[test]
        fn a_percentile_is_near_the_true_one(mut times in prop::collection::vec(1_u64..1_000_000, 1..200)) {
            let mut histogram = Histogram::default();
            for ms in &times {
                histogram.add(Duration::from_millis(*ms));
            }
            times.sort_unstable();
            for quantile in [0.5, 0.95, 0.99, 1.0] {
                let rank = (times.len() as f64 * quantile).ceil().max(1.0) as usize;
                let (truth, told) = (times[rank - 1] as f64, histogram.quantile(quantile).unwrap());
                prop_assert!(told >= truth / 2.0 - 1.0 && told <= truth * 1.5 + 1.0, "{quantile}: {told} for {truth}");
            }
        }
    }

    #[test]
    fn histograms_add_up_whatever_their_lengths() {
        let one = |ms| {
            let mut histogram = Histogram::default();
            histogram.add(Duration::from_millis(ms));
            histogram
        };
        let mut sum = one(1);
        sum.merge(&one(5_000));
        sum.merge(&one(1));
        assert_eq!((sum.total(), sum.counts()[0]), (3, 2));
        assert_eq!(Histogram::default().quantile(0.5), None);
    }
}
