//! Faults in the middle of a backup: it fails in words, there is no manifest, and no upload is left.
//!
//! A table that another session has locked holds `pg_dump` and the counting up, with the upload begun: that is the middle.

use crate::{
    database::{Database, connect, eventually, server},
    place::{Place, fresh_id},
    proxy::Proxy,
};
use gotong_backup::{
    BackupId, DatabaseUrl, Error, Manifest, Programs, Restore, Selector, Store, StoreConfig, list, restore, sweep,
};
use std::{path::PathBuf, process::Command, time::Duration};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

/// Less than a part of it can be compressed, so that it makes several parts.
const WARES: &str = "create extension pgcrypto; create table wares (id integer primary key, content bytea);
    insert into wares select n, gen_random_bytes(1000) from generate_series(1, 14000) n";
const LOCK: &str = "lock table wares in access exclusive mode";

struct Midway {
    place: Place,
    database: Database,
    lock: tokio_postgres::Client,
    id: BackupId,
    creating: JoinHandle<Result<Manifest, Error>>,
    cancelled: CancellationToken,
}

impl Midway {
    /// A backup that has begun its upload and waits for a table.
    async fn reach(reach: impl FnOnce(&Place, &DatabaseUrl) -> (Store, DatabaseUrl)) -> Self {
        let (place, database) = (Place::new().await, Database::with(WARES).await);
        let lock = database.hold(LOCK).await;
        let (id, cancelled) = (fresh_id(), CancellationToken::new());
        let (store, url) = reach(&place, &database.url);
        let creating = {
            let (place, id, cancelled) = (place.again(), id.clone(), cancelled.clone());
            tokio::spawn(async move { place.create_in(&store, &id, &url, &cancelled).await })
        };
        let midway = Self { place, database, lock, id, creating, cancelled };
        eventually("the upload has begun and pg_dump waits", async || {
            let uploads = midway.place.store.unfinished_uploads().await.expect("lists");
            (uploads.len() == 1 && midway.waiting().await.len() >= 2).then_some(())
        })
        .await;
        midway
    }

    async fn direct() -> Self {
        Self::reach(|place, url| (place.store.clone(), url.clone())).await
    }

    /// Sessions that wait for the lock: that of `pg_dump`, and the one that counts.
    async fn waiting(&self) -> Vec<i32> {
        let waiting = "select pid from pg_stat_activity where datname = $1 and wait_event_type = 'Lock'";
        let rows = connect(&server()).await.query(waiting, &[&self.database.url.database()]).await.expect("answers");
        rows.iter().map(|row| row.get(0)).collect()
    }

    async fn unlock(&self) {
        self.lock.batch_execute("rollback").await.expect("unlocks");
    }

    async fn error(&mut self) -> Error {
        (&mut self.creating).await.expect("it does not panic").expect_err("a fault in the middle")
    }

    /// Nothing is taken for a backup, nothing is left, and the next attempt under the same id succeeds.
    async fn recovers(self) {
        let Self { place, database, id, .. } = &self;
        assert!(list(&place.store, None).await.expect("lists").manifests.is_empty());
        self.unlock().await;
        let never = CancellationToken::new();
        let manifest = place.create_in(&place.store, id, &database.url, &never).await.expect("the next attempt");
        assert_eq!(place.store.unfinished_uploads().await.expect("lists"), []);
        assert!(manifest.object.bytes > 8 * 1024 * 1024, "not several parts: {}", manifest.object.bytes);
        assert!(place.verify(id).await.expect("a drill").is_good());
        let again = place.create_in(&place.store, id, &database.url, &never).await.expect_err("it exists");
        assert_eq!(again.code(), "backup_exists");
    }

    async fn left(&self) -> usize {
        self.place.store.unfinished_uploads().await.expect("lists").len()
    }
}

