//! `queue_minutes`: what happened to jobs of a kind on a queue in a minute.

use super::Histogram;
use crate::db::Cached;
use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, Integer, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use std::collections::BTreeMap;

macro_rules! outcomes {
    ($($(#[doc = $meaning:literal])+ $variant:ident = $word:literal;)*) => {
        /// How an attempt ended, or a job that never ran.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Outcome {
            $($(#[doc = $meaning])+ $variant,)*
        }

        impl Outcome {
            /// Every outcome, in the order of [`Minute::outcomes`].
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its column.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }
    };
}

outcomes! {
    /// The handler succeeded.
    Completed = "completed";
    /// It failed, and is tried again.
    Retried = "retried";
    /// It failed for good.
    Dead = "dead";
    /// It was called off.
    Cancelled = "cancelled";
    /// Its handler put it off.
    Snoozed = "snoozed";
    /// Its worker died or stalled; it is tried again.
    Crashed = "crashed";
    /// Its worker died or stalled once too often.
    Quarantined = "quarantined";
    /// It still waited at its `expires_at`.
    Expired = "expired";
    /// A run reported after it had lost its lease; it changed nothing.
    Stale = "stale";
}

impl Outcome {
    /// How many there are.
    pub const COUNT: usize = Self::ALL.len();
}

/// What happened to jobs of one kind in one minute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Minute {
    /// Counts in the order of [`Outcome::ALL`].
    pub outcomes: [u64; Outcome::COUNT],
    /// From being due to being fetched, of every attempt.
    pub waiting: Histogram,
    /// From being fetched to the handler's end, of every attempt whose handler ended.
    pub running: Histogram,
}

impl Minute {
    /// The count of an outcome.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome as usize]
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.outcomes.iter_mut().zip(&other.outcomes) {
            *mine += theirs;
        }
        self.waiting.merge(&other.waiting);
        self.running.merge(&other.running);
    }
}

/// Adds what happened on a queue, by the start of the minute and the kind: one statement, whose rows come in one order,
/// so that two writers cannot wait for each other.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn add_minutes(
    connection: &mut AsyncPgConnection,
    queue: &str,
    minutes: &BTreeMap<(DateTime<Utc>, String), Minute>,
) -> Result<(), diesel::result::Error> {
    if minutes.is_empty() {
        return Ok(());
    }
    let column = |outcome: Outcome| minutes.values().map(|minute| signed(minute.count(outcome))).collect::<Vec<_>>();
    let columns: Vec<_> = Outcome::ALL.iter().map(|outcome| outcome.as_str()).collect();
    let numbers: Vec<_> = (4..4 + Outcome::COUNT).map(|number| format!("${number}")).collect();
    let sums: Vec<_> = columns.iter().map(|column| format!("{column} = old.{column} + excluded.{column}")).collect();
    let (columns, numbers, sums) = (columns.join(", "), numbers.join(", "), sums.join(", "));
    let (waiting, running) = (4 + Outcome::COUNT, 5 + Outcome::COUNT);
    let statement = format!(
        "insert into queue_minutes as old (queue, minute, kind, {columns}, waiting, running)
         select $1, minute, kind, {columns}, waiting::integer[], running::integer[]
         from unnest($2, $3, {numbers}, ${waiting}, ${running}) as new (minute, kind, {columns}, waiting, running)
         order by minute, kind
         on conflict (minute, queue, kind) do update set {sums},
             waiting = add_histograms(old.waiting, excluded.waiting),
             running = add_histograms(old.running, excluded.running)"
    );
    let mut query = diesel::sql_query(statement)
        .into_boxed::<diesel::pg::Pg>()
        .bind::<Text, _>(queue)
        .bind::<Array<Timestamptz>, _>(minutes.keys().map(|(minute, _)| *minute).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(minutes.keys().map(|(_, kind)| kind.as_str()).collect::<Vec<_>>());
    for outcome in Outcome::ALL {
        query = query.bind::<Array<Integer>, _>(column(*outcome));
    }
    let query = query
        .bind::<Array<Text>, _>(minutes.values().map(|minute| array(&minute.waiting)).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(minutes.values().map(|minute| array(&minute.running)).collect::<Vec<_>>());
    Cached(query).execute(connection).await?;
    Ok(())
}

/// As PostgreSQL writes an array.
fn array(histogram: &Histogram) -> String {
    let counts: Vec<_> = histogram.counts().iter().map(ToString::to_string).collect();
    format!("{{{}}}", counts.join(","))
}

fn signed(count: u64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
