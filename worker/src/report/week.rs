//! The platform's week: the seven days that end with the day on which the report's range ends, beside the seven before.
//!
//! What queues did is read from the figures per minute, because jobs themselves are kept for a week only.

use super::shape::zone;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use gotong_report::weekly::{Backup, Day, Failure, KindWeek, Mail, Totals, Week};
use gotong_shared::{
    db::models::Report,
    reports::source::{Session, SourceError},
    statistics::Histogram,
};
use std::collections::BTreeMap;
use tokio_postgres::Row;

/// The figures, and of when they are.
pub struct Asked {
    /// From when on.
    pub from: DateTime<Utc>,
    /// Until when.
    pub until: DateTime<Utc>,
    /// The figures.
    pub week: Week,
}

const COUNTS: &str = "
    select (minute at time zone $3)::date, kind, sum(completed)::bigint, sum(dead + quarantined + expired)::bigint,
        sum(cancelled)::bigint, sum(retried + crashed)::bigint
    from queue_minutes where minute >= $1 and minute < $2 group by 1, 2 order by 1, 2";

const TIMES: &str = "
    select (minute at time zone $3)::date, kind, what, place - 1, sum(n)::bigint
    from queue_minutes, lateral (values ('wait', waiting), ('run', running)) as each (what, buckets),
        unnest(buckets) with ordinality as bucket (n, place)
    where minute >= $1 and minute < $2 and n > 0 group by 1, 2, 3, 4";

const FAILURES: &str = "
    select kind, max(error_class), (array_agg(error_message order by id desc))[1], error_fingerprint, count(*),
        max(coalesce(finished_at, created_at))
    from jobs
    where id >= uuid_floor($1) and id < uuid_floor($2) and error_fingerprint is not null
        and ($3::uuid is null or workspace_id = $3)
    group by kind, error_fingerprint order by count(*) desc, error_fingerprint limit 10";

const MAIL: &str = "
    select email.created_at >= $2 as this, count(*) filter (where state = 'sent'),
        count(*) filter (where state = 'bounced'), count(*) filter (where state = 'suppressed'),
        count(*) filter (where state = 'failed')
    from emails as email join email_recipients as recipient on recipient.email_id = email.id
    where email.id >= uuid_floor($1) and email.id < uuid_floor($3) and ($4::uuid is null or email.workspace_id = $4)
    group by 1";

const COMPLAINTS: &str = "
    select created_at >= $2, count(*) from suppressions
    where reason = 'complaint' and created_at >= $1 and created_at < $3 and ($4::uuid is null or workspace_id = $4)
    group by 1";

const SENT: &str = "
    select (sent_at at time zone $3)::date, count(*) from email_recipients
    where sent_at >= $1 and sent_at < $2 and ($4::uuid is null or workspace_id = $4)
        and email_id >= uuid_floor($1 - interval '7 days') and email_id < uuid_floor($2)
    group by 1";

