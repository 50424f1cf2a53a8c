//! What a database is, read from its catalogue.

use super::connection::{Connection, number};
use crate::{
    Error,
    manifest::{DatabaseFacts, Extension},
};

/// The version of a server.
pub(crate) struct ServerVersion {
    /// As `show server_version` says it.
    pub text: String,
    /// As in 15.
    pub major: u32,
}

pub(crate) async fn server_version(connection: &Connection) -> Result<ServerVersion, Error> {
    let text = connection.value("show server_version").await?;
    let digits = connection.count("select current_setting('server_version_num')").await?;
    Ok(ServerVersion { text, major: u32::try_from(digits / 10_000).unwrap_or_default() })
}

/// Schemas whose content is the server's own.
pub(crate) const NOT_OURS: &str = "('pg_catalog', 'information_schema', 'pg_toast')";

pub(crate) async fn read(connection: &Connection, server: &ServerVersion) -> Result<DatabaseFacts, Error> {
    // The locale of the other providers has changed its column in the course of time.
    let locale = match server.major {
        17.. => "datlocale",
        15..17 => "daticulocale",
        _ => "null",
    };
    let provider = if server.major >= 15 { "datlocprovider" } else { "'c'" };
    let rows = connection
        .rows(&format!(
            "select datname, pg_encoding_to_char(encoding), datcollate, datctype, {provider}::text, {locale},
                 pg_database_size(oid)
             from pg_database where datname = current_database()"
        ))
        .await?;
    let missing = || Error::DatabaseRefused("the catalogue does not hold the database".to_owned());
    let mut row = rows.into_iter().next().ok_or_else(missing)?.into_iter();
    let mut next = || row.next().flatten();
    let mut text = || next().ok_or_else(missing);
    let (name, encoding, collation, character_type, provider) = (text()?, text()?, text()?, text()?, text()?);
    let locale = next();
    let size = number(&next().ok_or_else(missing)?)?;
    let Structure { constraints, indexes, unvalidated_constraints, invalid_indexes } = structure(connection).await?;
    Ok(DatabaseFacts {
        name,
        encoding,
        collation,
        character_type,
        locale_provider: provider_name(&provider).to_owned(),
        locale,
        size,
        extensions: extensions(connection).await?,
        roles: roles(connection).await?,
        unvalidated_constraints,
        invalid_indexes,
        constraints,
        indexes,
    })
}

fn provider_name(letter: &str) -> &'static str {
    match letter {
        "i" => "icu",
        "b" => "builtin",
        _ => "libc",
    }
}

pub(crate) async fn extensions(connection: &Connection) -> Result<Vec<Extension>, Error> {
    let rows = connection.rows("select extname, extversion from pg_extension order by 1").await?;
    let extension = |row: Vec<Option<String>>| {
        let mut row = row.into_iter().map(Option::unwrap_or_default);
        Extension { name: row.next().unwrap_or_default(), version: row.next().unwrap_or_default() }
    };
    Ok(rows.into_iter().map(extension).collect())
}

/// The owners, and whoever a privilege or policy names; but for the roles of the server itself.
async fn roles(connection: &Connection) -> Result<Vec<String>, Error> {
    connection
        .column(
            "select rolname from pg_roles where not starts_with(rolname, 'pg_') and oid in (
                 select refobjid from pg_shdepend
                 where refclassid = 'pg_authid'::regclass
                     and dbid = (select oid from pg_database where datname = current_database())
                 union select relowner from pg_class where oid >= 16384
                 union select proowner from pg_proc where oid >= 16384
                 union select typowner from pg_type where oid >= 16384
                 union select nspowner from pg_namespace where oid >= 16384)
             order by 1",
        )
        .await
}

/// Constraints and indexes.
pub(crate) struct Structure {
    pub constraints: u64,
    pub indexes: u64,
    pub unvalidated_constraints: Vec<String>,
    pub invalid_indexes: Vec<String>,
}

pub(crate) async fn structure(connection: &Connection) -> Result<Structure, Error> {
    // From version 18 on what may not be null is a constraint with a row of its own, of which older dumps know nothing.
    let constraints = format!(
        "from pg_constraint c join pg_namespace n on n.oid = c.connamespace
         where n.nspname not in {NOT_OURS} and c.contype <> 'n'"
    );
    let unvalidated = format!(
        "select format('%I.%s.%I', n.nspname, coalesce(c.conrelid::regclass::text, c.contypid::regtype::text), c.conname)
         {constraints} and not c.convalidated order by 1"
    );
    let indexes = format!(
        "from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
         where n.nspname not in {NOT_OURS} and n.nspname !~ '^pg_temp_'"
    );
    let is_valid = "(i.indisvalid and i.indisready and i.indislive)";
    let invalid = format!("select format('%I.%I', n.nspname, c.relname) {indexes} and not {is_valid} order by 1");
    Ok(Structure {
        constraints: connection.count(&format!("select count(*) {constraints}")).await?,
        indexes: connection.count(&format!("select count(*) {indexes} and {is_valid}")).await?,
        unvalidated_constraints: connection.column(&unvalidated).await?,
        invalid_indexes: connection.column(&invalid).await?,
    })
}
