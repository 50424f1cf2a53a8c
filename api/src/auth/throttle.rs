//! Slows down the guessing of passwords: so many wrong ones per address and minute.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Wrong passwords per address and window.
const MOST: u32 = 10;
/// The window.
const WINDOW: Duration = Duration::from_mins(1);
/// Addresses that are remembered at once. When there are more, the windows that are over are forgotten, then all.
const REMEMBERED: usize = 10_000;

/// Wrong passwords of this process.
#[derive(Default)]
pub struct Throttle(Mutex<HashMap<String, (Instant, u32)>>);

impl Throttle {
    /// In how many seconds that address may be tried again, if not now.
    #[must_use]
    pub fn wait(&self, email: &str) -> Option<u32> {
        let tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (start, wrong) = tries.get(&email.to_lowercase())?;
        let left = WINDOW.checked_sub(start.elapsed())?;
        (*wrong >= MOST).then(|| u32::try_from(left.as_secs()).unwrap_or(u32::MAX).saturating_add(1))
    }

    /// Notes a wrong password.
    pub fn note(&self, email: &str) {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.len() >= REMEMBERED {
            tries.retain(|_, (start, _)| start.elapsed() < WINDOW);
            if tries.len() >= REMEMBERED {
                tries.clear();
            }
        }
        let entry = tries.entry(email.to_lowercase()).or_insert_with(|| (Instant::now(), 0));
        if entry.0.elapsed() >= WINDOW {
            *entry = (Instant::now(), 0);
        }
        entry.1 += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_slowed_down_whatever_its_case_and_others_are_not() {
        let throttle = Throttle::default();
        for _ in 0..MOST {
            assert_eq!(throttle.wait("a@example.org"), None);
            throttle.note("A@example.org");
        }
        assert!(throttle.wait("a@EXAMPLE.org").is_some_and(|seconds| (1..=60).contains(&seconds)));
        assert_eq!(throttle.wait("b@example.org"), None);
    }
}
