//! The comparison of an index with the ledger: sums by bucket first, then the entries of the buckets that differ. What
//! differs is mended.
//!
//! The index is read before the ledger, and versions only grow: so a document that seems newer in the index, or not to
//! be in the ledger at all, is so.

use super::fill::{write, write_all};
use crate::{outcome::Failure, runner::Resources};
use gotong_queue::Job;
use gotong_shared::{
    documents::{self, DocumentKey, Row},
    search::elastic::{Elastic, VersionType, source},
};
use prometheus::IntCounterVec;
use serde_json::{Value, json};
use std::{collections::HashMap, sync::LazyLock, time::Duration};

/// How many documents differed, and in what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// Of the ledger, and not in the index.
    pub missing: u64,
    /// Of a lower version in the index.
    pub stale: u64,
    /// Of a greater version in the index, as after a restore of the ledger.
    pub ahead: u64,
    /// In the index, and not of the ledger.
    pub extra: u64,
    /// Not counted: they have just changed, and their jobs are about to bring them.
    pub under_way: u64,
}

impl Drift {
    /// How many differed.
    #[must_use]
    pub fn total(self) -> u64 {
        self.missing + self.stale + self.ahead + self.extra
    }

    /// As a job's result tells it.
    #[must_use]
    pub fn told(self) -> Value {
        let Self { missing, stale, ahead, extra, under_way } = self;
        json!({ "missing": missing, "stale": stale, "ahead": ahead, "extra": extra, "under_way": under_way })
    }

    /// Adds another comparison's.
    pub fn add(&mut self, other: Self) {
        self.missing += other.missing;
        self.stale += other.stale;
        self.ahead += other.ahead;
        self.extra += other.extra;
        self.under_way += other.under_way;
    }
}

static DRIFT: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "Documents in which ledger and index differed when they were compared, all mended: missing, stale, ahead, extra.";
    prometheus::register_int_counter_vec!("gotong_search_drift_documents_total", help, &["kind"])
        .expect("the metric's name is unique and valid")
});

/// Adds what an audit found to the metric.
pub fn count(drift: Drift) {
    let Drift { missing, stale, ahead, extra, under_way: _ } = drift;
    for (kind, number) in [("missing", missing), ("stale", stale), ("ahead", ahead), ("extra", extra)] {
        DRIFT.with_label_values(&[kind]).inc_by(number);
    }
}

/// Compares, and mends. Documents that changed within `settle` are left to their own jobs.
///
/// # Errors
/// When a server does not answer, or the index refuses what would mend it.
pub async fn compare(
    job: &Job,
    resources: &Resources,
    elastic: &Elastic,
    index: &str,
    settle: Duration,
) -> Result<Drift, Failure> {
    elastic.refresh(index).await?;
    let there = elastic.bucket_sums(index).await?;
    let here = documents::bucket_sums(&mut *resources.database.connection().await?).await?;
    let mut drift = Drift::default();
    for bucket in (0..256i16).filter(|bucket| here.get(bucket) != there.get(bucket)) {
        if job.cancelled().is_cancelled() {
            return Err(Failure::retry("interrupted", "the comparison was interrupted"));
        }
        let there = elastic.entries(index, bucket).await?;
        let here = documents::entries(&mut *resources.database.connection().await?, bucket, settle).await?;
        drift.add(mend(resources, elastic, index, differences(here, there)).await?);
    }
    Ok(drift)
}

/// What differs in one bucket.
#[derive(Debug, Default)]
struct Differences {
    drift: Drift,
    /// To be written from the ledger.
    behind: Vec<DocumentKey>,
    /// To be raised above the version of the index first.
    ahead: Vec<(DocumentKey, i64)>,
    /// To be removed from the index: id, routing and version.
    extra: Vec<(String, String, i64)>,
}

