//! Documents brought to the index: how many a second beside a bare client of `_bulk`, and how soon each is found while
//! they come steadily.

use crate::{
    client::Client,
    figures::{number, percentile, ratios, tell},
    place::{self, Place, Worker},
};
use anyhow::{Context as _, Result, bail, ensure};
use elasticsearch::{BulkParts, Elasticsearch, SearchParts, http::transport::Transport};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use gotong_shared::{
    config::{Reader, SearchConfig},
    documents::{DocumentKey, DocumentType, Row},
    search::{
        Search,
        elastic::{Elastic, VersionType},
    },
};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};
use tokio::sync::mpsc;
use uuid::Uuid;

/// As many as the worker has in a batch, and under way at once.
const BATCH: usize = 500;
const WRITES: usize = 4;
/// Connections of the steady load.
const CONNECTIONS: usize = 8;
/// How often we look whether documents are found.
const TICK: Duration = Duration::from_millis(50);
const LIMIT: Duration = Duration::from_mins(5);

/// Measures `rounds` times `documents` documents both ways in turn, then as many that come steadily.
pub async fn run(documents: usize, rounds: usize, rate: u32) -> Result<()> {
    let place = Place::read()?;
    let config = SearchConfig::read(&mut Reader::from_environment());
    let search = Search::new(&config)?;
    let elastic = search.elastic().context("GOTONG_ELASTICSEARCH_URL is not set: use `cargo xtask bench`")?;
    let url = config.url.as_ref().context("Elasticsearch has no address")?;
    let bare_client = Elasticsearch::new(Transport::single_node(url.as_str())?);
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let took = bare_loop(elastic, &bare_client, documents).await?;
        bare.push(number(documents) / took.as_secs_f64());
        accept(&place, round, documents).await?;
        ours.push(number(documents) / work(documents).await?.as_secs_f64());
    }
    tell(&format!("bare _bulk, {WRITES} at once, {BATCH} documents each"), "docs/s", &bare);
    tell("documents of the ledger, jobs settled one by one", "docs/s", &ours);
    tell("  of the bare client (goal: 0.7)", "", &ratios(&ours, &bare));
    let worker = Worker::start(&[])?;
    let mut times = steady(&place, elastic, &bare_client, documents, rate).await?;
    worker.stop().await?;
    tell(&format!("found after its 202, {rate} documents a second, median"), "ms", &[percentile(&mut times, 0.5)]);
    tell("  p99 (goal: under 2,000)", "ms", &[percentile(&mut times, 0.99)]);
    tell("  the last", "ms", &[percentile(&mut times, 1.0)]);
    Ok(())
}

const WORDS: [&str; 32] = [
    "kopi",
    "petani",
    "sekolah",
    "membangun",
    "bersama",
    "perikanan",
    "aplikasi",
    "anak",
    "nelayan",
    "pesisir",
    "gratis",
    "kelas",
    "pasar",
    "organik",
    "dataran",
    "tinggi",
    "harvest",
    "village",
    "teachers",
    "learning",
    "market",
    "coastal",
    "weather",
    "solar",
    "clinic",
    "library",
    "young",
    "women",
    "engineers",
    "river",
    "forest",
    "music",
];

/// A project in both languages, about 700 bytes, the same for the same number.
fn project(seed: usize) -> Value {
    let mut state = seed as u64;
    let mut words = |count: usize| {
        let mut word = || {
            // Knuth's linear congruential generator (MMIX).
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            WORDS[usize::try_from(state >> 59).unwrap_or(0) % WORDS.len()]
        };
        (0..count).map(|_| word()).collect::<Vec<_>>()
    };
    json!({ "title": words(5).join(" "), "description": words(70).join(" "), "tags": words(3),
        "username": format!("user{}", seed % 500), "url": format!("https://example.org/projects/{seed}") })
}

/// As fast as a client can be that knows nothing of jobs: its lines are ready before it starts.
async fn bare_loop(elastic: &Elastic, client: &Elasticsearch, documents: usize) -> Result<Duration> {
    let index = format!("{}-bare", elastic.alias());
    elastic.create(&index).await?;
    let line = |seed: usize| {
        let key = DocumentKey { workspace_id: Uuid::nil(), kind: DocumentType::Project, id: seed.to_string() };
        Elastic::line(&Row { key, version: 1, body: Some(project(seed)) }, VersionType::Greater)
    };
    let lines: Vec<_> = (0..documents).map(line).collect();
    let start = Instant::now();
    let writes = stream::iter(lines.chunks(BATCH)).map(|lines| {
        let answer = client.bulk(BulkParts::Index(&index)).body(lines.to_vec()).send();
        async {
            let answer: Value = answer.await?.json().await?;
            ensure!(answer["errors"] == false, "the bare client was refused: {answer}");
            anyhow::Ok(())
        }
    });
    writes.buffer_unordered(WRITES).try_collect::<()>().await?;
    let took = start.elapsed();
    elastic.drop_index(&index).await?;
    Ok(took)
}

