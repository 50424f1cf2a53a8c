//! Makes one backup, for `cargo xtask bench backup`, and prints what it took: a line of JSON.
//!
//! Arguments: the database's address, the endpoint, bucket, access key and secret key of S3, the folder of `pg_dump`. They
//! are those of throw-away servers: an argument is no place for a secret.

use chrono::Utc;
use gotong_backup::{BackupId, Compression, Create, Identity, Programs, Store, StoreConfig, create};
use std::{error::Error, io};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or_else(|| io::Error::other("an argument is missing"));
    let (database, endpoint, bucket, access_key, secret_key) = (next()?.parse()?, next()?, next()?, next()?, next()?);
    let programs = Programs::new(Some(next()?.into()));
    let (region, prefix) = ("us-east-1".to_owned(), String::new());
    let config = StoreConfig { endpoint: Some(endpoint), region, bucket, prefix, access_key, secret_key };
    let store = Store::new(&config);
    store.ensure_bucket().await?;
    let manifest = create(Create {
        store: &store,
        target: &"bench".parse()?,
        id: &BackupId::at(Utc::now()),
        database: &database,
        recipients: &[Identity::generate().recipient()],
        programs: &programs,
        compression: Compression::default(),
        progress: None,
        cancelled: &CancellationToken::new(),
    })
    .await?;
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    let peak: u64 = peak.unwrap_or_default().trim().parse()?;
    println!(
        "{}",
        serde_json::json!({ "dump": manifest.dump.bytes, "object": manifest.object.bytes, "peak_kib": peak })
    );
    Ok(())
}