fn differences(here: Vec<documents::BucketEntry>, mut there: HashMap<String, i64>) -> Differences {
    let mut found = Differences::default();
    for entry in here {
        match there.remove(&entry.key.index_id()) {
            Some(version) if version == entry.version => {}
            Some(version) if version > entry.version => {
                found.drift.ahead += 1;
                found.ahead.push((entry.key, version));
            }
            _ if !entry.is_settled => found.drift.under_way += 1,
            older => {
                *(if older.is_some() { &mut found.drift.stale } else { &mut found.drift.missing }) += 1;
                found.behind.push(entry.key);
            }
        }
    }
    for (id, version) in there {
        found.drift.extra += 1;
        let routing = id.split(':').next().unwrap_or_default().to_owned();
        found.extra.push((id, routing, version));
    }
    found
}

/// Rows that are read and written at once.
const PIECE: usize = 500;

async fn mend(
    resources: &Resources,
    elastic: &Elastic,
    index: &str,
    differences: Differences,
) -> Result<Drift, Failure> {
    for keys in differences.behind.chunks(PIECE) {
        let rows = documents::rows(&mut *resources.database.connection().await?, keys).await?;
        // The index remembers the version of what was deleted from it by hand.
        write_all(elastic, index, rows, VersionType::GreaterOrEqual).await?;
    }
    let mut raised: Vec<Row> = Vec::new();
    for (key, version) in &differences.ahead {
        raised.extend(documents::raise(&mut *resources.database.connection().await?, key, *version).await?);
    }
    write_all(elastic, index, raised, VersionType::Greater).await?;
    for entries in differences.extra.chunks(PIECE) {
        elastic.remove(index, entries).await?;
    }
    Ok(differences.drift)
}

/// Buckets that a sample is taken of, and documents of each.
const SAMPLED: (usize, i64) = (8, 25);

/// Compares some documents word by word, and writes those again that differ: answers how many were looked at, and how
/// many differed.
///
/// # Errors
/// When a server does not answer.
pub async fn sample(
    resources: &Resources,
    elastic: &Elastic,
    index: &str,
    settle: Duration,
) -> Result<(usize, usize), Failure> {
    let (mut looked_at, mut damaged) = (0, Vec::new());
    let (buckets, of_each) = SAMPLED;
    for bucket in (0..256i16).step_by(256 / buckets) {
        let rows = documents::sample(&mut *resources.database.connection().await?, bucket, of_each, settle).await?;
        let keys: Vec<DocumentKey> = rows.iter().map(|row| row.key.clone()).collect();
        let sources = elastic.sources(index, &keys).await?;
        looked_at += rows.len();
        damaged.extend(rows.into_iter().zip(sources).filter(|(row, there)| {
            let newer = there.as_ref().and_then(|there| there["version"].as_i64()).is_some_and(|v| v > row.version);
            !newer && there.as_ref() != Some(&source(row))
        }));
    }
    let damaged: Vec<Row> = damaged.into_iter().map(|(row, _)| row).collect();
    write(elastic, index, &damaged, VersionType::GreaterOrEqual).await?;
    Ok((looked_at, damaged.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use documents::{BucketEntry, DocumentType};

    #[test]
    fn every_way_to_differ_is_told_apart() {
        let key =
            |id: &str| DocumentKey { workspace_id: uuid::Uuid::nil(), kind: DocumentType::Project, id: id.to_owned() };
        let here = |id: &str, version, is_settled| BucketEntry { key: key(id), version, is_settled };
        let there = |id: &str, version| (key(id).index_id(), version);
        let found = differences(
            vec![
                here("same", 3, true),
                here("missing", 1, true),
                here("stale", 5, true),
                here("new", 2, false),
                here("moving", 9, false),
                here("ahead", 4, true),
            ],
            HashMap::from([
                there("same", 3),
                there("stale", 4),
                there("moving", 8),
                there("ahead", 7),
                there("extra", 1),
            ]),
        );
        assert_eq!(found.drift, Drift { missing: 1, stale: 1, ahead: 1, extra: 1, under_way: 2 });
        assert_eq!(found.behind, [key("missing"), key("stale")]);
        assert_eq!(found.ahead, [(key("ahead"), 7)]);
        assert_eq!(found.extra, [(key("extra").index_id(), uuid::Uuid::nil().to_string(), 1)]);
    }
}
