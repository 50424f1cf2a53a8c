//! The contract of a search: what every implementation must do, on the same documents.

use super::post;
use gotong_shared::{
    config::{Reader, SearchConfig},
    documents::DocumentType,
    search::{Answer, Index, Query, Search, Start, full_text::FullText},
};
use harness::{Client, Platform};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::{collections::HashSet, time::Duration};
use uuid::Uuid;

fn documents() -> Vec<Value> {
    let project = |id: &str, document: Value| json!({ "type": "project", "id": id, "document": document });
    let profile = |id: &str, document: Value| json!({ "type": "profile", "id": id, "document": document });
    vec![
        project(
            "kopi",
            json!({ "title": "Perkebunan Kopi Gayo", "description": "Membangun kebun kopi bersama petani.", "tags": ["kopi", "pertanian"] }),
        ),
        project(
            "teh",
            json!({ "title": "Kebun Teh", "description": "Bukan kopi <b>sama sekali</b>.", "tags": ["teh", "pertanian"] }),
        ),
        project(
            "cafe",
            json!({ "title": "Café Résumé Builder", "description": "A web application for running a café", "tags": ["web"], "url": "https://cafe.example.org" }),
        ),
        project(
            "market",
            json!({ "title": "Fisheries market platform", "description": "Connecting fishermen with buyers", "tags": ["web", "fishing"] }),
        ),
        project("phrase", json!({ "title": "Open water data", "tags": ["data"] })),
        project("apart", json!({ "title": "Water that stays open to data", "tags": ["data"] })),
        profile(
            "sari",
            json!({ "username": "sari_kopi", "name": "Sari Wulandari", "bio": "Peneliti pertanian", "expertise": ["pertanian", "data"] }),
        ),
        profile(
            "budi",
            json!({ "username": "budi", "name": "Budi Santoso", "bio": "Web developer", "expertise": ["web"] }),
        ),
    ]
}

/// Puts the documents into a workspace of the platform.
async fn fill(client: &Client) {
    let (status, result) = post(client, "/api/v1/documents/bulk", &json!({ "documents": documents() })).await;
    assert_eq!((status, &result["meta"]["refused"]), (StatusCode::MULTI_STATUS, &json!(0)), "{result}");
}

struct Suite<I> {
    index: I,
    workspace: Uuid,
}

impl<I: Index> Suite<I> {
    fn query(&self, text: &str) -> Query {
        let text = text.to_owned();
        Query { workspace_id: self.workspace, text, kind: None, tag: None, from: Start::Offset(0), size: 20 }
    }

    async fn answer(&self, query: Query) -> Answer {
        let answer = self.index.search(&query).await.unwrap_or_else(|error| panic!("{query:?}: {error}"));
        assert!(!answer.partial, "{query:?}");
        answer
    }

    async fn ids(&self, text: &str) -> Vec<String> {
        self.answer(self.query(text)).await.hits.into_iter().map(|hit| hit.key.id).collect()
    }

    async fn pass(&self) {
        self.finds_stems_accents_and_misspelt_words().await;
        self.weighs_names_and_phrases().await;
        self.filters_and_counts().await;
        self.shows_what_fits().await;
        self.suggests_what_begins_so().await;
        self.pages_without_gaps().await;
        self.keeps_workspaces_apart().await;
    }

    async fn finds_stems_accents_and_misspelt_words(&self) {
        for (text, wanted) in [
            ("kebun", "kopi"),
            ("bangun", "kopi"),
            ("PETANI", "kopi"),
            ("cafe resume", "cafe"),
            ("CAFÉ", "cafe"),
            ("applications", "cafe"),
            ("fishery", "market"),
            ("connected", "market"),
            ("perkebunn", "kopi"),
            ("fisherie", "market"),
            ("plaftorm", "market"),
            ("wulandri", "sari"),
            ("sari_kopi", "sari"),
            ("santoso", "budi"),
        ] {
            let found = self.ids(text).await;
            assert!(found.iter().any(|id| id == wanted), "{text} finds {wanted}: {found:?}");
        }
        for text in ["zzzzqqq", "xylophone"] {
            assert_eq!(self.ids(text).await, [""; 0], "{text}");
        }
    }

    async fn weighs_names_and_phrases(&self) {
        assert_eq!(self.ids("kopi").await[0], "kopi", "a title counts more than a description");
        assert_eq!(self.ids("teh").await[0], "teh");
        assert_eq!(self.ids("open water data").await[..2], ["phrase", "apart"], "a phrase counts more than its words");
        let answer = self.answer(self.query("kopi")).await;
        assert!(answer.hits.is_sorted_by(|a, b| a.score >= b.score), "{answer:?}");
    }

