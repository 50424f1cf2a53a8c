//! Writes of many documents, and an index filled from the ledger slice by slice.

use crate::{outcome::Failure, runner::Resources};
use diesel_async::AsyncConnection;
use gotong_queue::Job;
use gotong_shared::{
    db::Database,
    documents::{self, Row},
    enqueue::{EnqueueError, NewJob, enqueue},
    jobs::SearchAudit,
    search::{
        PORTFOLIO, SearchError,
        elastic::{Elastic, Settled, VersionType},
        indexes,
    },
};
use std::time::Duration;
use uuid::Uuid;

/// Bytes in one `_bulk`, unless a single document has more.
const MOST_BYTES: usize = 5 * 1024 * 1024;
/// Rows in a slice.
const SLICE: i64 = 1_000;

/// Writes rows in as few calls as their bytes allow. The answers are in the order of the rows.
///
/// # Errors
/// When a call as a whole gave no answer.
pub async fn write(
    elastic: &Elastic,
    index: &str,
    rows: &[Row],
    kind: VersionType,
) -> Result<Vec<Settled>, SearchError> {
    let mut settled = Vec::with_capacity(rows.len());
    let (mut lines, mut bytes) = (Vec::new(), 0);
    for row in rows {
        let line = Elastic::line(row, kind);
        if !lines.is_empty() && bytes + line.len() > MOST_BYTES {
            settled.extend(elastic.write_lines(index, std::mem::take(&mut lines)).await?);
            bytes = 0;
        }
        bytes += line.len();
        lines.push(line);
    }
    settled.extend(elastic.write_lines(index, lines).await?);
    Ok(settled)
}

/// How often a slice is tried while the index is busy, with pauses that grow to five seconds: some ten minutes.
const TRIES: u32 = 120;

/// Writes rows until the index has them all, at the pace that it can bear.
///
/// # Errors
/// What it refuses, or that it stays busy.
pub async fn write_all(elastic: &Elastic, index: &str, rows: Vec<Row>, kind: VersionType) -> Result<(), Failure> {
    let mut left = rows;
    for round in 0..TRIES {
        let settled = match write(elastic, index, &left, kind).await {
            Ok(settled) => settled,
            Err(error @ SearchError::Unavailable(_)) => vec![Settled::Failed(error); left.len()],
            Err(error) => return Err(error.into()),
        };
        let mut again = Vec::new();
        for (row, settled) in left.into_iter().zip(settled) {
            match settled {
                Settled::Written | Settled::Newer => {}
                Settled::Failed(SearchError::Unavailable(_)) => again.push(row),
                Settled::Failed(SearchError::Refused(why)) => {
                    let which = format!("{} {} of workspace {}", row.key.kind, row.key.id, row.key.workspace_id);
                    return Err(Failure::dead("search_refused", format!("the index refuses {which}: {why}")));
                }
                Settled::Failed(error) => return Err(error.into()),
            }
        }
        if again.is_empty() {
            return Ok(());
        }
        left = again;
        tokio::time::sleep(Duration::from_millis(200).saturating_mul(round + 1).min(Duration::from_secs(5))).await;
    }
    Err(Failure::retry("search_unavailable", "the index stays busy"))
}

/// Makes the index that the ledger names as searched, and leads the alias to it. `documents`: how many its maker is
/// about to write; if the ledger has more, an audit brings them.
///
/// # Errors
/// When Elasticsearch or the ledger does not answer.
pub async fn make(database: &Database, elastic: &Elastic, index: &str, documents: usize) -> Result<(), SearchError> {
    elastic.create(index).await?;
    let mut connection = database.connection().await?;
    let state = indexes::state(&mut connection, PORTFOLIO).await?;
    if state.active.as_deref() == Some(index) {
        elastic.lead_to(index).await?;
    }
    let most = i64::try_from(documents).unwrap_or(i64::MAX).saturating_add(1);
    if i64::try_from(documents::slice(&mut connection, None, most).await?.len()).unwrap_or(i64::MAX) < most {
        return Ok(());
    }
    let audit = SearchAudit { index: PORTFOLIO.into(), settle_s: 0 };
    let job = NewJob::of(Uuid::nil(), &audit).map_err(|error| SearchError::Ledger(error.to_string()))?;
    // The relay pushes it.
    let enqueued = connection.transaction(async |c| enqueue(c, &[job.unique(PORTFOLIO)]).await).await;
    enqueued.map(drop).map_err(|error: EnqueueError| SearchError::Ledger(error.to_string()))
}

/// Fills the index that is built with the ledger, from where an earlier run of the job came to.
///
/// # Errors
/// What the index refuses; that a server does not answer.
pub async fn fill(job: &Job, resources: &Resources, elastic: &Elastic, index: &str) -> Result<i64, Failure> {
    let mut state = {
        let mut connection = resources.database.connection().await?;
        indexes::state(&mut connection, PORTFOLIO).await?
    };
    let total = {
        let mut connection = resources.database.connection().await?;
        documents::bucket_sums(&mut connection).await?.values().map(|sum| sum.count).sum::<i64>().max(1)
    };
    let mut after = state.filled_to();
    loop {
        if job.cancelled().is_cancelled() || !job.is_current() {
            return Err(Failure::retry("interrupted", "the job was interrupted; it goes on from where it came to"));
        }
        let rows = {
            let mut connection = resources.database.connection().await?;
            documents::slice(&mut connection, after.as_ref(), SLICE).await?
        };
        let Some(last) = rows.last() else { return Ok(state.filled) };
        after = Some(last.key.clone());
        state.filled += i64::try_from(rows.len()).unwrap_or_default();
        write_all(elastic, index, rows, VersionType::Greater).await?;
        let mut connection = resources.database.connection().await?;
        indexes::note_filled(&mut connection, PORTFOLIO, after.as_ref(), state.filled).await?;
        #[allow(clippy::cast_precision_loss, reason = "a fraction to be shown")]
        let fraction = (state.filled as f32 / total as f32).min(1.0) * 0.9;
        job.progress(fraction, &format!("{} of {total} documents", state.filled));
    }
}
