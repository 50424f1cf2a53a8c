//! PostgreSQL: full text in both languages, and trigrams for what is misspelt. It searches the ledger itself, so it is
//! never behind; it is the search of installations without Elasticsearch, and everybody's while that does not answer.
//!
//! A document's score is the part of the words that it holds (a misspelt one counts by its similarity), then where it
//! holds them (`ts_rank` over the weights of `search_vector`), and something for the whole phrase.

use super::{
    Answer, FACET_VALUES, Hit, Index, Query, SUGGESTIONS, SearchError, Source, Start, Total,
    markup::{self, CLOSE, OPEN},
};
use crate::{
    db::{Database, DatabaseError},
    documents::DocumentKey,
};
use diesel::{
    QueryableByName,
    result::Error as DieselError,
    sql_types::{Array, BigInt, Double, Jsonb, Nullable, Text, Uuid as SqlUuid},
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};

/// Documents that are judged at most; of a query that fits more, the others are left out.
const JUDGED: i64 = 2_000;

/// The ledger as an index.
#[derive(Clone)]
pub struct FullText {
    database: Database,
    timeout: Duration,
}

impl FullText {
    /// Searches in that ledger, for at most that long.
    #[must_use]
    pub fn new(database: Database, timeout: Duration) -> Self {
        Self { database, timeout }
    }
}

impl Index for FullText {
    async fn search(&self, query: &Query) -> Result<Answer, SearchError> {
        let mut connection = self.database.connection().await?;
        // Lower than its default: two letters in the wrong order change half of a word's trigrams.
        let settings = format!(
            "set local statement_timeout = {}; set local pg_trgm.word_similarity_threshold = 0.36",
            self.timeout.as_millis()
        );
        let searched = connection.transaction::<_, DieselError, _>(async |connection| {
            connection.batch_execute(&settings).await?;
            let rows = find(connection, query).await?;
            let (total, tags) =
                if rows.is_empty() { (0, Vec::new()) } else { (rows[0].total, labels(&rows[0].labels)) };
            Ok((rows, total, tags, suggest(connection, query).await?))
        });
        match searched.await {
            Ok((rows, total, tags, suggestions)) => Ok(answer(query, rows, total, tags, suggestions)),
            Err(error) if is_timeout(&error) => {
                Ok(Answer { partial: true, ..answer(query, Vec::new(), 0, Vec::new(), Vec::new()) })
            }
            Err(error) => Err(DatabaseError::from(error).into()),
        }
    }
}

fn is_timeout(error: &DieselError) -> bool {
    matches!(error, DieselError::DatabaseError(_, info) if info.message().contains("statement timeout"))
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text, column_name = "type")]
    kind: String,
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = Jsonb)]
    body: Value,
    #[diesel(sql_type = Double)]
    score: f64,
    #[diesel(sql_type = BigInt)]
    total: i64,
    #[diesel(sql_type = Jsonb)]
    labels: Value,
    #[diesel(sql_type = Jsonb)]
    passages: Value,
}

const FIND: &str = r#"
    with words as (
        select search_fold(word) as word,
            plainto_tsquery('gotong_english', word) || plainto_tsquery('gotong_indonesian', word)
                || plainto_tsquery('simple', search_fold(word)) as query
        from unnest($2::text[]) as word),
    asked as (
        select array_agg(word) as words,
            (select string_agg(nullif(query::text, ''), ' | ') from words)::tsquery as any_word,
            phraseto_tsquery('gotong_english', $3) || phraseto_tsquery('gotong_indonesian', $3) as phrase
        from words),
    fitting as materialized (
        select d.type, d.id, d.version, d.body, d.vector, d.names
        from documents d, asked
        where d.workspace_id = $1 and d.deleted_at is null
          and ($4::text is null or d.type = $4)
          and ($5::text is null or coalesce(d.body -> 'tags', d.body -> 'expertise', '[]') ? $5)
          and (d.vector @@ asked.any_word or d.names %> any (asked.words))
        limit $6),
    judged as materialized (
        select f.type, f.id, f.version, f.body, f.type || ':' || f.id as key,
            (2 * fit.share + 3 * ts_rank('{0.1, 0.25, 0.6, 1.0}', f.vector, asked.any_word)
                + case when f.vector @@ asked.phrase then 0.5 else 0 end)::float8 as score
        from fitting f, asked, lateral (
            select avg(greatest(
                case when f.vector @@ words.query then 1 else 0 end,
                0.8 * word_similarity(words.word, f.names))) as share
            from words) as fit
        where fit.share >= 0.28),
    page as (
        select * from judged
        where $7::float8 is null or score < $7 or (score = $7 and key > $8 collate "C")
        order by score desc, key collate "C" limit $9 offset $10)
    select page.type, page.id, page.version, page.body, page.score,
        (select count(*) from judged) as total,
        coalesce((select jsonb_agg(jsonb_build_array(label, number) order by number desc, label) from (
            select label, count(*) as number from judged,
                jsonb_array_elements_text(coalesce(body -> 'tags', body -> 'expertise', '[]')) as label
            group by label order by 2 desc, 1 limit $11) as counted), '[]') as labels,
        (select coalesce(jsonb_object_agg(field, passage), '{}') from (
            select field, passage
            from jsonb_each_text(page.body) as text (field, content),
                unnest(array['gotong_indonesian', 'gotong_english']::regconfig[]) with ordinality as by (language, n),
                ts_headline(by.language, left(content, 5000), asked.any_word, $12) as passage
            where field in ('title', 'name', 'username', 'description', 'bio') and passage like '%' || $13 || '%'
            order by n desc) as shown) as passages
    from page, asked order by page.score desc, page.key collate "C""#;

