//! One look-up for all who ask for the same thing at the same time. Unlike a cache it never gives an answer that is
//! older than the question: whoever comes while a look-up is under way waits for the next one.

use std::{
    hash::{BuildHasher, Hash, RandomState},
    sync::atomic::{AtomicU64, Ordering},
};
use tokio::sync::Mutex;

/// Questions of other keys wait for each other in as many rows.
const ROWS: usize = 256;

/// Look-ups by key. Its size does not depend on how many keys there are.
pub struct Gathered<K, V> {
    rows: Vec<Row<K, V>>,
    hasher: RandomState,
}

struct Row<K, V> {
    /// How many look-ups have begun.
    begun: AtomicU64,
    last: Mutex<Option<Found<K, V>>>,
}

struct Found<K, V> {
    key: K,
    /// Which look-up of its row found it.
    number: u64,
    value: V,
}

impl<K, V> Default for Gathered<K, V> {
    fn default() -> Self {
        let row = || Row { begun: AtomicU64::new(0), last: Mutex::new(None) };
        Self { rows: (0..ROWS).map(|_| row()).collect(), hasher: RandomState::new() }
    }
}

impl<K: Eq + Hash, V: Clone> Gathered<K, V> {
    /// What a look-up found that began after this call; `look_up` is it, unless somebody else's did.
    pub async fn get(&self, key: K, look_up: impl AsyncFnOnce(&K) -> V) -> V {
        let place = usize::try_from(self.hasher.hash_one(&key) % ROWS as u64).unwrap_or_default();
        let row = &self.rows[place];
        let before = row.begun.load(Ordering::Acquire);
        let mut last = row.last.lock().await;
        if let Some(found) = &*last
            && found.number > before
            && found.key == key
        {
            return found.value.clone();
        }
        let number = row.begun.fetch_add(1, Ordering::AcqRel) + 1;
        let value = look_up(&key).await;
        *last = Some(Found { key, number, value: value.clone() });
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tokio::{sync::Semaphore, task::yield_now};

    #[tokio::test]
    async fn a_crowd_shares_the_look_up_after_the_one_under_way() {
        let gathered: Arc<Gathered<&str, u32>> = Arc::default();
        let (calls, gate) = (Arc::new(AtomicU64::new(0)), Arc::new(Semaphore::new(0)));
        let ask = || {
            let (gathered, calls, gate) = (Arc::clone(&gathered), Arc::clone(&calls), Arc::clone(&gate));
            tokio::spawn(async move {
                let look_up = async |_: &&str| {
                    let number = calls.fetch_add(1, Ordering::AcqRel) + 1;
                    gate.acquire().await.expect("it is open").forget();
                    u32::try_from(number).unwrap()
                };
                gathered.get("key", look_up).await
            })
        };
        let first = ask();
        while calls.load(Ordering::Acquire) == 0 {
            yield_now().await;
        }
        let crowd: Vec<_> = (0..20).map(|_| ask()).collect();
        yield_now().await;
        gate.add_permits(2);
        assert_eq!(first.await.unwrap(), 1);
        for one in crowd {
            assert_eq!(one.await.unwrap(), 2, "an answer that began before the question is none");
        }
        gate.add_permits(1);
        assert_eq!(ask().await.unwrap(), 3, "nothing is kept");
    }
}
