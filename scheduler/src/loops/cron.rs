//! Cron: turns the ticks of schedules into jobs, each tick once, however many schedulers run.
//!
//! Only PostgreSQL's clock counts. The loop sleeps until the next tick that it knows of; whoever changes a schedule wakes
//! it by a notification, and it looks every few seconds in any case.

mod claim;
mod decide;
mod listen;
mod queued;

use crate::{
    Resources, built_in,
    runner::{Loop, Pass, PassError},
};
use diesel::{
    QueryableByName,
    sql_types::{Bool, Double, Nullable},
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use gotong_shared::enqueue::Dispatcher;
use listen::Listener;
use std::time::Duration;
use tokio::time::sleep;

/// The longest sleep: what a notification that got lost can cost.
const LONGEST_REST: Duration = Duration::from_secs(5);
/// The longest sleep while a tick waits for the end of a job.
const QUEUED_REST: Duration = Duration::from_secs(1);
/// The shortest sleep: what is due and locked belongs to another scheduler, which will be done soon.
const SHORTEST_REST: Duration = Duration::from_millis(10);

/// A scheduler that is frozen in the middle of a claim must not hold its schedules for ever.
const NOT_FOR_LONG: &str = "set local idle_in_transaction_session_timeout = '5s'";

/// The cron loop.
pub struct Cron {
    resources: Resources,
    listener: Listener,
    has_built_ins: bool,
    rest: Duration,
}

impl Cron {
    /// Of all schedules.
    #[must_use]
    pub fn new(resources: Resources) -> Self {
        let listener = Listener::new(resources.database.clone());
        Self { resources, listener, has_built_ins: false, rest: SHORTEST_REST }
    }
}

impl Loop for Cron {
    fn name(&self) -> &'static str {
        "cron"
    }

    fn interval(&self) -> Duration {
        LONGEST_REST
    }

    async fn pass(&mut self) -> Result<Pass, PassError> {
        // Whatever is announced from here on ends the rest after this pass.
        self.listener.listen().await;
        let dispatcher = Dispatcher::new(self.resources.client.clone());
        let mut connection = self.resources.database.connection().await?;
        if !self.has_built_ins {
            built_in::add(&mut connection).await?;
            self.has_built_ins = true;
        }
        let clock = dispatcher.clock().await;
        let released = connection.transaction(async |connection| {
            connection.batch_execute(NOT_FOR_LONG).await?;
            queued::release(connection).await
        });
        let released = released.await?;
        let claimed = connection.transaction(async |connection| {
            connection.batch_execute(NOT_FOR_LONG).await?;
            claim::claim(connection).await
        });
        let claimed = claimed.await?;
        // Measured from PostgreSQL's clock, so that a wrong one here changes nothing.
        self.rest = rest(&mut connection).await?;
        drop(connection);
        claimed.log();
        let done = claimed.schedules + released.jobs;
        dispatcher.push(clock, released.enqueued).await;
        for enqueued in claimed.enqueued {
            dispatcher.push(clock, enqueued).await;
        }
        Ok(Pass { done, more: claimed.more })
    }

    async fn rest(&mut self) {
        tokio::select! {
            () = sleep(self.rest) => {}
            () = self.listener.heard() => {}
        }
    }
}

#[derive(QueryableByName)]
struct Ahead {
    /// Seconds until the next tick.
    #[diesel(sql_type = Nullable<Double>)]
    seconds: Option<f64>,
    #[diesel(sql_type = Bool)]
    has_queued: bool,
}

/// How long there is nothing to do.
async fn rest(connection: &mut AsyncPgConnection) -> Result<Duration, PassError> {
    let query = diesel::sql_query(
        "select extract(epoch from (select min(next_run_at) from schedules where enabled) - clock_timestamp())::float8
             as seconds,
             exists (select from schedules where queued_tick is not null and enabled) as has_queued",
    );
    let ahead: Ahead = query.get_result(connection).await?;
    let longest = if ahead.has_queued { QUEUED_REST } else { LONGEST_REST };
    let until_due = ahead.seconds.map_or(longest, |seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default());
    Ok(until_due.clamp(SHORTEST_REST, longest))
}
