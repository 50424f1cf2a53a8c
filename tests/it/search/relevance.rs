//! How good the answers are: 40 queries in both languages, with stems and misspelt words, judged by hand.
//!
//! The measure is nDCG@10 (K. Järvelin, J. Kekäläinen, "Cumulated gain-based evaluation of IR techniques", ACM TOIS
//! 20(4), 2002), with grades 1 to 3. It is printed for both implementations and may not fall below what is recorded here;
//! a change that raises it raises the record.

use super::post;
use gotong_shared::{
    config::{Reader, SearchConfig},
    search::{Index, Query, Search, Start, full_text::FullText},
};
use harness::Platform;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::{collections::HashMap, time::Duration};
use uuid::Uuid;

const DOCUMENTS: &str = include_str!("relevance/documents.jsonl");
/// Query, tab, the documents that fit with their grades.
const QUERIES: &str = include_str!("relevance/queries.tsv");

const RECORD_OF_ELASTICSEARCH: f64 = 0.98;
const RECORD_OF_POSTGRESQL: f64 = 0.99;

fn gain(grade: u32) -> f64 {
    f64::from(2u32.pow(grade) - 1)
}

fn discounted(grades: impl Iterator<Item = u32>) -> f64 {
    (2u32..).zip(grades.take(10)).map(|(place, grade)| gain(grade) / f64::from(place).log2()).sum()
}

fn ndcg(found: &[String], judged: &HashMap<&str, u32>) -> f64 {
    let mut best: Vec<u32> = judged.values().copied().collect();
    best.sort_unstable_by(|a, b| b.cmp(a));
    let grades = found.iter().map(|id| judged.get(id.as_str()).copied().unwrap_or(0));
    discounted(grades) / discounted(best.into_iter())
}

/// The mean over all queries; the worst are printed.
async fn measure(name: &str, index: &impl Index, workspace_id: Uuid) -> f64 {
    let mut scores = Vec::new();
    for line in QUERIES.lines() {
        let (text, fitting) = line.split_once('\t').unwrap();
        let judged: HashMap<&str, u32> = fitting
            .split(' ')
            .map(|one| one.split_once(':').unwrap())
            .map(|(id, grade)| (id, grade.parse().unwrap()))
            .collect();
        let query = Query { workspace_id, text: text.into(), kind: None, tag: None, from: Start::Offset(0), size: 10 };
        let found: Vec<String> = index.search(&query).await.unwrap().hits.into_iter().map(|hit| hit.key.id).collect();
        scores.push((ndcg(&found, &judged), text, found));
    }
    scores.sort_by(|a, b| a.0.total_cmp(&b.0));
    assert_eq!(scores.len(), 40);
    #[allow(clippy::cast_precision_loss, reason = "there are 40")]
    let mean = scores.iter().map(|(score, ..)| score).sum::<f64>() / scores.len() as f64;
    println!("nDCG@10 of {name}: {mean:.4}");
    for (score, text, found) in scores.iter().take(6) {
        println!("  {score:.3} {text:?}: {}", found.join(" "));
    }
    mean
}

async fn fill(platform: &Platform) {
    let documents: Vec<Value> = DOCUMENTS.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let client = platform.client().await;
    let (status, result) = post(&client, "/api/v1/documents/bulk", &json!({ "documents": documents })).await;
    assert_eq!((status, &result["meta"]["refused"]), (StatusCode::MULTI_STATUS, &json!(0)), "{result}");
}

#[tokio::test]
async fn answers_are_as_good_as_they_were() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    fill(&platform).await;
    platform.search.equals_ledger(&platform.database).await;
    let config = SearchConfig::read(&mut Reader::from_pairs(platform.variables(&[])));
    let elastic = Search::new(&config).unwrap().elastic().unwrap().clone();
    let full_text = FullText::new(platform.database.pool(), Duration::from_secs(2));
    let of_elasticsearch = measure("Elasticsearch", &elastic, platform.workspace).await;
    let of_postgresql = measure("PostgreSQL", &full_text, platform.workspace).await;
    assert!(of_elasticsearch >= RECORD_OF_ELASTICSEARCH, "{of_elasticsearch:.4} < {RECORD_OF_ELASTICSEARCH}");
    assert!(of_postgresql >= RECORD_OF_POSTGRESQL, "{of_postgresql:.4} < {RECORD_OF_POSTGRESQL}");
}

#[test]
fn the_measure_is_one_for_the_best_order_and_less_for_others() {
    let judged = HashMap::from([("a", 3), ("b", 1)]);
    let order = |ids: &[&str]| ndcg(&ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>(), &judged);
    assert!((order(&["a", "b"]) - 1.0).abs() < 1e-9);
    assert!(order(&["b", "a"]) < 1.0 && order(&["x", "a", "b"]) < order(&["a", "x", "b"]));
    assert!(order(&[]).abs() < 1e-9);
}
