//! A restored database beside the manifest of its backup.

use crate::{
    DatabaseUrl, Error, Manifest,
    manifest::{LargeObjectCensus, TableCensus},
    postgres::{
        census::{self, TableSample},
        connection::{Connection, literal, quoted},
        facts,
    },
    progress::{Meter, Observer, Stage},
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Something that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Difference {
    /// A table is not there.
    MissingTable {
        /// As in `public.orders`.
        table: String,
    },
    /// A table is there that was not.
    UnexpectedTable {
        /// As in `public.orders`.
        table: String,
    },
    /// A table has more or fewer rows.
    Rows {
        /// As in `public.orders`.
        table: String,
        /// What the manifest says.
        expected: u64,
        /// What there is.
        found: u64,
    },
    /// The sampled rows of a table are not the same.
    Checksum {
        /// As in `public.orders`.
        table: String,
    },
    /// There are more or fewer large objects.
    LargeObjects {
        /// What the manifest says.
        expected: u64,
        /// What there is.
        found: u64,
    },
    /// The sampled large objects are not the same.
    LargeObjectChecksum,
    /// There are more or fewer constraints.
    Constraints {
        /// What the manifest says.
        expected: u64,
        /// What there is.
        found: u64,
    },
    /// A constraint that was validated is not.
    InvalidConstraint {
        /// As in `public.orders.orders_total_check`.
        constraint: String,
    },
    /// There are more or fewer valid indexes.
    Indexes {
        /// What the manifest says.
        expected: u64,
        /// What there is.
        found: u64,
    },
    /// An index that was valid is not, or does not hold what it should.
    InvalidIndex {
        /// As in `public.orders_pkey`.
        index: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An extension is not there.
    MissingExtension {
        /// Its name.
        name: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingTable { table } => write!(formatter, "the table {table} is missing"),
            Self::UnexpectedTable { table } => write!(formatter, "the table {table} was not there"),
            Self::Rows { table, expected, found } => {
                write!(formatter, "{table} has {found} rows instead of {expected}")
            }
            Self::Checksum { table } => write!(formatter, "the rows of {table} are not those of the backup"),
            Self::LargeObjects { expected, found } => {
                write!(formatter, "there are {found} large objects instead of {expected}")
            }
            Self::LargeObjectChecksum => formatter.write_str("the large objects are not those of the backup"),
            Self::Constraints { expected, found } => {
                write!(formatter, "there are {found} constraints instead of {expected}")
            }
            Self::InvalidConstraint { constraint } => write!(formatter, "the constraint {constraint} is not validated"),
            Self::Indexes { expected, found } => {
                write!(formatter, "there are {found} valid indexes instead of {expected}")
            }
            Self::InvalidIndex { index, reason } => write!(formatter, "the index {index} is not valid: {reason}"),
            Self::MissingExtension { name } => write!(formatter, "the extension {name} is missing"),
        }
    }
}

/// What was compared, and what is different.
pub(crate) struct Compared {
    pub server_version: String,
    pub tables: u64,
    pub rows: u64,
    pub differences: Vec<Difference>,
}

pub(crate) async fn compare(
    database: &DatabaseUrl,
    manifest: &Manifest,
    observer: Option<&Observer>,
) -> Result<Compared, Error> {
    let connection = Connection::open(database).await?;
    let server_version = facts::server_version(&connection).await?.text;
    let mut meter = Meter::new(observer, Stage::Checking, Some(manifest.tables.len() as u64));
    let mut differences = unexpected(&connection, manifest).await?;
    let missing: Vec<TableCensus> = missing(&connection, manifest).await?;
    let mut rows = 0;
    for expected in &manifest.tables {
        if missing.contains(expected) {
            differences.push(Difference::MissingTable { table: name(expected) });
            continue;
        }
        let found = census::count(&connection, &TableSample::of(expected)).await?;
        rows += found.rows;
        differences.extend(of_table(expected, &found));
        meter.add(1);
    }
    meter.finish();
    let large = census::large_objects(&connection, Some(manifest.large_objects.modulus.max(1))).await?;
    differences.extend(of_large_objects(&manifest.large_objects, &large));
    differences.extend(of_structure(&connection, manifest).await?);
    differences.extend(broken_indexes(&connection).await?);
    Ok(Compared { server_version, tables: manifest.tables.len() as u64, rows, differences })
}

fn name(table: &TableCensus) -> String {
    format!("{}.{}", table.schema, table.name)
}

async fn unexpected(connection: &Connection, manifest: &Manifest) -> Result<Vec<Difference>, Error> {
    let there = census::tables(connection).await?.into_iter();
    let is_known = |found: &TableSample| {
        manifest.tables.iter().any(|table| (&table.schema, &table.name) == (&found.schema, &found.name))
    };
    let unexpected = there.filter(|found| !is_known(found));
    Ok(unexpected.map(|t| Difference::UnexpectedTable { table: format!("{}.{}", t.schema, t.name) }).collect())
}

async fn missing(connection: &Connection, manifest: &Manifest) -> Result<Vec<TableCensus>, Error> {
    let there = census::tables(connection).await?;
    let is_there = |table: &&TableCensus| there.iter().any(|t| (&t.schema, &t.name) == (&table.schema, &table.name));
    Ok(manifest.tables.iter().filter(|table| !is_there(table)).cloned().collect())
}

fn of_table(expected: &TableCensus, found: &TableCensus) -> Option<Difference> {
    let table = name(expected);
    if expected.rows != found.rows {
        return Some(Difference::Rows { table, expected: expected.rows, found: found.rows });
    }
    let is_same = (expected.sampled, &expected.checksum) == (found.sampled, &found.checksum);
    (!is_same).then_some(Difference::Checksum { table })
}

fn of_large_objects(expected: &LargeObjectCensus, found: &LargeObjectCensus) -> Option<Difference> {
    if expected.count != found.count {
        return Some(Difference::LargeObjects { expected: expected.count, found: found.count });
    }
    (expected.checksum != found.checksum).then_some(Difference::LargeObjectChecksum)
}

async fn of_structure(connection: &Connection, manifest: &Manifest) -> Result<Vec<Difference>, Error> {
    let (expected, found) = (&manifest.database, facts::structure(connection).await?);
    let mut differences = Vec::new();
    if expected.constraints != found.constraints {
        differences.push(Difference::Constraints { expected: expected.constraints, found: found.constraints });
    }
    if expected.indexes != found.indexes {
        differences.push(Difference::Indexes { expected: expected.indexes, found: found.indexes });
    }
    let unvalidated = found.unvalidated_constraints.into_iter();
    let unvalidated = unvalidated.filter(|constraint| !expected.unvalidated_constraints.contains(constraint));
    differences.extend(unvalidated.map(|constraint| Difference::InvalidConstraint { constraint }));
    let invalid = found.invalid_indexes.into_iter().filter(|index| !expected.invalid_indexes.contains(index));
    let reason = || "PostgreSQL does not use it".to_owned();
    differences.extend(invalid.map(|index| Difference::InvalidIndex { index, reason: reason() }));
    let extensions: Vec<String> = facts::extensions(connection).await?.into_iter().map(|e| e.name).collect();
    let missing = expected.extensions.iter().filter(|extension| !extensions.contains(&extension.name));
    differences.extend(missing.map(|extension| Difference::MissingExtension { name: extension.name.clone() }));
    Ok(differences)
}

/// Has the structure of every B-tree checked, where the server brings the extension for that and lets us.
async fn broken_indexes(connection: &Connection) -> Result<Vec<Difference>, Error> {
    let can_check = "select count(*) from pg_available_extensions
         where name = 'amcheck' and current_setting('is_superuser') = 'on'";
    if connection.count(can_check).await? == 0 {
        return Ok(Vec::new());
    }
    connection
        .execute("create schema gotong_drill; create extension if not exists amcheck schema gotong_drill")
        .await?;
    let schema = connection
        .value("select nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace where extname = 'amcheck'")
        .await?;
    let indexes = connection
        .column(
            "select c.oid::regclass::text from pg_index i join pg_class c on c.oid = i.indexrelid
             join pg_am a on a.oid = c.relam
             where a.amname = 'btree' and c.relkind = 'i' and c.relpersistence <> 't' and i.indisvalid and i.indisready
                 and c.relnamespace <> 'pg_catalog'::regnamespace order by 1",
        )
        .await?;
    let mut broken = Vec::new();
    for index in indexes {
        let check = format!("select {}.bt_index_check({}::regclass)", quoted(&schema), literal(&index));
        match connection.execute(&check).await {
            Ok(()) => {}
            Err(Error::DatabaseRefused(reason)) => broken.push(Difference::InvalidIndex { index, reason }),
            Err(error) => return Err(error),
        }
    }
    Ok(broken)
}
