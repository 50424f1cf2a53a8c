//! A moment that a worker and Redis both have a time for, by which the worker can tell when a later thing happened there.

use std::time::{Duration, Instant};

use crate::link::Live;

/// How long a moment counts: by then two clocks that run a little differently, as clocks do, are some milliseconds apart.
const FRESH: Duration = Duration::from_mins(1);

/// Redis's clock showed `there` at some time after `here`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    here: Instant,
    /// In ms, cut.
    there: u64,
    connection: u64,
}

impl Moment {
    /// `here`: when the command was sent; `there`: the time in its answer, in ms.
    pub(crate) fn new(live: &Live, here: Instant, there: u64) -> Self {
        Self { here, there, connection: live.serial() }
    }

    /// Whether it is of this connection, and so of this run of the server.
    pub(crate) fn is_of(&self, live: &Live) -> bool {
        self.connection == live.serial()
    }

    pub(crate) fn is_fresh(&self) -> bool {
        self.here.elapsed() < FRESH
    }

    /// What Redis's clock shows at most then, in ms.
    pub(crate) fn there(&self, here: Instant) -> u64 {
        let since = here.saturating_duration_since(self.here).as_millis();
        self.there + u64::try_from(since).unwrap_or(u64::MAX >> 16) + 1
    }

    /// The earliest at which Redis's clock can have shown this, in ms.
    pub(crate) fn here(&self, there: u64) -> Instant {
        self.here + Duration::from_millis(there.saturating_sub(self.there + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_to_the_safe_side() {
        let here = Instant::now();
        let moment = Moment { here, there: 1_000, connection: 1 };
        assert_eq!(moment.here(1_000), here);
        assert_eq!(moment.here(900), here, "a clock that was set back");
        assert_eq!(moment.here(3_000), here + Duration::from_millis(1_999));
        assert_eq!(moment.there(here + Duration::from_secs(2)), 3_001);
    }
}
