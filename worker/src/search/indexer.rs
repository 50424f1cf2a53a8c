//! Gathers the documents of many jobs into one `_bulk`, and settles each job by its own result.
//!
//! A batch is closed by its number, by milliseconds, or, when it is sent, by its bytes. One that has to wait for its
//! place among the writes grows meanwhile, so under load batches are large and alone a job hardly waits.

use super::{
    fill,
    pace::{Pace, Place},
};
use crate::outcome::Failure;
use gotong_shared::{
    db::Database,
    documents::{self, Asked, Row, Targets},
    search::{
        PORTFOLIO, Search, SearchError,
        elastic::{Elastic, Settled, VersionType},
        indexes,
    },
};
use prometheus::{Histogram, IntCounterVec};
use serde_json::{Value, json};
use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout_at},
};

/// Documents in a batch.
const MOST: usize = 500;
/// How long a batch waits for more.
const PATIENCE: Duration = Duration::from_millis(20);
/// Documents that wait for a batch; more wait in their handlers.
const WAITING: usize = 2_000;

type Reply = oneshot::Sender<Result<Option<Value>, Failure>>;

struct Waiting {
    asked: Asked,
    reply: Reply,
}

/// Takes documents to be brought to the index. Cheap to clone; ends with its last clone.
#[derive(Clone)]
pub struct Indexer {
    sender: mpsc::Sender<Waiting>,
}

impl Indexer {
    /// Begins to take documents.
    #[must_use]
    pub fn start(database: Database, search: Search) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        let writer = Arc::new(Writer { database, search, pace: Arc::default() });
        tokio::spawn(run(receiver, writer));
        Self { sender }
    }

    /// Brings a document to the index together with others; answers what became of this one.
    ///
    /// # Errors
    /// Why it is not in the index.
    pub async fn index(&self, asked: Asked) -> Result<Option<Value>, Failure> {
        let (reply, answer) = oneshot::channel();
        let ended = || Failure::retry("indexer_ended", "the writes to the index have ended");
        self.sender.send(Waiting { asked, reply }).await.map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }
}

async fn run(mut receiver: mpsc::Receiver<Waiting>, writer: Arc<Writer>) {
    loop {
        let place = writer.pace.enter().await;
        let Some(batch) = gather(&mut receiver).await else { return };
        let writer = Arc::clone(&writer);
        tokio::spawn(async move { writer.settle(batch, place).await });
    }
}

/// The next batch; `None` when no more can come.
async fn gather(receiver: &mut mpsc::Receiver<Waiting>) -> Option<Vec<Waiting>> {
    let mut batch = vec![receiver.recv().await?];
    let end = Instant::now() + PATIENCE;
    while batch.len() < MOST {
        match timeout_at(end, receiver.recv()).await {
            Ok(Some(waiting)) => batch.push(waiting),
            Ok(None) | Err(_) => break,
        }
    }
    Some(batch)
}

static BATCHES: LazyLock<Histogram> = LazyLock::new(|| {
    let sizes = vec![1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0];
    let options =
        prometheus::HistogramOpts::new("gotong_search_batch_documents", "Documents in one write to the index.");
    prometheus::register_histogram!(options.buckets(sizes)).expect("the metric's name is unique and valid")
});
static DOCUMENTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "Documents brought to the index, by what became of them: written, newer (it had them), busy, refused.";
    prometheus::register_int_counter_vec!("gotong_search_documents_total", help, &["outcome"])
        .expect("the metric's name is unique and valid")
});

struct Writer {
    database: Database,
    search: Search,
    pace: Arc<Pace>,
}

impl Writer {
    async fn settle(&self, batch: Vec<Waiting>, _place: Place) {
        #[allow(clippy::cast_precision_loss, reason = "a batch is small")]
        BATCHES.observe(batch.len() as f64);
        let (asked, replies): (Vec<Asked>, Vec<Reply>) = batch.into_iter().map(|w| (w.asked, w.reply)).unzip();
        match self.bring(&asked).await {
            Ok(results) => {
                for (reply, result) in replies.into_iter().zip(results) {
                    // A handler that is gone has lost its job; another run tells.
                    drop(reply.send(result));
                }
            }
            Err(error) => {
                if matches!(error, SearchError::Unavailable(_)) {
                    self.pace.busy();
                }
                for reply in replies {
                    drop(reply.send(Err(error.clone().into())));
                }
            }
        }
    }

