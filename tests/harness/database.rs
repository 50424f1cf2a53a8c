//! A database per test, cloned from a migrated template.

use crate::Services;
use chrono::Utc;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use gotong_shared::{
    config::{DatabaseConfig, Reader},
    db::Database,
};
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::OnceCell;

/// A database that goes with its value.
pub struct TestDatabase {
    /// Its address.
    pub url: String,
    name: String,
    server: String,
}

static TEMPLATE: OnceCell<String> = OnceCell::const_new();
static COUNT: AtomicU32 = AtomicU32::new(0);

impl TestDatabase {
    /// A migrated database on the shared server.
    pub async fn create() -> Self {
        let server = &Services::get().database;
        let template = TEMPLATE.get_or_init(|| make_template(server)).await;
        let name = format!("gotong_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let mut connection = connect(server).await;
        // Clones of one template follow one another: each locks it for some milliseconds.
        let create = format!("create database {name} template {template}");
        crate::eventually("a database can be cloned", crate::LONG, async || {
            connection.batch_execute(&create).await.ok()
        })
        .await;
        Self { url: url_of(server, &name), name, server: server.clone() }
    }

    /// A migrated database on a server of the test's own, which takes it along when it goes.
    pub async fn create_on(server: &str) -> Self {
        let name = "gotong_test".to_owned();
        connect(server).await.batch_execute(&format!("create database {name}")).await.expect("creates");
        let url = url_of(server, &name);
        migrate(&url).await;
        Self { url, name: String::new(), server: server.to_owned() }
    }

    /// A small pool on it.
    #[must_use]
    pub fn pool(&self) -> Database {
        pool(&self.url)
    }

    /// The answer of a query whose single column is called `count`.
    pub async fn count(&self, query: &str) -> i64 {
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = BigInt)]
            count: i64,
        }
        let mut connection = connect(&self.url).await;
        diesel::sql_query(query).get_result::<Row>(&mut connection).await.expect("counts").count
    }

    /// The answers of a query whose single column is called `value`.
    pub async fn values(&self, query: &str) -> Vec<String> {
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = Text)]
            value: String,
        }
        let mut connection = connect(&self.url).await;
        let rows = diesel::sql_query(query).load::<Row>(&mut connection).await.expect("answers");
        rows.into_iter().map(|row| row.value).collect()
    }

    /// Runs statements.
    pub async fn execute(&self, statements: &str) {
        connect(&self.url).await.batch_execute(statements).await.expect("executes");
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if self.name.is_empty() {
            return;
        }
        let (server, name) = (self.server.clone(), std::mem::take(&mut self.name));
        // A test's runtime may be ending: drop from a thread with one of its own.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            runtime.block_on(async {
                let mut connection = AsyncPgConnection::establish(&server).await.ok()?;
                connection.batch_execute(&format!("drop database if exists {name} with (force)")).await.ok()
            })
        });
        drop(dropped.join());
    }
}

async fn connect(url: &str) -> AsyncPgConnection {
    AsyncPgConnection::establish(url).await.expect("PostgreSQL answers")
}

fn pool(url: &str) -> Database {
    let mut reader = Reader::from_pairs([("GOTONG_DATABASE_URL", url), ("GOTONG_DATABASE_CONNECTIONS", "5")]);
    Database::new(&DatabaseConfig::read(&mut reader)).expect("a pool")
}

/// Some built-in schedules come due every few minutes, and their jobs would stand among those that a test counts.
const NO_BUILT_IN_JOBS: &str = "
    create function put_off() returns trigger language plpgsql as
        $$ begin new.next_run_at := now() + interval '1 year'; return new; end $$;
    create trigger put_off before insert on schedules
        for each row when (new.workspace_id is null and new.name in ('prune-history', 'prune-keys',
            'purge-deleted-media', 'prune-search', 'prune-reports', 'weekly-report', 'daily-backup', 'prune-backups',
            'copy-media')) execute function put_off()";

async fn migrate(url: &str) {
    pool(url).migrate().await.expect("migrates");
    connect(url).await.batch_execute(NO_BUILT_IN_JOBS).await.expect("puts off the built-in schedules");
}

/// Makes the template of today's migrations, once, whichever process comes first; and removes those of other days.
async fn make_template(server: &str) -> String {
    let today = format!("gotong_template_{}_", Utc::now().format("%Y%m%d"));
    let template = format!("{today}{}", fingerprint());
    let mut connection = connect(server).await;
    connection.batch_execute("select pg_advisory_lock(hashtext('gotong template'))").await.expect("locks");
    let exists = format!("select count(*) as count from pg_database where datname = '{template}'");
    let here = TestDatabase { url: server.to_owned(), name: String::new(), server: server.to_owned() };
    if here.count(&exists).await == 0 {
        let old = format!(
            "select datname::text as value from pg_database
             where starts_with(datname, 'gotong_template_') and not starts_with(datname, '{today}')"
        );
        for old in here.values(&old).await {
            connection.batch_execute(&format!("drop database if exists {old} with (force)")).await.expect("drops");
        }
        connection.batch_execute(&format!("drop database if exists {template}_new with (force)")).await.expect("drops");
        connection.batch_execute(&format!("create database {template}_new")).await.expect("creates");
        migrate(&url_of(server, &format!("{template}_new"))).await;
        let rename = format!("alter database {template}_new rename to {template}");
        crate::eventually("the template has no connections", crate::LONG, async || {
            connection.batch_execute(&rename).await.ok()
        })
        .await;
    }
    template
}

/// Differs for what else is in a template, also where a migration was changed in place.
fn fingerprint() -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations");
    let folders = std::fs::read_dir(folder).expect("the migrations are beside the tests");
    let mut files: Vec<_> = folders.filter_map(|entry| Some(entry.ok()?.path().join("up.sql"))).collect();
    files.sort();
    let mut hash = Sha256::new();
    hash.update(NO_BUILT_IN_JOBS);
    for file in files {
        hash.update(std::fs::read(file).unwrap_or_default());
    }
    hash.finalize().iter().take(6).fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn url_of(server: &str, database: &str) -> String {
    let (front, _) = server.rsplit_once('/').expect("an address names a database");
    format!("{front}/{database}")
}
