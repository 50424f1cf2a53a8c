//! Making a backup: one snapshot, which is dumped and counted at once, and a manifest when all of it has arrived.

use crate::{
    BackupId, Compression, DatabaseUrl, Error, Manifest, Programs, Recipient, Store, TargetName, inventory,
    manifest::{DatabaseFacts, FORMAT_VERSION, LargeObjectCensus, StoredObject, TableCensus},
    names::object_key,
    postgres::{
        census,
        connection::Connection,
        facts::{self, ServerVersion},
        process::Running,
        programs::Program,
    },
    progress::{Meter, Observer, Stage},
    sealing::{Parts, Sealed, part_size, seal},
    store::Upload,
};
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use tokio::{sync::mpsc, task};
use tokio_util::sync::CancellationToken;

const CONTENT_TYPE: &str = "application/octet-stream";

/// What is to be backed up, and where to.
#[derive(Clone)]
pub struct Create<'a> {
    /// Where it goes.
    pub store: &'a Store,
    /// What it is a backup of.
    pub target: &'a TargetName,
    /// Its id, which no backup of the target has yet.
    pub id: &'a BackupId,
    /// The database.
    pub database: &'a DatabaseUrl,
    /// Who can read it; at least one.
    pub recipients: &'a [Recipient],
    /// Where `pg_dump` is.
    pub programs: &'a Programs,
    /// How it is compressed.
    pub compression: Compression,
    /// Told of the bytes dumped.
    pub progress: Option<&'a Observer>,
    /// Ends it: `pg_dump` is killed and the upload aborted.
    pub cancelled: &'a CancellationToken,
}

/// Makes a backup. When it fails, is cancelled or its future is dropped, there is no manifest, so no backup, and the
/// upload is aborted; what a killed process leaves is removed by [`sweep`](crate::sweep) or by the next attempt under the
/// same id.
///
/// # Errors
/// [`Error::BackupExists`], [`Error::BucketMissing`], [`Error::NoRecipients`], [`Error::NoSuitableProgram`], [`Error::Cancelled`], or of the
/// database, the dump and the store.
pub async fn create(request: Create<'_>) -> Result<Manifest, Error> {
    if request.recipients.is_empty() {
        return Err(Error::NoRecipients);
    }
    // The boxes keep the future of whoever calls this small.
    let prepared = request.cancelled.run_until_cancelled(Box::pin(prepare(&request))).await;
    Box::pin(prepared.unwrap_or(Err(Error::Cancelled))?.run(&request)).await
}

/// A snapshot and an upload, both open.
struct Prepared {
    snapshot: Snapshot,
    upload: Upload,
    program: Program,
    started_at: DateTime<Utc>,
}

/// A transaction that keeps the state of one moment for others to see.
struct Snapshot {
    connection: Connection,
    name: String,
    server: ServerVersion,
    facts: DatabaseFacts,
}

impl Snapshot {
    async fn open(database: &DatabaseUrl) -> Result<Self, Error> {
        let connection = Connection::open(database).await?;
        connection.execute("begin isolation level repeatable read read only").await?;
        // The scans of a count would take processors from the dump.
        connection.execute("set local max_parallel_workers_per_gather = 0").await?;
        let name = connection.value("select pg_export_snapshot()").await?;
        let server = facts::server_version(&connection).await?;
        let facts = facts::read(&connection, &server).await?;
        Ok(Self { connection, name, server, facts })
    }

    async fn count(&self) -> Result<(Vec<TableCensus>, LargeObjectCensus), Error> {
        let mut tables = Vec::new();
        for table in census::tables(&self.connection).await? {
            tables.push(census::count(&self.connection, &table).await?);
        }
        Ok((tables, census::large_objects(&self.connection, None).await?))
    }
}