    async fn filters_and_counts(&self) {
        let of = |kind| Query { kind: Some(kind), ..self.query("pertanian kopi") };
        let projects = self.answer(of(DocumentType::Project)).await;
        assert!(projects.hits.iter().all(|hit| hit.key.kind == DocumentType::Project) && !projects.hits.is_empty());
        let profiles = self.answer(of(DocumentType::Profile)).await;
        assert_eq!(profiles.hits.iter().map(|hit| &*hit.key.id).collect::<Vec<_>>(), ["sari"]);
        let answer = self.answer(self.query("pertanian")).await;
        assert_eq!((answer.total.count, answer.total.is_least), (3, false), "{answer:?}");
        assert_eq!(answer.tags[0], ("pertanian".to_owned(), 3), "{:?}", answer.tags);
        assert_eq!(answer.tags.iter().map(|(_, count)| count).sum::<u64>(), 6, "{:?}", answer.tags);
        let tagged = self.answer(Query { tag: Some("teh".into()), ..self.query("pertanian") }).await;
        assert_eq!((tagged.total.count, &*tagged.hits[0].key.id), (1, "teh"));
    }

    async fn shows_what_fits(&self) {
        let answer = self.answer(self.query("kopi")).await;
        let hit = answer.hits.iter().find(|hit| hit.key.id == "kopi").unwrap();
        assert!(hit.highlights["title"][0].contains("<em>Kopi</em>"), "{:?}", hit.highlights);
        assert_eq!((hit.version, &hit.body["tags"]), (1, &json!(["kopi", "pertanian"])));
        let hit = answer.hits.iter().find(|hit| hit.key.id == "teh").unwrap();
        let passage = &hit.highlights["description"][0];
        assert!(passage.contains("<em>kopi</em>") && !passage.contains("<b>"), "it is safe in a page: {passage}");
    }

    async fn suggests_what_begins_so(&self) {
        assert_eq!(self.answer(self.query("perkeb")).await.suggestions, ["Perkebunan Kopi Gayo"]);
        let mut kebun = self.answer(self.query("keb")).await.suggestions;
        kebun.sort();
        assert_eq!(kebun, ["Kebun Teh"], "a word begins so: {kebun:?}");
        assert_eq!(self.answer(self.query("wulan")).await.suggestions, ["Sari Wulandari"]);
    }

    async fn pages_without_gaps(&self) {
        let all = self.ids("pertanian web").await;
        assert!(all.len() >= 6, "{all:?}");
        let (mut seen, mut from, mut position) = (Vec::new(), Start::Offset(0), 0);
        loop {
            let page = self.answer(Query { from, size: 2, ..self.query("pertanian web") }).await;
            seen.extend(page.hits.iter().map(|hit| hit.key.id.clone()));
            assert_eq!(page.total.count, all.len() as u64);
            let Some(mark) = page.next(position) else { break };
            position = mark.position;
            from = Start::After(mark);
        }
        assert_eq!(seen, all);
        assert_eq!(seen.iter().collect::<HashSet<_>>().len(), all.len());
        let third = self.answer(Query { from: Start::Offset(4), size: 2, ..self.query("pertanian web") }).await;
        assert_eq!(third.hits.iter().map(|hit| &hit.key.id).collect::<Vec<_>>(), all[4..6].iter().collect::<Vec<_>>());
    }

    async fn keeps_workspaces_apart(&self) {
        let stranger = Query { workspace_id: Uuid::now_v7(), ..self.query("kopi") };
        let answer = self.answer(stranger).await;
        assert!(answer.hits.is_empty() && answer.suggestions.is_empty() && answer.tags.is_empty(), "{answer:?}");
    }
}

#[tokio::test]
async fn postgresql_fulfils_the_contract() {
    let platform = Platform::start().await;
    fill(&platform.client().await).await;
    let index = FullText::new(platform.database.pool(), Duration::from_secs(2));
    Suite { index, workspace: platform.workspace }.pass().await;
}

#[tokio::test]
async fn elasticsearch_fulfils_the_contract() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    fill(&platform.client().await).await;
    platform.search.equals_ledger(&platform.database).await;
    let config = SearchConfig::read(&mut Reader::from_pairs(platform.variables(&[])));
    let search = Search::new(&config).unwrap();
    Suite { index: search.elastic().unwrap().clone(), workspace: platform.workspace }.pass().await;
}
