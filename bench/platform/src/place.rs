//! Where a benchmark finds what it measures: the ledger, and a worker of its own.

use anyhow::{Context as _, Result, ensure};
use diesel::{QueryableByName, sql_types::BigInt};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use gotong_shared::{config::Reader, enqueue::NewJob};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Whose jobs are measured.
pub const WORKSPACE: Uuid = Uuid::from_u128(0x019a_0000_0000_7000_8000_0000_0000_0001);
/// Nothing that is waited for takes longer.
const LIMIT: Duration = Duration::from_mins(5);

/// A variable that `cargo xtask bench` sets.
pub fn variable(name: &str) -> Result<String> {
    std::env::var(name).with_context(|| format!("{name} is not set: use `cargo xtask bench`"))
}

/// A connection to the ledger, which has our workspace.
pub async fn ledger() -> Result<AsyncPgConnection> {
    let mut ledger = AsyncPgConnection::establish(&variable("GOTONG_DATABASE_URL")?).await?;
    let workspace = format!("insert into workspaces (id, name) values ('{WORKSPACE}', 'bench') on conflict do nothing");
    ledger.batch_execute(&workspace).await?;
    Ok(ledger)
}

/// The API that is measured.
pub struct Place {
    /// `host:port`.
    pub address: String,
    /// A key that may do everything.
    pub key: String,
}

impl Place {
    /// As `cargo xtask bench` tells it.
    pub fn read() -> Result<Self> {
        Ok(Self { address: variable("GOTONG_BENCH_API")?, key: variable("GOTONG_BENCH_KEY")? })
    }
}

/// What a query that begins with `select count(*) as count` answers.
pub async fn count(connection: &mut AsyncPgConnection, query: &str) -> Result<i64> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    Ok(diesel::sql_query(query).get_result::<Count>(connection).await?.count)
}

/// Waits, looking that often, until such a query answers 0.
pub async fn wait_for_none(connection: &mut AsyncPgConnection, query: &str, every: Duration) -> Result<()> {
    let start = Instant::now();
    while count(connection, query).await? > 0 {
        ensure!(start.elapsed() < LIMIT, "it takes too long until there is none of: {query}");
        tokio::time::sleep(every).await;
    }
    Ok(())
}

/// A job of about 190 bytes.
pub fn order() -> Result<NewJob> {
    let payload = json!({ "url": "http://127.0.0.1:9/hook", "event": "order.paid",
        "data": { "order": Uuid::nil(), "total": 125_000, "currency": "IDR", "note": "terima kasih" } });
    Ok(NewJob::of_kind(WORKSPACE, "webhook.deliver", payload)?)
}

/// The production runner, in this process.
pub struct Worker {
    running: JoinHandle<anyhow::Result<()>>,
    stop: CancellationToken,
}

impl Worker {
    /// Begins to work with these variables on top of the platform's.
    pub fn start(more: &[(&str, String)]) -> Result<Self> {
        let is_ours = |name: &str| name == "GOTONG_PROBE_LISTEN" || more.iter().any(|(ours, _)| *ours == name);
        let variables = std::env::vars().filter(|(name, _)| !is_ours(name));
        let more = more.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let settings = gotong_worker::Settings::read(Reader::from_pairs(variables.chain(more)))?;
        let stop = CancellationToken::new();
        let running = gotong_worker::run(settings, stop.clone());
        Ok(Self { running: tokio::spawn(async move { Ok(running.await?) }), stop })
    }

    /// Ends when its jobs have.
    pub async fn stop(self) -> Result<()> {
        self.stop.cancel();
        self.running.await?
    }
}
