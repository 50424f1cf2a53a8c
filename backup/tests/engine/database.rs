//! Databases of a test's own.

use gotong_backup::DatabaseUrl;
use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};
use tokio_postgres::{Client, NoTls};

/// Long enough for anything that works, on a machine that does much else.
const LONG: Duration = Duration::from_mins(1);

/// What `cargo xtask test` tells of its servers.
pub fn told(name: &str) -> String {
    let value = std::env::var(name).ok().filter(|value| !value.is_empty());
    value.unwrap_or_else(|| panic!("{name} is not set: run the tests by `cargo xtask test`"))
}

/// The shared server, by a superuser's address of the database `postgres`.
pub fn server() -> DatabaseUrl {
    told("GOTONG_TEST_DATABASE_URL").parse().expect("an address")
}

/// A database that goes with its value.
pub struct Database {
    pub url: DatabaseUrl,
}

static COUNT: AtomicU32 = AtomicU32::new(0);

impl Database {
    /// An empty one.
    pub async fn empty() -> Self {
        let name = format!("gotong_test_b{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        execute(&server(), &format!("create database {name} template template0")).await;
        Self { url: server().with_database(&name) }
    }

    /// One that is there already.
    pub fn named(name: &str) -> Self {
        Self { url: server().with_database(name) }
    }

    pub async fn with(statements: &str) -> Self {
        let database = Self::empty().await;
        database.execute(statements).await;
        database
    }

    pub async fn execute(&self, statements: &str) {
        execute(&self.url, statements).await;
    }

    pub async fn count(&self, query: &str) -> i64 {
        connect(&self.url).await.query_one(query, &[]).await.expect("answers").get(0)
    }

    /// A transaction that stays open as long as its value, after those statements.
    pub async fn hold(&self, statements: &str) -> Client {
        let client = connect(&self.url).await;
        client.batch_execute(&format!("begin; {statements}")).await.expect("executes");
        client
    }

    pub async fn drop_now(&self) {
        execute(&server(), &dropping(&self.url)).await;
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let url = self.url.clone();
        // A test's runtime may be ending: drop from a thread with one of its own.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(execute(&server(), &dropping(&url)));
        });
        drop(dropped.join());
    }
}

fn dropping(url: &DatabaseUrl) -> String {
    format!("drop database if exists \"{}\" with (force)", url.database())
}

pub async fn connect(url: &DatabaseUrl) -> Client {
    let (client, connection) = tokio_postgres::connect(url.expose(), NoTls).await.expect("PostgreSQL answers");
    tokio::spawn(connection);
    client
}

async fn execute(url: &DatabaseUrl, statements: &str) {
    connect(url).await.batch_execute(statements).await.expect("executes");
}

/// Asks `condition` again and again until it answers.
pub async fn eventually<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = condition().await {
            return answer;
        }
        assert!(start.elapsed() < LONG, "not within {LONG:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await; // between two looks at a condition
    }
}
