//! Hears of changes of schedules, on a connection of its own.

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures::{FutureExt, StreamExt};
use gotong_shared::{db::Database, scheduled::CHANNEL};
use std::{future, pin::pin, time::Duration};
use tokio::time::{Instant, timeout};

/// After a failure it is not tried again for so long: without it the loop is slow to hear of changes, and no more.
const PATIENCE: Duration = Duration::from_secs(5);

/// Listens, as long as PostgreSQL lets it.
pub(super) struct Listener {
    database: Database,
    connection: Option<AsyncPgConnection>,
    not_before: Instant,
}

impl Listener {
    pub(super) fn new(database: Database) -> Self {
        Self { database, connection: None, not_before: Instant::now() }
    }

    /// Begins to listen, if it does not listen yet.
    pub(super) async fn listen(&mut self) {
        if self.connection.is_some() || Instant::now() < self.not_before {
            return;
        }
        match timeout(PATIENCE, self.connect()).await {
            Ok(Ok(connection)) => self.connection = Some(connection),
            Ok(Err(why)) => self.give_up(&why),
            Err(_) => self.give_up("PostgreSQL gave no answer"),
        }
    }

    async fn connect(&self) -> Result<AsyncPgConnection, String> {
        let mut connection = self.database.own_connection().await.map_err(|error| error.to_string())?;
        connection.batch_execute(&format!("listen {CHANNEL}")).await.map_err(|error| error.to_string())?;
        Ok(connection)
    }

    fn give_up(&mut self, why: &str) {
        tracing::debug!(why, "changes of schedules are not heard of");
        self.connection = None;
        self.not_before = Instant::now() + PATIENCE;
    }

    /// Waits for a change; for ever, where it cannot listen.
    pub(super) async fn heard(&mut self) {
        let Some(connection) = &mut self.connection else { return future::pending().await };
        if !is_told(connection).await {
            self.give_up("the connection broke");
        }
    }
}

/// Waits for a notification, and takes all that came with it: one look serves them all. False: the connection broke.
async fn is_told(connection: &mut AsyncPgConnection) -> bool {
    let mut changes = pin!(connection.notifications_stream());
    let mut next = changes.next().await;
    loop {
        match next {
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return false,
        }
        match changes.next().now_or_never() {
            None => return true,
            Some(another) => next = another,
        }
    }
}
