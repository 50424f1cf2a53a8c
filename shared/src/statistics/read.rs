//! What was counted, as it is told.

use super::{Histogram, Minute, Outcome};
use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Bool, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use std::collections::BTreeMap;

/// What happened on a queue to jobs of a kind.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// In the last hour.
    pub hour: Minute,
    /// In the last day, that hour included.
    pub day: Minute,
}

impl Totals {
    /// Adds all of another.
    pub fn merge(&mut self, other: &Self) {
        self.hour.merge(&other.hour);
        self.day.merge(&other.day);
    }
}

#[derive(QueryableByName)]
struct Counts {
    #[diesel(sql_type = Text)]
    queue: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Bool)]
    recent: bool,
    #[diesel(sql_type = Array<BigInt>)]
    outcomes: Vec<i64>,
}

#[derive(QueryableByName)]
struct Bucket {
    #[diesel(sql_type = Text)]
    queue: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Bool)]
    recent: bool,
    #[diesel(sql_type = BigInt)]
    place: i64,
    #[diesel(sql_type = BigInt)]
    waiting: i64,
    #[diesel(sql_type = BigInt)]
    running: i64,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Timestamptz)]
    minute: DateTime<Utc>,
    #[diesel(sql_type = Array<Integer>)]
    outcomes: Vec<i32>,
    #[diesel(sql_type = Array<Integer>)]
    waiting: Vec<i32>,
    #[diesel(sql_type = Array<Integer>)]
    running: Vec<i32>,
}

const BUCKETS: &str = "
    select queue, kind, minute >= now() - interval '1 hour' as recent, place,
        coalesce(sum(w), 0)::bigint as waiting, coalesce(sum(r), 0)::bigint as running
    from queue_minutes, unnest(waiting, running) with ordinality as buckets (w, r, place)
    where minute >= now() - interval '1 day'
    group by 1, 2, 3, 4";

/// What happened in the last hour and day, by queue and kind. It reads every minute of the day: some 1,440 short rows for
/// each kind that was busy all day.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn totals(connection: &mut AsyncPgConnection) -> QueryResult<BTreeMap<(String, String), Totals>> {
    let sums: Vec<_> = Outcome::ALL.iter().map(|outcome| format!("sum({})::bigint", outcome.as_str())).collect();
    let counts = format!(
        "select queue, kind, minute >= now() - interval '1 hour' as recent, array[{}] as outcomes
         from queue_minutes where minute >= now() - interval '1 day' group by 1, 2, 3",
        sums.join(", ")
    );
    let mut totals: BTreeMap<(String, String), Totals> = BTreeMap::new();
    for row in diesel::sql_query(counts).load::<Counts>(connection).await? {
        let total = totals.entry((row.queue, row.kind)).or_default();
        for (at, count) in row.outcomes.into_iter().enumerate().take(Outcome::COUNT) {
            total.day.outcomes[at] += unsigned(count);
            if row.recent {
                total.hour.outcomes[at] += unsigned(count);
            }
        }
    }
    for row in diesel::sql_query(BUCKETS).load::<Bucket>(connection).await? {
        let total = totals.entry((row.queue, row.kind)).or_default();
        let at = usize::try_from(row.place - 1).unwrap_or(Histogram::BUCKETS);
        let (waiting, running) = (unsigned(row.waiting), unsigned(row.running));
        total.day.waiting.add_to_bucket(at, waiting);
        total.day.running.add_to_bucket(at, running);
        if row.recent {
            total.hour.waiting.add_to_bucket(at, waiting);
            total.hour.running.add_to_bucket(at, running);
        }
    }
    Ok(totals)
}

/// The minutes in `[from, to)` in which something happened, oldest first; of all queues and kinds together, or of one.
/// The caller bounds the range.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn minutes(
    connection: &mut AsyncPgConnection,
    queue: Option<&str>,
    kind: Option<&str>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> QueryResult<BTreeMap<DateTime<Utc>, Minute>> {
    let outcomes: Vec<_> = Outcome::ALL.iter().map(|outcome| outcome.as_str()).collect();
    let query = format!(
        "select minute, array[{}] as outcomes, waiting, running from queue_minutes
         where minute >= $1 and minute < $2 and ($3 is null or queue = $3) and ($4 is null or kind = $4)",
        outcomes.join(", ")
    );
    let rows: Vec<Row> = diesel::sql_query(query)
        .bind::<Timestamptz, _>(from)
        .bind::<Timestamptz, _>(to)
        .bind::<Nullable<Text>, _>(queue)
        .bind::<Nullable<Text>, _>(kind)
        .load(connection)
        .await?;
    let mut minutes: BTreeMap<DateTime<Utc>, Minute> = BTreeMap::new();
    for row in rows {
        let outcomes = outcomes_of(&row.outcomes);
        let histogram = |counts: Vec<i32>| Histogram::of(counts.into_iter().map(|n| unsigned(n.into())).collect());
        let minute = Minute { outcomes, waiting: histogram(row.waiting), running: histogram(row.running) };
        minutes.entry(row.minute).or_default().merge(&minute);
    }
    Ok(minutes)
}

#[derive(QueryableByName)]
struct RecentRow {
    #[diesel(sql_type = Timestamptz)]
    minute: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    queue: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Array<Integer>)]
    outcomes: Vec<i32>,
}

/// The outcomes of the minutes that began after `from`, by minute, queue and kind; without histograms.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn recent(
    connection: &mut AsyncPgConnection,
    from: DateTime<Utc>,
) -> QueryResult<BTreeMap<(DateTime<Utc>, String, String), Minute>> {
    let outcomes: Vec<_> = Outcome::ALL.iter().map(|outcome| outcome.as_str()).collect();
    let query = format!(
        "select minute, queue, kind, array[{}] as outcomes from queue_minutes where minute > $1",
        outcomes.join(", ")
    );
    let rows: Vec<RecentRow> = diesel::sql_query(query).bind::<Timestamptz, _>(from).load(connection).await?;
    let minute = |row: RecentRow| {
        let minute = Minute { outcomes: outcomes_of(&row.outcomes), ..Minute::default() };
        ((row.minute, row.queue, row.kind), minute)
    };
    Ok(rows.into_iter().map(minute).collect())
}

fn outcomes_of(counts: &[i32]) -> [u64; Outcome::COUNT] {
    let mut outcomes = [0; Outcome::COUNT];
    outcomes.iter_mut().zip(counts).for_each(|(outcome, count)| *outcome = unsigned((*count).into()));
    outcomes
}

fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}