async fn find(connection: &mut AsyncPgConnection, query: &Query) -> Result<Vec<Found>, DieselError> {
    let (after, offset) = match &query.from {
        Start::Offset(offset) => (None, *offset),
        Start::After(mark) if mark.source == Source::PostgreSql => (Some((mark.score, mark.key.clone())), 0),
        Start::After(mark) => (None, mark.position),
    };
    let shown = format!("StartSel={OPEN}, StopSel={CLOSE}, MaxFragments=3, MaxWords=25, MinWords=8");
    diesel::sql_query(FIND)
        .bind::<SqlUuid, _>(query.workspace_id)
        .bind::<Array<Text>, _>(query.words())
        .bind::<Text, _>(&query.text)
        .bind::<Nullable<Text>, _>(query.kind.map(crate::documents::DocumentType::as_str))
        .bind::<Nullable<Text>, _>(query.tag.as_deref())
        .bind::<BigInt, _>(JUDGED)
        .bind::<Nullable<Double>, _>(after.as_ref().map(|(score, _)| *score))
        .bind::<Nullable<Text>, _>(after.map(|(_, key)| key))
        .bind::<BigInt, _>(i64::from(query.size) + 1)
        .bind::<BigInt, _>(i64::from(offset))
        .bind::<BigInt, _>(i64::try_from(FACET_VALUES).unwrap_or(i64::MAX))
        .bind::<Text, _>(shown)
        .bind::<Text, _>(OPEN.to_string())
        .load(connection)
        .await
}

#[derive(QueryableByName)]
struct Called {
    #[diesel(sql_type = Text)]
    called: String,
}

/// Titles and names that begin as the text does, or one of whose words does.
const SUGGEST: &str = "
    select called from (
        select distinct coalesce(body ->> 'title', body ->> 'name', body ->> 'username') as called
        from documents
        where workspace_id = $1 and deleted_at is null and ($2::text is null or type = $2)
          and ($3::text is null or coalesce(body -> 'tags', body -> 'expertise', '[]') ? $3)
          and names like '%' || $4 || '%'
          and ' ' || search_fold(coalesce(body ->> 'title', body ->> 'name', body ->> 'username')) like '% ' || $4 || '%'
        limit 200) as beginning
    order by search_fold(called) like $4 || '%' desc, length(called), called limit $5";

async fn suggest(connection: &mut AsyncPgConnection, query: &Query) -> Result<Vec<String>, DieselError> {
    let escaped = fold(connection, &query.text).await?.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let rows: Vec<Called> = diesel::sql_query(SUGGEST)
        .bind::<SqlUuid, _>(query.workspace_id)
        .bind::<Nullable<Text>, _>(query.kind.map(crate::documents::DocumentType::as_str))
        .bind::<Nullable<Text>, _>(query.tag.as_deref())
        .bind::<Text, _>(escaped)
        .bind::<BigInt, _>(i64::try_from(SUGGESTIONS).unwrap_or(i64::MAX))
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(|row| row.called).collect())
}

/// The text as names are compared: without accents and capitals.
async fn fold(connection: &mut AsyncPgConnection, text: &str) -> Result<String, DieselError> {
    let row = diesel::sql_query("select search_fold($1) as called").bind::<Text, _>(text.trim());
    Ok(row.get_result::<Called>(connection).await?.called)
}

fn labels(counted: &Value) -> Vec<(String, u64)> {
    let pairs = counted.as_array().map(Vec::as_slice).unwrap_or_default();
    pairs.iter().filter_map(|pair| Some((pair[0].as_str()?.to_owned(), pair[1].as_u64()?))).collect()
}

fn answer(query: &Query, rows: Vec<Found>, total: i64, tags: Vec<(String, u64)>, suggestions: Vec<String>) -> Answer {
    let mut hits: Vec<Hit> = rows.into_iter().filter_map(|row| hit(query, row)).collect();
    let size = usize::try_from(query.size).unwrap_or(usize::MAX);
    let has_more = hits.len() > size;
    hits.truncate(size);
    Answer {
        hits,
        has_more,
        total: Total { count: u64::try_from(total).unwrap_or_default(), is_least: total >= JUDGED },
        tags,
        suggestions,
        partial: false,
        source: Source::PostgreSql,
        degraded: false,
    }
}

fn hit(query: &Query, row: Found) -> Option<Hit> {
    let passages = row.passages.as_object().into_iter().flatten();
    let highlights: BTreeMap<String, Vec<String>> = passages
        .filter_map(|(field, passage)| {
            let parts = passage.as_str()?.split(" ... ").map(markup::html).collect();
            Some((field.clone(), parts))
        })
        .collect();
    let key = DocumentKey { workspace_id: query.workspace_id, kind: row.kind.parse().ok()?, id: row.id };
    Some(Hit { key, score: row.score, version: row.version, body: row.body, highlights })
}