    /// What became of each document; an error is everybody's.
    async fn bring(&self, asked: &[Asked]) -> Result<Vec<Result<Option<Value>, Failure>>, SearchError> {
        let (rows, targets) = {
            let mut connection = self.database.connection().await?;
            documents::take(&mut connection, asked).await?;
            documents::read(&mut connection, PORTFOLIO, asked).await?
        };
        let Some(elastic) = self.search.elastic() else {
            let searched = |row: Option<Row>| row.map(|row| Some(json!({ "version": row.version, "index": "ledger" })));
            return Ok(rows.into_iter().map(|row| searched(row).ok_or_else(never_there)).collect());
        };
        let present: Vec<Row> = rows.iter().flatten().cloned().collect();
        let mut written = self.write(elastic, &present, targets).await?.into_iter();
        let settle = |row: Option<Row>| match row {
            Some(row) => Self::told(&row, written.next()),
            None => Err(never_there()),
        };
        Ok(rows.into_iter().map(settle).collect())
    }

    /// Writes to the index that is searched and to the one that is built.
    async fn write(&self, elastic: &Elastic, rows: &[Row], targets: Targets) -> Result<Vec<Settled>, SearchError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let active = match targets.active {
            Some(active) => active,
            None => self.first_index(elastic, rows.len()).await?,
        };
        let mut settled = fill::write(elastic, &active, rows, VersionType::Greater).await?;
        if settled.iter().any(|one| matches!(one, Settled::Failed(SearchError::Missing(_)))) {
            tracing::warn!(index = active, "the search index is gone; it is made again and filled by an audit");
            fill::make(&self.database, elastic, &active, rows.len()).await?;
            settled = fill::write(elastic, &active, rows, VersionType::Greater).await?;
        }
        if let Some(building) = targets.building {
            self.write_beside(elastic, &building, rows, &mut settled).await?;
        }
        if settled.iter().all(|one| !matches!(one, Settled::Failed(SearchError::Unavailable(_)))) {
            self.pace.good();
        } else {
            self.pace.busy();
        }
        Ok(settled)
    }

    /// Writes to the index that is built. What it refuses is the reindex's concern: it compares both in the end.
    async fn write_beside(
        &self,
        elastic: &Elastic,
        building: &str,
        rows: &[Row],
        settled: &mut [Settled],
    ) -> Result<(), SearchError> {
        let beside = fill::write(elastic, building, rows, VersionType::Greater).await?;
        for (one, beside) in settled.iter_mut().zip(beside) {
            match beside {
                Settled::Failed(error @ SearchError::Unavailable(_)) => *one = Settled::Failed(error),
                Settled::Failed(error) => tracing::debug!(%error, building, "not written to the index that is built"),
                Settled::Written | Settled::Newer => {}
            }
        }
        Ok(())
    }

    async fn first_index(&self, elastic: &Elastic, documents: usize) -> Result<String, SearchError> {
        let index = {
            let mut connection = self.database.connection().await?;
            indexes::name_first(&mut connection, PORTFOLIO, &elastic.new_name()).await?
        };
        fill::make(&self.database, elastic, &index, documents).await?;
        Ok(index)
    }

    fn told(row: &Row, settled: Option<Settled>) -> Result<Option<Value>, Failure> {
        let count = |outcome: &str| DOCUMENTS.with_label_values(&[outcome]).inc();
        let (outcome, is_new) = match settled {
            Some(Settled::Written) => ("written", true),
            Some(Settled::Newer) => ("newer", false),
            Some(Settled::Failed(error)) => {
                count(if matches!(error, SearchError::Refused(_)) { "refused" } else { "busy" });
                return Err(error.into());
            }
            None => return Err(Failure::retry("search_unavailable", "the index did not tell of this document")),
        };
        count(outcome);
        Ok(Some(json!({ "version": row.version, "deleted": row.body.is_none(), "written": is_new })))
    }
}

fn never_there() -> Failure {
    Failure::Cancel("there is no such document".into())
}
