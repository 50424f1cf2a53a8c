//! Restoring a backup for good, into a database that was not there or over one whose name was typed again.

use crate::{
    DatabaseUrl, Error, Identity, Manifest, Programs, Selector, Store, TargetName,
    databases::{Filling, Temporary},
    inventory,
    postgres::{
        census,
        connection::{Connection, literal, on_server, quoted},
    },
    progress::Observer,
    verify::milliseconds,
};
use chrono::Utc;
use std::time::Instant;
use tokio_util::sync::CancellationToken;

const UNFINISHED: &str = "gotong_restore_";

/// Which backup is to be restored, and where to.
#[derive(Clone)]
pub struct Restore<'a> {
    /// Where it lies.
    pub store: &'a Store,
    /// What it is a backup of.
    pub target: &'a TargetName,
    /// Which one.
    pub which: &'a Selector,
    /// Secret keys, one of which opens it.
    pub identities: &'a [Identity],
    /// The database that is made, on a server where the role of the address may create databases.
    pub into: &'a DatabaseUrl,
    /// The name of the database once more, where one that is not empty may be replaced.
    pub overwrite: Option<&'a str>,
    /// Where `pg_restore` is.
    pub programs: &'a Programs,
    /// Told of the bytes restored.
    pub progress: Option<&'a Observer>,
    /// Ends it; what was there before stays.
    pub cancelled: &'a CancellationToken,
}

/// A database that was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What it was restored from.
    pub manifest: Manifest,
    /// Its name.
    pub database: String,
    /// What the database that it replaces is called now; dropping that is left to people.
    pub previous: Option<String>,
    /// Roles that the server lacks; with one, owners and privileges were left out.
    pub missing_roles: Vec<String>,
    /// From the beginning to the end, in milliseconds.
    pub duration_ms: u64,
}

/// Restores a backup. Everything is read into a database beside, which takes the name only when it is whole: what a
/// database of that name held stays there until then, and under another name after that.
///
/// # Errors
/// [`Error::DatabaseNotEmpty`], [`Error::NameNotConfirmed`], [`Error::BackupMissing`], [`Error::WrongKey`],
/// [`Error::Tampered`], [`Error::Truncated`], [`Error::RestoreFailed`], [`Error::Cancelled`], or of the store and the
/// server.
pub async fn restore(request: Restore<'_>) -> Result<Restored, Error> {
    let restored = request.cancelled.run_until_cancelled(Box::pin(run(&request))).await;
    restored.unwrap_or(Err(Error::Cancelled))
}

async fn run(request: &Restore<'_>) -> Result<Restored, Error> {
    let started = Instant::now();
    let Restore { store, target, which, identities, into, overwrite, programs, progress, .. } = request.clone();
    let there = look(into, overwrite).await?;
    let manifest = inventory::find(store, target, which).await?;
    let unfinished = Temporary::create(into, UNFINISHED, &manifest.database).await?;
    let filling = Filling { store, manifest: &manifest, identities, programs, progress };
    let filled = match filling.run(&unfinished.url).await {
        // Somebody may have filled the database in the meantime.
        Ok(missing) => look(into, overwrite).await.map(|_| missing),
        Err(error) => Err(error),
    };
    let missing_roles = match filled {
        Ok(missing) => missing,
        Err(error) => {
            // The drop is tried once more when the value goes; why the restore failed matters more.
            let _ = unfinished.drop_now().await;
            return Err(error);
        }
    };
    let previous = swap(&unfinished.url, into, there).await?;
    unfinished.keep();
    let database = into.database().to_owned();
    Ok(Restored { manifest, database, previous, missing_roles, duration_ms: milliseconds(started.elapsed()) })
}

/// What has the name of the database that is to be made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum There {
    Nothing,
    Empty,
    Full,
}

async fn look(into: &DatabaseUrl, overwrite: Option<&str>) -> Result<There, Error> {
    let name = into.database();
    if overwrite.is_some_and(|typed| typed != name) {
        return Err(Error::NameNotConfirmed(name.to_owned()));
    }
    let there = on_server(into, async |connection| {
        connection.count(&format!("select count(*) from pg_database where datname = {}", literal(name))).await
    });
    if there.await? == 0 {
        return Ok(There::Nothing);
    }
    let connection = Connection::open(into).await?;
    match (census::is_empty(&connection).await?, overwrite) {
        (true, _) => Ok(There::Empty),
        (false, Some(_)) => Ok(There::Full),
        (false, None) => Err(Error::DatabaseNotEmpty(name.to_owned())),
    }
}

/// Gives the restored database its name. One that has it is ended, renamed, and dropped if it is empty.
async fn swap(restored: &DatabaseUrl, into: &DatabaseUrl, there: There) -> Result<Option<String>, Error> {
    let (from, name) = (restored.database(), into.database());
    // A name has at most 63 bytes.
    let stem: String = name
        .chars()
        .scan(0, |length, c| {
            *length += c.len_utf8();
            (*length <= 40).then_some(c)
        })
        .collect();
    let previous = format!("{stem}_before_{}", Utc::now().timestamp());
    on_server(into, async |connection| {
        if there != There::Nothing {
            rename_in_use(&connection, name, &previous).await?;
        }
        let renamed = connection.execute(&format!("alter database {} rename to {}", quoted(from), quoted(name))).await;
        if let (Err(error), true) = (&renamed, there != There::Nothing) {
            // The old one gets its name back; if that fails too, the first error says more.
            let back = format!("alter database {} rename to {}", quoted(&previous), quoted(name));
            let allow = format!("alter database {} with allow_connections true", quoted(name));
            if connection.execute(&back).await.is_ok() {
                let _ = connection.execute(&allow).await;
            }
            return Err(Error::DatabaseRefused(error.to_string()));
        }
        renamed?;
        match there {
            There::Nothing => Ok(None),
            There::Empty => {
                connection.execute(&format!("drop database {} with (force)", quoted(&previous))).await?;
                Ok(None)
            }
            There::Full => {
                let allow = format!("alter database {} with allow_connections true", quoted(&previous));
                connection.execute(&allow).await?;
                Ok(Some(previous.clone()))
            }
        }
    })
    .await
}

/// Ends the sessions of a database and renames it before new ones come.
async fn rename_in_use(connection: &Connection, name: &str, to: &str) -> Result<(), Error> {
    connection.execute(&format!("alter database {} with allow_connections false", quoted(name))).await?;
    let sessions = format!(
        "select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity
         where datname = {} and pid <> pg_backend_pid()",
        literal(name)
    );
    let renaming = format!("alter database {} rename to {}", quoted(name), quoted(to));
    let renamed = match connection.count(&sessions).await {
        Ok(_) => connection.execute(&renaming).await,
        Err(error) => Err(error),
    };
    if renamed.is_err() {
        let _ = connection.execute(&format!("alter database {} with allow_connections true", quoted(name))).await;
    }
    renamed
}
