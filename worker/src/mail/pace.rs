//! Domains whose servers asked us to slow down: one message per interval, for all workers together.
//!
//! The interval doubles with each such answer and halves with each message that is accepted, so it settles around what
//! the domain takes; a domain that takes mail without complaint has no row.

use diesel::{
    QueryableByName,
    sql_types::{Double, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rand::Rng;
use std::time::Duration;

/// How many intervals those who have to wait spread over, so that they do not all come back at once.
const SPREAD: f64 = 8.0;

/// Takes the domain's next place, if it is due. A first answer of 1 s, and at most 10 minutes between two messages.
const SLOW_DOWN: &str = "
    insert into email_domains (domain, interval_ms, next_at, slowed_at, reply)
    values ($1, 1000, now() + interval '1 second', now(), $2)
    on conflict (domain) do update set
        interval_ms = least(600000, email_domains.interval_ms * 2),
        next_at = now() + make_interval(secs => least(600000, email_domains.interval_ms * 2) / 1000.0),
        slowed_at = now(),
        reply = excluded.reply
    -- Answers to messages that were under way at the same time count once.
    where email_domains.slowed_at < now() - make_interval(secs => email_domains.interval_ms / 1000.0)";

const TAKE: &str = "
    with taken as (
        update email_domains set next_at = now() + make_interval(secs => interval_ms / 1000.0)
        where domain = $1 and next_at <= now()
        returning domain)
    select greatest(0, extract(epoch from next_at - now()))::double precision as wait_s,
        interval_ms / 1000.0::double precision as interval_s
    from email_domains where domain = $1 and not exists (select from taken)";

const FORGET: &str = "delete from email_domains where domain = $1 and interval_ms <= 125";

const EASE: &str = "
    update email_domains set interval_ms = interval_ms / 2,
        next_at = least(next_at, now() + make_interval(secs => interval_ms / 2000.0))
    where domain = $1";

#[derive(QueryableByName)]
struct Busy {
    #[diesel(sql_type = Double)]
    wait_s: f64,
    #[diesel(sql_type = Double)]
    interval_s: f64,
}

/// Takes the domain's next place. `Some`: it is not its time yet; come back after that pause.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn take(connection: &mut AsyncPgConnection, domain: &str) -> diesel::QueryResult<Option<Duration>> {
    let busy: Vec<Busy> = diesel::sql_query(TAKE).bind::<Text, _>(domain).load(connection).await?;
    Ok(busy.into_iter().next().map(|Busy { wait_s, interval_s }| {
        let spread = interval_s * SPREAD * rand::rng().random::<f64>();
        Duration::from_secs_f64((wait_s + spread).clamp(0.05, 3_600.0))
    }))
}

/// Notes that the domain's server asked us to slow down.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn slow_down(connection: &mut AsyncPgConnection, domain: &str, reply: &str) -> diesel::QueryResult<()> {
    diesel::sql_query(SLOW_DOWN).bind::<Text, _>(domain).bind::<Text, _>(reply).execute(connection).await?;
    Ok(())
}

/// Notes that a domain that had to be slow has taken a message.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn ease(connection: &mut AsyncPgConnection, domain: &str) -> diesel::QueryResult<()> {
    if diesel::sql_query(FORGET).bind::<Text, _>(domain).execute(connection).await? == 0 {
        diesel::sql_query(EASE).bind::<Text, _>(domain).execute(connection).await?;
    }
    Ok(())
}