/// Rows and jobs by the API while no worker runs.
async fn accept(place: &Place, round: usize, documents: usize) -> Result<()> {
    let mut client = Client::connect(&place.address, &place.key).await?;
    for start in (0..documents).step_by(1_000) {
        let one =
            |seed: usize| json!({ "type": "project", "id": format!("{round}-{seed}"), "document": project(seed) });
        let batch: Vec<Value> = (start..documents.min(start + 1_000)).map(one).collect();
        let (status, _) = client.post("/api/v1/documents/bulk", &json!({ "documents": batch }).to_string()).await?;
        ensure!(status == 207, "the documents were answered {status}");
    }
    let mut ledger = place::ledger().await?;
    place::wait_for_none(&mut ledger, "select count(*) as count from jobs where not pushed", TICK).await
}

/// A worker from its start until the index has answered for each document.
async fn work(documents: usize) -> Result<Duration> {
    let before = written();
    let start = Instant::now();
    let worker = Worker::start(&[])?;
    while written() - before < documents {
        ensure!(start.elapsed() < LIMIT, "it takes too long to index every document");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let took = start.elapsed();
    let mut ledger = place::ledger().await?;
    place::wait_for_none(&mut ledger, "select count(*) as count from jobs where finished_at is null", TICK).await?;
    worker.stop().await?;
    Ok(took)
}

/// Documents that the index has answered for, as the worker in this process counts them.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
fn written() -> usize {
    let families = prometheus::gather();
    let family = families.iter().find(|family| family.name() == "gotong_search_documents_total");
    let counters = family.iter().flat_map(|family| family.get_metric());
    let written = counters.filter(|metric| metric.get_label().iter().any(|label| label.value() == "written"));
    written.map(|metric| metric.get_counter().get_value() as usize).sum()
}

/// Puts documents at that rate: how long after its 202 each was first found.
async fn steady(
    place: &Place,
    elastic: &Elastic,
    client: &Elasticsearch,
    documents: usize,
    rate: u32,
) -> Result<Vec<Duration>> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let start = Instant::now();
    let put = |connection: usize| {
        let sender = sender.clone();
        async move {
            let mut client = Client::connect(&place.address, &place.key).await?;
            for number in (connection..documents).step_by(CONNECTIONS) {
                let due = Duration::from_secs(1) / rate * u32::try_from(number)?;
                tokio::time::sleep(due.saturating_sub(start.elapsed())).await;
                let id = format!("steady-{number}");
                let path = format!("/api/v1/documents/project/{id}");
                let (status, _) = client.send("PUT", &path, &project(number).to_string()).await?;
                ensure!(status == 202, "a document was answered {status}");
                sender.send((format!("project:{id}"), Instant::now()))?;
            }
            anyhow::Ok(())
        }
    };
    let puts = futures::future::try_join_all((0..CONNECTIONS).map(put));
    let (_, times) = tokio::try_join!(puts, watch(elastic.alias(), client, receiver, documents))?;
    Ok(times)
}

async fn watch(
    alias: String,
    client: &Elasticsearch,
    mut accepted: mpsc::UnboundedReceiver<(String, Instant)>,
    documents: usize,
) -> Result<Vec<Duration>> {
    let (mut waiting, mut times) = (HashMap::new(), Vec::new());
    let mut last_found = Instant::now();
    while times.len() < documents {
        while let Ok((key, at)) = accepted.try_recv() {
            waiting.insert(key, at);
        }
        let asked: Vec<&String> = waiting.keys().take(5_000).collect();
        if !asked.is_empty() {
            let body = json!({ "query": { "terms": { "key": asked } }, "size": asked.len(), "_source": false,
                "track_total_hits": false, "docvalue_fields": ["key"] });
            let answer = client.search(SearchParts::Index(&[&alias])).body(body).send().await?;
            let answer: Value = answer.error_for_status_code()?.json().await?;
            for hit in answer["hits"]["hits"].as_array().context("an answer without hits")? {
                let Some(key) = hit["fields"]["key"][0].as_str() else { bail!("a hit without its key: {hit}") };
                times.extend(waiting.remove(key).map(|at| at.elapsed()));
                last_found = Instant::now();
            }
        }
        ensure!(last_found.elapsed() < LIMIT, "{} documents are not found", waiting.len());
        tokio::time::sleep(TICK).await;
    }
    Ok(times)
}
