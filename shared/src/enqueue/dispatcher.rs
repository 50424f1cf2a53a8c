//! The push that follows a commit.

use super::{Enqueued, PUSH_DEADLINE};
use gotong_queue::{Client, Micros, PushTerms};

/// Hands accepted jobs to Redis. Cheap to clone.
#[derive(Clone)]
pub struct Dispatcher {
    client: Client,
}

impl Dispatcher {
    /// Pushes through that client.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// The engine's client.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Redis time, from which a push's deadline is counted: to be asked for before the row is read or written.
    /// `None` when Redis does not answer; the push is then left to the relay.
    pub async fn clock(&self) -> Option<Micros> {
        self.client.time().await.ok()
    }

    /// Pushes what was accepted, once. Whatever Redis refuses or does not answer is left to the relay, so this never
    /// fails its caller.
    pub async fn push(&self, clock: Option<Micros>, enqueued: Enqueued) {
        let Some(clock) = clock else { return };
        for (queue, (epoch, jobs)) in enqueued.pushes {
            let Some(epoch) = epoch else { continue };
            let terms = PushTerms { epoch, deadline: clock.after(PUSH_DEADLINE) };
            if let Err(error) = self.client.push(&queue, &jobs, Some(&terms)).await {
                tracing::debug!(%queue, %error, jobs = jobs.len(), "push left to the relay");
            }
        }
    }
}
