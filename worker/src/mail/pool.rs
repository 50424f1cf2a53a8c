//! Connections that are kept for the next message.

use super::connection::{ConnectError, Server};
use lettre::transport::smtp::{client::AsyncSmtpConnection, commands::Rset};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// How long a connection may rest: servers end idle ones after a minute or more.
const REST: Duration = Duration::from_secs(30);
/// How many messages go through one connection: some servers take no more.
const MESSAGES: u32 = 100;
/// How long a server may take to forget a transaction.
const RESET: Duration = Duration::from_secs(10);

/// The connections of one worker to its server. Cheap to clone.
#[derive(Clone)]
pub struct Pool(Arc<Shared>);

struct Shared {
    server: Server,
    places: Arc<Semaphore>,
    resting: Mutex<Vec<Resting>>,
}

struct Resting {
    connection: AsyncSmtpConnection,
    since: Instant,
    messages: u32,
}

/// A connection in use. What is not given back is closed.
pub struct Held {
    /// The connection.
    pub connection: AsyncSmtpConnection,
    /// Whether it has served before, so that its server may have ended it meanwhile.
    pub is_used: bool,
    messages: u32,
    pool: Pool,
    _place: OwnedSemaphorePermit,
}

impl Pool {
    /// At most `size` connections at once.
    #[must_use]
    pub fn new(server: Server, size: usize) -> Self {
        let places = Arc::new(Semaphore::new(size));
        Self(Arc::new(Shared { server, places, resting: Mutex::default() }))
    }

    /// A connection: one that rests, or a new one. Waits while all are in use.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn get(&self) -> Result<Held, ConnectError> {
        self.hold(true).await
    }

    /// A new connection, whatever rests.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn fresh(&self) -> Result<Held, ConnectError> {
        self.hold(false).await
    }

    async fn hold(&self, may_be_used: bool) -> Result<Held, ConnectError> {
        let place = Arc::clone(&self.0.places).acquire_owned().await;
        let place = place.map_err(|_| ConnectError("the pool is closed".into()))?;
        let rested = if may_be_used { self.rested() } else { None };
        let (connection, messages) = match rested {
            Some(resting) => (resting.connection, resting.messages),
            None => (self.0.server.connect().await?, 0),
        };
        Ok(Held { connection, is_used: messages > 0, messages, pool: self.clone(), _place: place })
    }

    /// The connection that has rested the shortest; those that have rested too long are closed.
    fn rested(&self) -> Option<Resting> {
        let mut resting = self.0.resting.lock().unwrap_or_else(PoisonError::into_inner);
        resting.retain(|each| each.since.elapsed() < REST);
        resting.pop()
    }
}

impl Held {
    /// Keeps it for the next message, after one that was handed over.
    pub fn give_back(self) {
        let messages = self.messages + 1;
        if messages >= MESSAGES || self.connection.has_broken() {
            return;
        }
        let resting = Resting { connection: self.connection, since: Instant::now(), messages };
        self.pool.0.resting.lock().unwrap_or_else(PoisonError::into_inner).push(resting);
    }

    /// Keeps it for the next message, after a transaction that was begun and not finished.
    pub async fn reset(mut self) {
        if let Ok(Ok(_)) = timeout(RESET, self.connection.command(Rset)).await {
            self.give_back();
        }
    }
}
