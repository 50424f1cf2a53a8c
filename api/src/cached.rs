//! An answer that is made once for everybody who asks within a while, so that a crowd costs no more than one.

use std::{sync::Arc, time::Duration};
use tokio::{sync::Mutex, time::Instant};

/// The last answer, if it is young enough.
pub struct Cached<T> {
    lifetime: Duration,
    last: Mutex<Option<(Instant, Arc<T>)>>,
}

impl<T> Cached<T> {
    /// Answers that are good for that long.
    #[must_use]
    pub fn new(lifetime: Duration) -> Self {
        Self { lifetime, last: Mutex::new(None) }
    }

    /// The last answer, or else a new one. Whoever asks meanwhile waits for it; a failure is not kept.
    ///
    /// # Errors
    /// What making it ends in.
    pub async fn get<E>(&self, make: impl Future<Output = Result<T, E>>) -> Result<Arc<T>, E> {
        let mut last = self.last.lock().await;
        if let Some((made, answer)) = &*last
            && made.elapsed() < self.lifetime
        {
            return Ok(Arc::clone(answer));
        }
        let answer = Arc::new(make.await?);
        *last = Some((Instant::now(), Arc::clone(&answer)));
        Ok(answer)
    }

    /// Forgets the last answer: what it was made of has changed.
    pub async fn forget(&self) {
        *self.last.lock().await = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test]
    async fn a_crowd_costs_one_answer_and_a_failure_is_not_kept() {
        let cached = Cached::new(Duration::from_hours(1));
        let count = AtomicU32::new(0);
        let make = || async { Ok::<_, ()>(count.fetch_add(1, Ordering::Relaxed)) };
        assert!(cached.get(async { Err(()) }).await.is_err());
        let answers = futures::future::join_all((0..50).map(|_| cached.get(make()))).await;
        assert!(answers.into_iter().all(|answer| *answer.unwrap() == 0));
        cached.forget().await;
        assert_eq!(*cached.get(make()).await.unwrap(), 1);
    }
}
