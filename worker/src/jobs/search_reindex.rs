//! `search.reindex`.
//!
//! ```text
//! begin   the ledger names the index that is built: from now on every write goes to both
//! fill    the ledger, slice by slice, with versions: what is newer in the index stays
//! agree   sums by bucket, what differs, a sample word by word; again until both agree
//! swap    the alias leads to the new index, in one call; then the ledger says so
//! ```
//!
//! Each step can be taken twice, and the ledger knows how far the filling came; so a run that dies is gone on with by the
//! next, and one that dies between the two halves of the swap has an alias that leads to an index that is written to.

use super::Handler;
use crate::{
    outcome::Failure,
    runner::Resources,
    search::{
        compare::{self, Drift},
        fill,
    },
};
use gotong_queue::Job;
use gotong_shared::{
    jobs::SearchReindex,
    search::{elastic::Elastic, indexes},
};
use serde_json::{Value, json};
use std::time::Duration;

/// Comparisons until both agree; documents that changed just then are left to their jobs.
const ROUNDS: usize = 20;
const SETTLE: Duration = Duration::from_secs(5);

impl Handler for SearchReindex {
    async fn handle(self, job: &Job, resources: &Resources) -> Result<Option<Value>, Failure> {
        let Some(elastic) = resources.search.elastic() else {
            return Err(Failure::Cancel("no Elasticsearch is configured; the ledger is searched itself".into()));
        };
        let index = begin(&self, resources, elastic).await?;
        match build(job, resources, elastic, &index).await {
            Ok((documents, mended, sampled)) => {
                elastic.lead_to(&index).await?;
                indexes::swapped(&mut *resources.database.connection().await?, &self.index, &index).await?;
                tracing::info!(index, documents, "the search index was built anew");
                Ok(Some(json!({
                    "index": index, "documents": documents, "mended": mended.total(), "sampled": sampled,
                })))
            }
            Err(failure @ Failure::Dead { .. }) => {
                indexes::abandon(&mut *resources.database.connection().await?, &self.index, &index).await?;
                Err(failure)
            }
            Err(failure) => Err(failure),
        }
    }
}

/// The index that is built: the one that an earlier run began, or the one that this begins now.
async fn begin(asked: &SearchReindex, resources: &Resources, elastic: &Elastic) -> Result<String, Failure> {
    let mut connection = resources.database.connection().await?;
    let wanted = if asked.back {
        let before = indexes::last_retired(&mut connection, &asked.index).await?;
        before.ok_or_else(|| Failure::Cancel("no earlier index is kept".into()))?
    } else {
        elastic.new_name()
    };
    let state = indexes::begin(&mut connection, &asked.index, &wanted).await?;
    let index = state.building.unwrap_or(wanted);
    if !elastic.exists(&index).await? {
        // It is gone, or was never made: whatever it was filled with counts no more.
        indexes::note_filled(&mut connection, &asked.index, None, 0).await?;
        elastic.create(&index).await?;
        elastic.set_refreshing(&index, false).await?;
    }
    Ok(index)
}

/// Fills the index until it agrees with the ledger: how many documents, what had to be mended, how many were sampled.
async fn build(
    job: &Job,
    resources: &Resources,
    elastic: &Elastic,
    index: &str,
) -> Result<(i64, Drift, usize), Failure> {
    let documents = fill::fill(job, resources, elastic, index).await?;
    elastic.set_refreshing(index, true).await?;
    let mut mended = Drift::default();
    for round in 0..ROUNDS {
        job.progress(0.92, &format!("{documents} documents are there; comparison {}", round + 1));
        let drift = compare::compare(job, resources, elastic, index, SETTLE).await?;
        let (sampled, damaged) = compare::sample(resources, elastic, index, SETTLE).await?;
        mended.add(drift);
        if drift.total() == 0 && damaged == 0 {
            return Ok((documents, mended, sampled));
        }
    }
    Err(Failure::retry("index_differs", "the index that is built still differs from the ledger"))
}
