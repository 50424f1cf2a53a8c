//! Counting rows, and hashing a sample of them that does not depend on their order or place.
//!
//! A row belongs to the sample when the hash of its key is a multiple of the table's modulus; its own hash is that of its
//! text. The sum of the hashes is the checksum. The hash, `hashtextextended`, is the one that places rows in hash
//! partitions, and so is the same on every server of a kind and in every version.

use super::{
    connection::{Connection, literal, number, quoted},
    facts::NOT_OURS,
};
use crate::{
    Error,
    manifest::{LargeObjectCensus, TableCensus},
};

/// How many rows of a table are hashed, about.
const SAMPLE_ROWS: u64 = 4_000;
/// How many large objects are hashed, about.
const SAMPLE_OBJECTS: u64 = 100;
/// How much of a large object is hashed: more would be held in the server's memory.
const SAMPLE_BYTES: u32 = 1024 * 1024;
/// As many columns decide about a row where a table has no key.
const COLUMNS_FOR_A_KEY: u32 = 4;

/// A table whose rows are to be counted.
#[derive(Clone, Debug)]
pub(crate) struct TableSample {
    pub schema: String,
    pub name: String,
    pub key: Vec<String>,
    pub modulus: u64,
}

impl TableSample {
    pub fn of(census: &TableCensus) -> Self {
        let TableCensus { schema, name, key, modulus, .. } = census.clone();
        Self { schema, name, key, modulus }
    }
}

/// Every table that holds rows and is dumped with them.
pub(crate) async fn tables(connection: &Connection) -> Result<Vec<TableSample>, Error> {
    let rows = connection
        .rows(&format!(
            "select n.nspname, c.relname, greatest(c.reltuples, 0)::int8, c.relpages, (
                 select string_agg(quote_ident(a.attname), ',' order by a.attnum)
                 from pg_attribute a where a.attrelid = c.oid and a.attnum = any(coalesce(
                     (select i.indkey::int2[] from pg_index i where i.indrelid = c.oid and i.indisprimary),
                     (select array_agg(first.attnum) from (
                         select f.attnum from pg_attribute f
                         where f.attrelid = c.oid and f.attnum > 0 and not f.attisdropped
                         order by f.attnum limit {COLUMNS_FOR_A_KEY}) first))))
             from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where c.relkind = 'r' and c.relpersistence <> 't' and n.nspname not in {NOT_OURS}
                 and not exists (select from pg_depend d
                     where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
             order by 1, 2"
        ))
        .await?;
    rows.into_iter().map(sample).collect()
}

fn sample(row: Vec<Option<String>>) -> Result<TableSample, Error> {
    let mut row = row.into_iter();
    let mut text = || row.next().flatten().unwrap_or_default();
    let (schema, name, rows, pages, key) = (text(), text(), text(), text(), text());
    // A table that was never analysed has no estimate: then what its pages may hold.
    let rows = number(&rows)?.max(number(&pages)? * 20);
    let key = split_identifiers(&key);
    Ok(TableSample { schema, name, key, modulus: (rows / SAMPLE_ROWS).max(1) })
}

/// Takes `a,"B, c"` apart, as `quote_ident` made it.
fn split_identifiers(text: &str) -> Vec<String> {
    let (mut all, mut current, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => {
                letters.next();
                current.push('"');
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => all.push(std::mem::take(&mut current)),
            _ => current.push(letter),
        }
    }
    if !text.is_empty() {
        all.push(current);
    }
    all
}

/// Counts a table and hashes its sample.
pub(crate) async fn count(connection: &Connection, table: &TableSample) -> Result<TableCensus, Error> {
    let TableSample { schema, name, key, modulus } = table.clone();
    let rows = connection.rows(&query(table)).await?;
    let mut row = rows.into_iter().next().unwrap_or_default().into_iter();
    let mut text = || row.next().flatten().unwrap_or_default();
    let (rows, sampled, checksum) = (number(&text())?, number(&text())?, text());
    Ok(TableCensus { schema, name, rows, key, modulus, sampled, checksum })
}

fn query(table: &TableSample) -> String {
    let place = format!("only {}.{} as \"the row\"", quoted(&table.schema), quoted(&table.name));
    // `.*` is the whole row also where a column has the name of the row.
    let hash = "hashtextextended((\"the row\".*)::text, 0)";
    if table.key.is_empty() || table.modulus <= 1 {
        return format!("select count(*), count(*), coalesce(sum({hash}), 0) from {place}");
    }
    let columns: Vec<String> = table.key.iter().map(|name| format!("\"the row\".{}", quoted(name))).collect();
    let key = match columns.as_slice() {
        [column] => format!("coalesce({column}::text, '')"),
        columns => format!("row({})::text", columns.join(", ")),
    };
    let is_sampled = format!("hashtextextended({key}, 0) % {} = 0", table.modulus);
    format!(
        "select count(*), count(*) filter (where {is_sampled}),
             coalesce(sum({hash}) filter (where {is_sampled}), 0) from {place}"
    )
}

/// Counts the large objects and hashes a sample of them, chosen by that modulus or, without one, by their number.
pub(crate) async fn large_objects(connection: &Connection, modulus: Option<u64>) -> Result<LargeObjectCensus, Error> {
    let count = connection.count("select count(*) from pg_largeobject_metadata").await?;
    let modulus = modulus.unwrap_or((count / SAMPLE_OBJECTS).max(1));
    let rows = connection
        .rows(&format!(
            "select count(*), coalesce(sum(hashtextextended(oid::text || md5(lo_get(oid, 0, {SAMPLE_BYTES})), 0)), 0)
             from pg_largeobject_metadata where oid::int8 % {modulus} = 0"
        ))
        .await?;
    let mut row = rows.into_iter().next().unwrap_or_default().into_iter();
    let mut text = || row.next().flatten().unwrap_or_default();
    Ok(LargeObjectCensus { count, modulus, sampled: number(&text())?, checksum: text() })
}

/// Whether anything of a user's is in a database: what a restore must not mix with.
pub(crate) async fn is_empty(connection: &Connection) -> Result<bool, Error> {
    let ours = format!("n.nspname not in {NOT_OURS} and n.nspname !~ {}", literal("^pg_"));
    let found = connection
        .count(&format!(
            "select (select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace where {ours})
                 + (select count(*) from pg_proc p join pg_namespace n on n.oid = p.pronamespace where {ours})
                 + (select count(*) from pg_type t join pg_namespace n on n.oid = t.typnamespace where {ours})
                 + (select count(*) from pg_namespace n where {ours} and n.nspname <> 'public')
                 + (select count(*) from pg_largeobject_metadata)"
        ))
        .await?;
    Ok(found == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_taken_apart_as_they_were_put_together() {
        assert_eq!(split_identifiers("id"), ["id"]);
        assert_eq!(split_identifiers("a,\"B, \"\"c\"\"\",d"), ["a", "B, \"c\"", "d"]);
        assert!(split_identifiers("").is_empty());
    }

    #[test]
    fn a_small_table_is_hashed_whole() {
        let mut table =
            TableSample { schema: "s".into(), name: "o\"dd".into(), key: vec!["a".into(), "b".into()], modulus: 1 };
        assert!(query(&table).contains("\"s\".\"o\"\"dd\""));
        assert!(!query(&table).contains("filter"));
        table.modulus = 7;
        assert!(
            query(&table).contains("row(\"the row\".\"a\", \"the row\".\"b\")::text, 0) % 7 = 0"),
            "{}",
            query(&table)
        );
    }
}
