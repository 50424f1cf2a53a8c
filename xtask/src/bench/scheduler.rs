//! `cargo xtask bench scheduler`: how late 10,000 schedules start, spread over a minute and all in the same second.
//!
//! On servers of its own, with one scheduler process of a release build and no worker. Lateness is from the tick to the
//! claim, both by PostgreSQL's clock, as the history of each schedule keeps it.

use std::process::Child;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::checkout::Checkout;
use crate::environment::Variables;
use crate::platform::{Programs, run_api};
use crate::process::{Spec, wait_until};
use crate::servers::{PostgresServer, RedisServer, Tools};
use crate::services::Context;
use crate::{http, ports, progress, psql};

const SCHEDULES: u32 = 10_000;
const PATIENCE: Duration = Duration::from_mins(3);

/// Measures both and prints a line for each.
///
/// # Errors
///
/// If a server or program does not start, or a tick does not come.
pub fn run() -> Result<bool> {
    let context = Context::open(Checkout::find()?)?;
    let programs = Programs::build(context.checkout.root(), true)?;
    let (postgres, redis) = (PostgresServer::start()?, RedisServer::start()?);
    let bench = Bench { database: postgres.url_of("gotong") };
    let probe = format!("127.0.0.1:{}", ports::find_free(&[])?);
    let variables = variables(&bench.database, &redis.url(), &probe);
    run_api(&context, &programs, &variables, &["migrate"])?;
    let mut spec = Spec::new(programs.get("gotong-scheduler")?, context.checkout.root()).arg("run");
    spec.env.extend(variables.iter().map(|(name, value)| (name.clone(), value.into())));
    let _scheduler = Running(spec.spawn(&context.checkout.log("bench-scheduler"))?);
    let is_ready =
        || http::get(&format!("http://{probe}/health/ready"), Duration::from_secs(3)).is_ok_and(|a| a.status == 200);
    if !wait_until(Duration::from_mins(1), is_ready) {
        bail!("the scheduler did not get ready");
    }
    let spread = bench.measure("spread", "n * interval '6 milliseconds'")?;
    progress::note(format_args!("{SCHEDULES} schedules spread over a minute: {spread}"));
    let together = bench.measure("together", "interval '0'")?;
    progress::note(format_args!("{SCHEDULES} schedules due in the same second: {together}"));
    Ok(true)
}

fn variables(database: &str, redis: &str, probe: &str) -> Variables {
    let pairs = [
        ("GOTONG_ENV", "test"),
        ("GOTONG_DATABASE_URL", database),
        ("GOTONG_REDIS_URL", redis),
        ("GOTONG_PROBE_LISTEN", probe),
        ("GOTONG_LOG", "warn"),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

struct Bench {
    database: String,
}

impl Bench {
    /// Makes schedules that fire once, the n-th so much after the same instant; answers their lateness when all have.
    fn measure(&self, name: &str, after: &str) -> Result<String> {
        self.ask(&format!(
            "insert into schedules (id, name, once_at, kind, payload, next_run_at)
             select gen_random_uuid(), '{name}-' || n, at, 'maintenance.prune_keys', '{{}}', at
             from generate_series(0, {SCHEDULES} - 1) n,
                 lateral (select date_trunc('second', now()) + interval '8 seconds' + {after} as at) as each;
             select pg_notify('gotong_schedules', '')"
        ))?;
        let ticks =
            format!("from schedule_ticks t join schedules s on s.id = t.schedule_id where s.name like '{name}-%'");
        let done = || self.ask(&format!("select count(*) {ticks} and t.outcome = 'enqueued'")).unwrap_or_default();
        if !wait_until(PATIENCE, || done() == SCHEDULES.to_string()) {
            bail!("only {} of {SCHEDULES} ticks were claimed", done());
        }
        self.ask(&format!(
            "with late as (select extract(epoch from t.created_at - t.tick) * 1000 as ms {ticks})
             select format('p50 %s ms, p99 %s ms, last %s ms',
                 round(percentile_cont(0.5) within group (order by ms)::numeric),
                 round(percentile_cont(0.99) within group (order by ms)::numeric), round(max(ms)::numeric)) from late"
        ))
    }

    fn ask(&self, statements: &str) -> Result<String> {
        psql::ask(&Tools::default().postgres()?, &self.database, statements)
    }
}

/// Ends with its value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
