//! Whether the ledger has every table.

use diesel::{QueryableByName, migration::MigrationSource, pg::Pg, sql_types::Text};
use diesel_async::RunQueryDsl;
use gotong_shared::db::{Database, DatabaseError, MIGRATIONS};
use std::collections::HashSet;

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = Text)]
    version: String,
}

/// The migrations that are not applied yet.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn missing(database: &Database) -> Result<Vec<String>, DatabaseError> {
    let known = known()?;
    let mut connection = database.connection().await?;
    // The table itself is missing in a new database.
    let query = "select version from __diesel_schema_migrations";
    let applied: HashSet<String> = match diesel::sql_query(query).load::<Applied>(&mut connection).await {
        Ok(rows) => rows.into_iter().map(|row| row.version).collect(),
        Err(error) if error.to_string().contains("does not exist") => HashSet::new(),
        Err(error) => return Err(error.into()),
    };
    Ok(known.into_iter().filter(|(version, _)| !applied.contains(version)).map(|(_, name)| name).collect())
}

/// Version and name of every migration this program knows.
fn known() -> Result<Vec<(String, String)>, DatabaseError> {
    let migrations = MigrationSource::<Pg>::migrations(&MIGRATIONS);
    let migrations = migrations.map_err(|error| DatabaseError::Migration(error.to_string()))?;
    let names = migrations.iter().map(|migration| migration.name());
    Ok(names.map(|name| (name.version().to_string(), name.to_string())).collect())
}
