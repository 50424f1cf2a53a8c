//! Backups in tests: keys, settings, databases worth a backup, and what lies in the store.

use crate::{Platform, Servers, Services, TestDatabase};
use gotong_backup::{Identity, Recipient};
use gotong_shared::{
    config::{Reader, StorageConfig},
    storage::Storage,
};
use std::io::Write;
use tempfile::NamedTempFile;

/// A key pair; the file with its secret half goes with its value.
pub struct BackupKey {
    /// Whom backups are encrypted for.
    pub recipient: Recipient,
    /// The secret half, as it stands in the file.
    pub secret: String,
    file: NamedTempFile,
}

impl Default for BackupKey {
    fn default() -> Self {
        Self::new()
    }
}

impl BackupKey {
    /// A pair of its own.
    ///
    /// # Panics
    /// When its file cannot be written.
    #[must_use]
    pub fn new() -> Self {
        let identity = Identity::generate();
        let secret = identity.to_secret();
        let mut file = NamedTempFile::new().expect("a temporary file");
        writeln!(file, "# a key of a test\n{secret}").expect("writes");
        Self { recipient: identity.recipient(), secret, file }
    }

    /// The path of the file with the secret half.
    #[must_use]
    pub fn path(&self) -> String {
        self.file.path().display().to_string()
    }

    /// What a platform is told so that backups are encrypted for this key and read with it.
    #[must_use]
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let mut settings = vec![
            ("GOTONG_BACKUP_RECIPIENTS", self.recipient.to_string()),
            ("GOTONG_BACKUP_IDENTITY_FILE", self.path()),
        ];
        settings.extend(Services::get().postgres_bin.clone().map(|bin| ("GOTONG_BACKUP_POSTGRES_BIN", bin)));
        settings
    }
}

impl Platform {
    /// A platform whose backups are encrypted for that key, with more settings on top.
    pub async fn with_backups(key: &BackupKey, more: &[(&'static str, String)]) -> Self {
        let mut settings = key.settings();
        settings.retain(|(name, _)| more.iter().all(|(other, _)| name != other));
        settings.extend(more.iter().cloned());
        Self::on(Servers { settings, ..Servers::default() }).await
    }

    /// A worker for backups alone, as a process of its own.
    #[must_use]
    pub fn backup_worker(&self, more: &[(&str, &str)]) -> crate::Process {
        let queues = [("GOTONG_WORKER_QUEUES", "backups:2")];
        let all: Vec<_> = queues.iter().chain(more).copied().collect();
        crate::Process::spawn(crate::Binary::Worker, &self.variables(&all))
    }

    /// The keys below the prefix of the backups.
    ///
    /// # Panics
    /// When the store does not answer.
    pub async fn backup_objects(&self) -> Vec<String> {
        self.storage.list("backups/").await.expect("the store answers")
    }

    /// Another bucket of the same store.
    #[must_use]
    pub fn bucket(&self, name: &str) -> Storage {
        let variables = self.variables(&[("GOTONG_S3_BUCKET", name)]);
        Storage::new(&StorageConfig::read(&mut Reader::from_pairs(variables)))
    }
}

impl TestDatabase {
    /// A database of a shop, beside the platform's, with so many orders.
    pub async fn shop(orders: u32) -> Self {
        let shop = Self::create().await;
        let fill = format!(
            "create schema shop;
             create type shop.\"Order State\" as enum ('open', 'paid');
             create table shop.orders (
                 id bigint generated always as identity primary key,
                 state shop.\"Order State\" not null default 'open',
                 note text not null, total numeric(12, 2) not null check (total >= 0));
             create index on shop.orders (state);
             insert into shop.orders (note, total)
                 select repeat(md5(n::text || random()::text), 16), n from generate_series(1, {orders}) n;"
        );
        shop.execute(&fill).await;
        shop
    }
}
