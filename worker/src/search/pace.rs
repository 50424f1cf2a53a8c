//! How many writes are under way at once: one more after a series of good ones, half as many after one that the index
//! was too busy for (additive increase, multiplicative decrease), with a pause that doubles while it stays busy.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

/// The most writes at once.
const MOST: usize = 4;
/// So many good ones in a row allow one more at once.
const SERIES: usize = 8;
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The pace of all writes of a process.
#[derive(Default)]
pub struct Pace {
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    under_way: usize,
    limit: usize,
    good: usize,
    busy: u32,
    pause_until: Instant,
}

impl Default for State {
    fn default() -> Self {
        Self { under_way: 0, limit: 2, good: 0, busy: 0, pause_until: Instant::now() }
    }
}

impl State {
    fn note_good(&mut self) {
        self.busy = 0;
        self.good += 1;
        if self.good >= SERIES {
            self.good = 0;
            self.limit = (self.limit + 1).min(MOST);
        }
    }

    fn note_busy(&mut self, now: Instant) {
        // What failed together with the last is not counted again.
        if now < self.pause_until {
            return;
        }
        self.good = 0;
        self.limit = (self.limit / 2).max(1);
        self.pause_until = now + LONGEST_PAUSE.min(SHORTEST_PAUSE * 2u32.saturating_pow(self.busy.min(10)));
        self.busy += 1;
    }
}

impl Pace {
    /// Waits for a place among the writes.
    pub async fn enter(self: &Arc<Self>) -> Place {
        loop {
            let changed = self.changed.notified();
            let pause = {
                let mut state = self.lock();
                let now = Instant::now();
                if now >= state.pause_until && state.under_way < state.limit {
                    state.under_way += 1;
                    return Place(Arc::clone(self));
                }
                (now < state.pause_until).then_some(state.pause_until)
            };
            match pause {
                Some(end) => sleep_until(end).await,
                None => changed.await,
            }
        }
    }

    /// The index took what it was given.
    pub fn good(&self) {
        self.lock().note_good();
    }

    /// The index was too busy, or did not answer.
    pub fn busy(&self) {
        self.lock().note_busy(Instant::now());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A write's place, until it is dropped.
pub struct Place(Arc<Pace>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.lock().under_way -= 1;
        self.0.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_index_is_written_to_less_and_a_good_one_more() {
        let mut state = State { limit: MOST, ..State::default() };
        let start = Instant::now();
        state.note_busy(start);
        assert_eq!((state.limit, state.pause_until), (2, start + SHORTEST_PAUSE));
        state.note_busy(start);
        assert_eq!(state.limit, 2, "one pause for what failed together");
        state.note_busy(start + Duration::from_secs(1));
        assert_eq!((state.limit, state.pause_until), (1, start + Duration::from_secs(1) + SHORTEST_PAUSE * 2));
        for n in 0..20 {
            state.note_busy(start + Duration::from_secs(10 * (n + 1)));
        }
        assert_eq!(state.pause_until, start + Duration::from_secs(200) + LONGEST_PAUSE);
        for _ in 0..SERIES * 10 {
            state.note_good();
        }
        assert_eq!((state.limit, state.busy), (MOST, 0));
    }

    #[tokio::test]
    async fn no_more_than_the_limit_are_under_way() {
        let pace = Arc::new(Pace::default());
        let (first, _second) = (pace.enter().await, pace.enter().await);
        let third = tokio::spawn({
            let pace = Arc::clone(&pace);
            async move { drop(pace.enter().await) }
        });
        tokio::task::yield_now().await;
        assert!(!third.is_finished());
        drop(first);
        third.await.unwrap();
    }
}