/// A database that was backed up before, and not in the week, is listed with nothing: that is what one should see.
const BACKUPS: &str = "
    select target, count(*) filter (where created_at >= $1 and state in ('good', 'pruned')),
        count(*) filter (where created_at >= $1 and state = 'failed'),
        coalesce(sum((manifest #>> '{object,bytes}')::bigint) filter (where created_at >= $1), 0)::bigint,
        max(taken_at) filter (where state in ('good', 'pruned')), max(verified_at)
    from backups where created_at < $2 and created_at >= $1 - interval '90 days'
        and ($3::uuid is null or workspace_id = $3)
    group by target order by target";

/// Reads the figures of the week.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn ask(session: &Session, report: &Report) -> Result<Asked, SourceError> {
    let zone = zone(report);
    let last = (report.range_to - TimeDelta::microseconds(1)).with_timezone(&zone).date_naive();
    let first = last - Days::new(6);
    let (from, until) = (midnight(first, zone), midnight(last + Days::new(1), zone));
    let before = midnight(first - Days::new(7), zone);
    let minutes = minutes(session, before, until, zone).await?;
    let mut days = minutes.days(first);
    let sent = session.client.query(SENT, &[&from, &until, &zone.name(), &report.workspace_id]).await?;
    for row in &sent {
        let (date, count): (NaiveDate, i64) = (row.try_get(0)?, row.try_get(1)?);
        if let Some(day) = days.iter_mut().find(|day| day.date == date) {
            day.mails_sent = number(count);
        }
    }
    let (mail, mail_before) = mail(session, report, [before, from, until]).await?;
    let week = Week {
        this: minutes.totals(|date| date >= first),
        before: minutes.totals(|date| date < first),
        kinds: minutes.kinds(first),
        days,
        failures: failures(session, report, from, until).await?,
        mail,
        mail_before,
        backups: backups(session, report, from, until).await?,
    };
    Ok(Asked { from, until, week })
}

/// When that day begins; where the clocks leave that moment out, when the next hour does.
fn midnight(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let local = day.and_time(NaiveTime::MIN);
    let found = zone.from_local_datetime(&local).earliest();
    let found = found.or_else(|| zone.from_local_datetime(&(local + TimeDelta::hours(1))).earliest());
    found.map_or_else(|| local.and_utc(), |time| time.with_timezone(&Utc))
}

fn number(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}

#[derive(Default)]
struct Counted {
    completed: u64,
    dead: u64,
    cancelled: u64,
    retried: u64,
    wait: Histogram,
    run: Histogram,
}

impl Counted {
    fn add(&mut self, other: &Self) {
        self.completed += other.completed;
        self.dead += other.dead;
        self.cancelled += other.cancelled;
        self.retried += other.retried;
        self.wait.merge(&other.wait);
        self.run.merge(&other.run);
    }
}

/// What happened, by day and kind.
struct Minutes(BTreeMap<(NaiveDate, String), Counted>);

async fn minutes(
    session: &Session,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    zone: Tz,
) -> Result<Minutes, SourceError> {
    let mut all: BTreeMap<(NaiveDate, String), Counted> = BTreeMap::new();
    for row in session.client.query(COUNTS, &[&from, &until, &zone.name()]).await? {
        let count = |place| row.try_get::<_, i64>(place).map(number);
        let counted = all.entry((row.try_get(0)?, row.try_get(1)?)).or_default();
        counted.completed = count(2)?;
        counted.dead = count(3)?;
        counted.cancelled = count(4)?;
        counted.retried = count(5)?;
    }
    for row in session.client.query(TIMES, &[&from, &until, &zone.name()]).await? {
        let counted = all.entry((row.try_get(0)?, row.try_get(1)?)).or_default();
        let histogram = if row.try_get::<_, &str>(2)? == "wait" { &mut counted.wait } else { &mut counted.run };
        let bucket = usize::try_from(row.try_get::<_, i64>(3)?).unwrap_or_default();
        histogram.add_to_bucket(bucket, number(row.try_get(4)?));
    }
    Ok(Minutes(all))
}

impl Minutes {
    fn sum(&self, wanted: impl Fn(NaiveDate, &str) -> bool) -> Counted {
        let mut sum = Counted::default();
        for ((date, kind), counted) in &self.0 {
            if wanted(*date, kind) {
                sum.add(counted);
            }
        }
        sum
    }

    fn totals(&self, wanted: impl Fn(NaiveDate) -> bool) -> Totals {
        let sum = self.sum(|date, _| wanted(date));
        Totals {
            completed: sum.completed,
            dead: sum.dead,
            cancelled: sum.cancelled,
            attempts: sum.completed + sum.dead + sum.retried,
            retried: sum.retried,
            wait_p95_ms: quantile(&sum.wait, 0.95),
            run_p95_ms: quantile(&sum.run, 0.95),
        }
    }

    fn kinds(&self, first: NaiveDate) -> Vec<KindWeek> {
        let mut names: Vec<&str> = self.0.keys().filter(|(date, _)| *date >= first).map(|(_, kind)| &**kind).collect();
        names.sort_unstable();
        names.dedup();
        let kind = |name: &str| {
            let sum = self.sum(|date, kind| date >= first && kind == name);
            KindWeek {
                kind: name.to_owned(),
                completed: sum.completed,
                dead: sum.dead,
                cancelled: sum.cancelled,
                retried: sum.retried,
                wait_p50_ms: quantile(&sum.wait, 0.5),
                wait_p95_ms: quantile(&sum.wait, 0.95),
                wait_p99_ms: quantile(&sum.wait, 0.99),
                run_p95_ms: quantile(&sum.run, 0.95),
            }
        };
        names.into_iter().map(kind).collect()
    }

    fn days(&self, first: NaiveDate) -> Vec<Day> {
        let day = |date: NaiveDate| {
            let sum = self.sum(|other, _| other == date);
            Day {
                date,
                completed: sum.completed,
                dead: sum.dead,
                cancelled: sum.cancelled,
                wait_p50_ms: quantile(&sum.wait, 0.5),
                wait_p95_ms: quantile(&sum.wait, 0.95),
                mails_sent: 0,
            }
        };
        first.iter_days().take(7).map(day).collect()
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time in ms, 2^26 at most")]
fn quantile(histogram: &Histogram, quantile: f64) -> Option<u64> {
    histogram.quantile(quantile).map(|time| time.round() as u64)
}

async fn failures(
    session: &Session,
    report: &Report,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<Failure>, SourceError> {
    let failure = |row: &Row| {
        let text = |place| row.try_get::<_, Option<String>>(place).map(Option::unwrap_or_default);
        Ok(Failure {
            kind: text(0)?,
            class: text(1)?,
            message: text(2)?,
            fingerprint: text(3)?,
            count: number(row.try_get(4)?),
            last_seen: row.try_get(5)?,
        })
    };
    let rows = session.client.query(FAILURES, &[&from, &until, &report.workspace_id]).await?;
    rows.iter().map(failure).collect()
}

/// The mail of the week between the last two times, and of the one between the first two.
async fn mail(
    session: &Session,
    report: &Report,
    [before, from, until]: [DateTime<Utc>; 3],
) -> Result<(Mail, Mail), SourceError> {
    let (mut this, mut last) = (Mail::default(), Mail::default());
    let workspace = &report.workspace_id;
    for row in session.client.query(MAIL, &[&before, &from, &until, workspace]).await? {
        let mail = if row.try_get(0)? { &mut this } else { &mut last };
        let count = |place| row.try_get::<_, i64>(place).map(number);
        (mail.sent, mail.bounced, mail.suppressed, mail.failed) = (count(1)?, count(2)?, count(3)?, count(4)?);
    }
    for row in session.client.query(COMPLAINTS, &[&before, &from, &until, workspace]).await? {
        let mail = if row.try_get(0)? { &mut this } else { &mut last };
        mail.complained = number(row.try_get(1)?);
    }
    Ok((this, last))
}

async fn backups(
    session: &Session,
    report: &Report,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<Backup>, SourceError> {
    let backup = |row: &Row| {
        Ok(Backup {
            name: row.try_get(0)?,
            succeeded: number(row.try_get(1)?),
            failed: number(row.try_get(2)?),
            bytes: number(row.try_get(3)?),
            last_success: row.try_get(4)?,
            last_restore_check: row.try_get(5)?,
        })
    };
    let rows = session.client.query(BACKUPS, &[&from, &until, &report.workspace_id]).await?;
    rows.iter().map(backup).collect()
}