/// The process ids of programs whose arguments name that database.
fn dumping(database: &DatabaseUrl) -> Vec<String> {
    let folders = std::fs::read_dir("/proc").expect("a Linux").filter_map(|entry| Some(entry.ok()?.path()));
    let is_ours = |folder: &PathBuf| {
        let arguments = std::fs::read(folder.join("cmdline")).unwrap_or_default();
        let arguments = String::from_utf8_lossy(&arguments).into_owned();
        arguments.contains("pg_dump") && arguments.contains(database.database())
    };
    folders.filter(is_ours).map(|folder| folder.file_name().expect("a name").to_string_lossy().into_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pg_dump_is_killed() {
    let mut midway = Midway::direct().await;
    let processes = dumping(&midway.database.url);
    assert_eq!(processes.len(), 1);
    let killed = Command::new("kill").arg("-KILL").args(&processes).status().expect("kill runs");
    assert!(killed.success());
    let error = midway.error().await;
    assert!(matches!(error, Error::DumpKilled { signal: 9, .. }) && error.is_retryable(), "{error:?}");
    assert_eq!(midway.left().await, 0);
    midway.recovers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_pg_dump_is_ended() {
    let mut midway = Midway::direct().await;
    for pid in midway.waiting().await {
        connect(&server()).await.execute("select pg_terminate_backend($1)", &[&pid]).await.expect("ends it");
    }
    let error = midway.error().await;
    assert_eq!((error.code(), error.is_retryable()), ("connection_lost", true), "{error}");
    assert_eq!(midway.left().await, 0);
    midway.recovers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connection_to_the_database_is_lost() {
    let proxy = Proxy::to(port(server().expose())).await;
    let mut midway = Midway::reach(|place, url| {
        let mut through = Url::parse(url.expose()).expect("an address");
        through.set_port(Some(proxy.port)).expect("it has a host");
        (place.store.clone(), through.as_str().parse().expect("an address"))
    })
    .await;
    proxy.go_down();
    let error = midway.error().await;
    assert_eq!((error.code(), error.is_retryable()), ("connection_lost", true), "{error}");
    assert_eq!(midway.left().await, 0);
    midway.recovers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_object_store_goes_down_and_comes_back() {
    let endpoint = crate::database::told("GOTONG_TEST_S3_ENDPOINT");
    let proxy = Proxy::to(port(&endpoint)).await;
    let mut midway = Midway::reach(|place, url| (place.store_behind(proxy.port), url.clone())).await;
    proxy.go_down();
    midway.unlock().await;
    let error = midway.error().await;
    assert_eq!((error.code(), error.is_retryable()), ("store_unavailable", true), "{error}");
    // The upload could not be aborted: that is left to a sweep, or to the next attempt.
    assert_eq!(midway.left().await, 1);
    let swept = sweep(&midway.place.store, Duration::from_hours(1)).await.expect("sweeps");
    assert_eq!((swept.uploads.len(), midway.left().await), (0, 1), "what is young may be under way");
    proxy.come_back();
    midway.recovers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_process_left_is_swept() {
    let midway = Midway::direct().await;
    midway.creating.abort();
    // A task that ends lets its upload be aborted, unlike a process that is killed: this is the next process.
    eventually("pg_dump ends with whoever started it", async || dumping(&midway.database.url).is_empty().then_some(()))
        .await;
    let request = midway.place.client.create_multipart_upload().bucket(&midway.place.config.bucket);
    request.key("deep/er/shop/left.dump.zst.age").send().await.expect("an upload");
    let swept = sweep(&midway.place.store, Duration::ZERO).await.expect("sweeps");
    assert!(swept.uploads.contains(&"shop/left.dump.zst.age".to_owned()), "{swept:?}");
    eventually("nothing is left", async || (midway.left().await == 0).then_some(())).await;
    midway.recovers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_cancelled() {
    let mut midway = Midway::direct().await;
    midway.cancelled.cancel();
    assert_eq!(midway.error().await.code(), "cancelled");
    assert_eq!(midway.left().await, 0);
    eventually("pg_dump is gone", async || dumping(&midway.database.url).is_empty().then_some(())).await;
    midway.recovers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_begin_says_why() {
    let (place, database) = (Place::new().await, Database::empty().await);
    let never = CancellationToken::new();
    let create = async |url: &str| {
        let url: DatabaseUrl = url.parse().expect("an address");
        place.create_in(&place.store, &fresh_id(), &url, &never).await.expect_err("it cannot begin")
    };
    let url = Url::parse(database.url.expose()).expect("an address");
    let changed = |change: fn(&mut Url)| {
        let mut url = url.clone();
        change(&mut url);
        url.to_string()
    };
    let error = create(&changed(|url| url.set_password(Some("geheim")).expect("a password"))).await;
    assert_eq!(error.code(), "authentication_failed");
    assert!(!error.to_string().contains("geheim"), "{error}");
    assert_eq!(create(&changed(|url| url.set_path("/gotong_nowhere"))).await.code(), "database_missing");
    assert_eq!(create(&changed(|url| url.set_port(Some(1)).expect("a port"))).await.code(), "database_unavailable");
    let nowhere = place.store.at(&format!("missing-{}", fresh_id()), "");
    let error = place.create_in(&nowhere, &fresh_id(), &database.url, &never).await.expect_err("no bucket");
    assert_eq!(error.code(), "bucket_missing", "{error}");
    let stranger = Store::new(&StoreConfig { secret_key: "geheim".to_owned(), ..place.config.clone() });
    let error = place.create_in(&stranger, &fresh_id(), &database.url, &never).await.expect_err("wrong keys");
    assert_eq!(error.code(), "store_refused", "{error}");
    assert!(!error.to_string().contains("geheim"), "{error}");
    assert!(list(&place.store, None).await.expect("lists").manifests.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_too_old_is_not_taken() {
    let (place, database) = (Place::new().await, Database::empty().await);
    let folder = tempfile::tempdir().expect("a folder");
    let script = "#!/bin/sh\necho 'pg_restore (PostgreSQL) 9.6.1'\n";
    let program = folder.path().join("pg_restore");
    std::fs::write(&program, script).expect("writes");
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a program");
    let manifest = place.create(&database).await.expect("a backup");
    place.edit_manifest(&manifest.id, &[("/pg_dump_major", 900.into())]).await;
    let (which, keys) = (Selector::Latest, [place.identity.clone()]);
    let programs = Programs::new(Some(folder.path().to_owned()));
    let into = server().with_database(&format!("{}_restored", database.url.database()));
    let error =
        restore(Restore { programs: &programs, ..place.restore(&which, &keys, &into) }).await.expect_err("too old");
    assert_eq!(error.code(), "no_suitable_program");
    assert!(error.to_string().contains("9.6.1"), "{error}");
}

fn port(url: &str) -> u16 {
    Url::parse(url).expect("an address").port().expect("a port")
}