async fn prepare(request: &Create<'_>) -> Result<Prepared, Error> {
    let Create { store, target, id, .. } = request;
    // Some stores make a missing bucket at the first write: a name mistyped would be a place that nobody looks at.
    store.ping().await?;
    if inventory::exists(store, target, id).await? {
        return Err(Error::BackupExists(format!("{target}/{id}")));
    }
    let started_at = Utc::now();
    let snapshot = Snapshot::open(request.database).await?;
    let program = request.programs.find("pg_dump", snapshot.server.major).await?;
    let key = object_key(target, id);
    // An earlier attempt under this id may have been killed.
    for left in store.unfinished_uploads().await?.iter().filter(|upload| upload.key == key) {
        store.abort(&left.key, &left.upload_id).await?;
    }
    let upload = Upload::start(store, &key, CONTENT_TYPE, HashMap::new()).await?;
    Ok(Prepared { snapshot, upload, program, started_at })
}

impl Prepared {
    async fn run(mut self, request: &Create<'_>) -> Result<Manifest, Error> {
        let dumped = request.cancelled.run_until_cancelled(self.dump(request)).await;
        let dumped = match dumped.unwrap_or(Err(Error::Cancelled)) {
            Ok(dumped) => dumped,
            Err(error) => {
                self.upload.abort().await;
                return Err(error);
            }
        };
        self.upload.finish().await?;
        let manifest = manifest(request, &self.snapshot, &self.program, self.started_at, dumped);
        if let Err(error) = inventory::write_manifest(request.store, &manifest).await {
            // Without a manifest nothing but a sweep would find the object.
            let _ = request.store.delete(&manifest.object.key).await;
            return Err(error);
        }
        Ok(manifest)
    }

    /// Dumps and counts at once. Whatever fails first is why it failed; all the others end because of that.
    async fn dump(&mut self, request: &Create<'_>) -> Result<Dumped, Error> {
        let (mut process, output) = Running::dump(&self.program, request.database, &self.snapshot.name)?;
        let (sender, receiver) = mpsc::channel(1);
        let parts = Parts::new(sender, part_size(self.snapshot.facts.size));
        let meter = Meter::new(request.progress, Stage::Dumping, None);
        let (recipients, compression) = (request.recipients.to_vec(), request.compression);
        let mut sealing = task::spawn_blocking(move || seal(output, &recipients, compression, parts, meter));
        let ended = async {
            let ended = process.wait().await?;
            ended.map_err(|ended| ended.of_dump(request.database))
        };
        let sealed = async { (&mut sealing).await.map_err(|error| Error::Io(error.to_string()))? };
        let all = tokio::try_join!(ended, self.upload.send_all(receiver), sealed, self.snapshot.count());
        match all {
            Ok(((), (), sealed, (tables, large_objects))) => Ok(Dumped { sealed, tables, large_objects }),
            Err(error) => {
                process.kill().await;
                Err(error)
            }
        }
    }
}

struct Dumped {
    sealed: Sealed,
    tables: Vec<TableCensus>,
    large_objects: LargeObjectCensus,
}

fn manifest(
    request: &Create<'_>,
    snapshot: &Snapshot,
    program: &Program,
    started_at: DateTime<Utc>,
    Dumped { sealed, tables, large_objects }: Dumped,
) -> Manifest {
    let finished_at = Utc::now();
    let duration = finished_at.signed_duration_since(started_at).num_milliseconds();
    let Sealed { dump, compressed_bytes, object } = sealed;
    Manifest {
        format_version: FORMAT_VERSION,
        id: request.id.clone(),
        target: request.target.clone(),
        tool: concat!("gotong-backup ", env!("CARGO_PKG_VERSION")).to_owned(),
        pg_dump_version: program.version.clone(),
        pg_dump_major: program.major,
        server_version: snapshot.server.text.clone(),
        server_major: snapshot.server.major,
        database: snapshot.facts.clone(),
        recipients: request.recipients.to_vec(),
        started_at,
        finished_at,
        duration_ms: u64::try_from(duration).unwrap_or_default(),
        dump,
        compressed_bytes,
        object: StoredObject {
            key: object_key(request.target, request.id),
            bytes: object.bytes,
            sha256: object.sha256,
        },
        tables,
        large_objects,
    }
}
