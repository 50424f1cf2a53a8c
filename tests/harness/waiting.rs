//! Waiting on conditions, with a bound.

use std::time::{Duration, Instant};

/// Long enough for anything that works, on a machine that does much else.
pub const LONG: Duration = Duration::from_mins(1);

/// Asks `condition` again and again until it answers; panics with `what` when `bound` is over.
///
/// # Panics
/// When the condition does not come true in time.
pub async fn eventually<T>(what: &str, bound: Duration, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = condition().await {
            return answer;
        }
        assert!(start.elapsed() < bound, "not within {bound:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
