//! Whole databases: made, filled from a backup, renamed, dropped.

use crate::{
    DatabaseUrl, Error, Identity, Manifest, Programs, Store,
    manifest::DatabaseFacts,
    postgres::{
        connection::{Connection, literal, on_server, quoted},
        facts,
        process::Running,
    },
    progress::Observer,
    unsealing::unseal,
};
use chrono::Utc;
use uuid::Uuid;

/// A database that is not meant to stay: its name has the time of its making, and it is dropped with its value unless it is
/// kept.
pub(crate) struct Temporary {
    pub url: DatabaseUrl,
    is_kept: bool,
}

impl Temporary {
    /// Makes one whose encoding and locale are those of the backup.
    pub async fn create(server: &DatabaseUrl, prefix: &str, facts: &DatabaseFacts) -> Result<Self, Error> {
        let unique = Uuid::new_v4().simple().to_string();
        let name = format!("{prefix}{}_{}", Utc::now().timestamp(), &unique[..8]);
        let statement = on_server(server, async |connection| {
            let version = facts::server_version(&connection).await?;
            connection.execute(&creation(&name, facts, version.major)).await
        });
        statement.await?;
        Ok(Self { url: server.with_database(&name), is_kept: false })
    }

    pub fn keep(mut self) {
        self.is_kept = true;
    }

    /// Drops it.
    pub async fn drop_now(mut self) -> Result<(), Error> {
        let dropped = drop_database(&self.url).await;
        self.is_kept = dropped.is_ok();
        dropped
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let url = self.url.clone();
        runtime.spawn(async move {
            if let Err(error) = drop_database(&url).await {
                tracing::warn!(database = url.database(), %error, "a scratch database remains until it is swept");
            }
        });
    }
}

fn creation(name: &str, facts: &DatabaseFacts, server_major: u32) -> String {
    let DatabaseFacts { encoding, collation, character_type, locale_provider, locale, .. } = facts;
    let provider = match (server_major, locale) {
        (..15, _) => String::new(),
        (_, None) => format!(" locale_provider {locale_provider}"),
        (_, Some(locale)) => format!(" locale_provider {locale_provider} {locale_provider}_locale {}", literal(locale)),
    };
    format!(
        "create database {} template template0 encoding {} lc_collate {} lc_ctype {}{provider}",
        quoted(name),
        literal(encoding),
        literal(collation),
        literal(character_type)
    )
}

async fn drop_database(url: &DatabaseUrl) -> Result<(), Error> {
    let statement = format!("drop database if exists {} with (force)", quoted(url.database()));
    on_server(url, async |connection| connection.execute(&statement).await).await
}

/// Drops databases of that kind that are older than so many seconds; their names.
pub(crate) async fn sweep(server: &DatabaseUrl, prefix: &str, older_than: u64) -> Result<Vec<String>, Error> {
    on_server(server, async |connection| {
        let all = connection.column("select datname from pg_database where not datistemplate order by 1").await?;
        let (now, mut dropped) = (Utc::now().timestamp(), Vec::new());
        for name in all {
            let made = made_at(&name, prefix);
            if made.is_some_and(|made| u64::try_from(now - made).is_ok_and(|age| age >= older_than)) {
                connection.execute(&format!("drop database if exists {} with (force)", quoted(&name))).await?;
                dropped.push(name);
            }
        }
        Ok(dropped)
    })
    .await
}

/// The time in the name of a [`Temporary`], if it is one.
fn made_at(name: &str, prefix: &str) -> Option<i64> {
    let (seconds, unique) = name.strip_prefix(prefix)?.split_once('_')?;
    let is_ours = unique.len() == 8 && unique.bytes().all(|c| c.is_ascii_hexdigit());
    seconds.parse().ok().filter(|_| is_ours)
}

/// What to fill a database with.
pub(crate) struct Filling<'a> {
    pub store: &'a Store,
    pub manifest: &'a Manifest,
    pub identities: &'a [Identity],
    pub programs: &'a Programs,
    pub progress: Option<&'a Observer>,
}

impl Filling<'_> {
    /// Restores into an empty database. Roles that the server lacks are returned: with one, or without the rights of a
    /// superuser, owners and privileges are left out.
    pub async fn run(&self, into: &DatabaseUrl) -> Result<Vec<String>, Error> {
        let connection = Connection::open(into).await?;
        let missing = missing_roles(&connection, &self.manifest.database.roles).await?;
        let is_superuser = connection.value("select current_setting('is_superuser')").await? == "on";
        drop(connection);
        let program = self.programs.find("pg_restore", self.manifest.pg_dump_major).await?;
        let (mut process, input) = Running::restore(&program, into, is_superuser && missing.is_empty())?;
        let unsealed = unseal(self.store, self.manifest, self.identities, input, self.progress);
        let ended = async {
            let ended = process.wait().await?;
            ended.map_err(|ended| ended.of_restore(into))
        };
        match tokio::try_join!(unsealed, ended) {
            Ok(((), ())) => Ok(missing),
            Err(error) => {
                process.kill().await;
                Err(error)
            }
        }
    }
}

async fn missing_roles(connection: &Connection, wanted: &[String]) -> Result<Vec<String>, Error> {
    let there = connection.column("select rolname from pg_roles").await?;
    Ok(wanted.iter().filter(|role| !there.contains(role)).cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_name_of_ours_is_swept() {
        assert_eq!(made_at("gotong_drill_1700000000_0a1b2c3d", "gotong_drill_"), Some(1_700_000_000));
        for other in
            ["gotong_drill_", "gotong_drill_1_x", "gotong_drill_now_0a1b2c3d", "gotong", "gotong_drill_1_0a1b2c3d4"]
        {
            assert_eq!(made_at(other, "gotong_drill_"), None, "{other}");
        }
    }
}
