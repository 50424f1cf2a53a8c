//! What the documents of each type hold, and what is wrong with one.

use super::DocumentType;
use crate::jobs::pointer;
use poem_openapi::Object;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;

/// A project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(skip_serializing_if_is_none)]
pub struct Project {
    /// 1 to 300 characters.
    pub title: String,
    /// At most 20,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// At most 50, each of 1 to 100 characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[oai(default)]
    pub tags: Vec<String>,
    /// Whose it is, at most 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// An `http://` or `https://` address of at most 2,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// A profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(skip_serializing_if_is_none)]
pub struct Profile {
    /// 1 to 100 characters.
    pub username: String,
    /// At most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// At most 20,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bio: Option<String>,
    /// At most 50, each of 1 to 100 characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[oai(default)]
    pub expertise: Vec<String>,
}

/// Something wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// RFC 6901, from the document's root.
    pub pointer: String,
    /// What is wrong there.
    pub message: String,
}

/// The document in its normal form: members that say nothing are left out.
///
/// # Errors
/// Everything that is wrong with it.
pub fn check(kind: DocumentType, document: Value) -> Result<Value, Vec<Fault>> {
    match kind {
        DocumentType::Project => normal::<Project>(document, Project::faults),
        DocumentType::Profile => normal::<Profile>(document, Profile::faults),
    }
}

fn normal<T: Serialize + DeserializeOwned>(
    document: Value,
    faults: impl Fn(&T, &mut Faults),
) -> Result<Value, Vec<Fault>> {
    let document: T = pointer::parse(document).map_err(|(pointer, message)| vec![Fault { pointer, message }])?;
    let mut found = Faults::default();
    faults(&document, &mut found);
    if !found.0.is_empty() {
        return Err(found.0);
    }
    serde_json::to_value(document).map_err(|error| vec![Fault { pointer: String::new(), message: error.to_string() }])
}

impl Project {
    fn faults(&self, faults: &mut Faults) {
        faults.text("/title", &self.title, 1, 300);
        faults.optional("/description", self.description.as_deref(), 20_000);
        faults.labels("/tags", &self.tags);
        faults.optional("/username", self.username.as_deref(), 100);
        faults.optional("/url", self.url.as_deref(), 2_000);
        if let Some(url) = &self.url
            && !Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some())
        {
            faults.add("/url", "is no http:// or https:// address");
        }
    }
}

impl Profile {
    fn faults(&self, faults: &mut Faults) {
        faults.text("/username", &self.username, 1, 100);
        faults.optional("/name", self.name.as_deref(), 200);
        faults.optional("/bio", self.bio.as_deref(), 20_000);
        faults.labels("/expertise", &self.expertise);
    }
}

/// The most tags of a document.
const LABELS: usize = 50;

#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, pointer: &str, message: impl Into<String>) {
        self.0.push(Fault { pointer: pointer.to_owned(), message: message.into() });
    }

    fn text(&mut self, pointer: &str, text: &str, shortest: usize, longest: usize) {
        let length = text.trim().chars().count();
        if length < shortest || text.chars().count() > longest {
            self.add(pointer, format!("has {shortest} to {longest} characters"));
        }
        if text.contains('\0') {
            self.add(pointer, "holds the character U+0000");
        }
    }

    fn optional(&mut self, pointer: &str, text: Option<&str>, longest: usize) {
        if let Some(text) = text {
            self.text(pointer, text, 0, longest);
        }
    }

    fn labels(&mut self, pointer: &str, labels: &[String]) {
        if labels.len() > LABELS {
            self.add(pointer, format!("has {} items; at most {LABELS} are accepted", labels.len()));
            return;
        }
        for (n, label) in labels.iter().enumerate() {
            self.text(&format!("{pointer}/{n}"), label, 1, 100);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn places(kind: DocumentType, document: Value) -> Vec<String> {
        check(kind, document).err().into_iter().flatten().map(|fault| fault.pointer).collect()
    }

    #[test]
    fn what_says_nothing_is_left_out() {
        let normal = check(DocumentType::Project, json!({ "title": "Kopi", "tags": [], "url": null })).unwrap();
        assert_eq!(normal, json!({ "title": "Kopi" }));
        assert_eq!(check(DocumentType::Profile, json!({ "username": "sari" })).unwrap(), json!({ "username": "sari" }));
    }

    #[test]
    fn each_mistake_is_pointed_at() {
        use DocumentType::{Profile, Project};
        for (kind, document, place) in [
            (Project, json!({}), "/title"),
            (Project, json!({ "title": " " }), "/title"),
            (Project, json!({ "title": 7 }), "/title"),
            (Project, json!({ "title": "x".repeat(301) }), "/title"),
            (Project, json!({ "title": "a\u{0}b" }), "/title"),
            (Project, json!({ "title": "x", "bio": "y" }), "/bio"),
            (Project, json!({ "title": "x", "description": "y".repeat(20_001) }), "/description"),
            (Project, json!({ "title": "x", "tags": "web" }), "/tags"),
            (Project, json!({ "title": "x", "tags": ["web", ""] }), "/tags/1"),
            (Project, json!({ "title": "x", "tags": vec!["t"; 51] }), "/tags"),
            (Project, json!({ "title": "x", "url": "javascript:alert(1)" }), "/url"),
            (Profile, json!({ "username": "" }), "/username"),
            (Profile, json!({ "username": "a", "expertise": [3] }), "/expertise/0"),
            (Profile, json!([]), ""),
        ] {
            assert_eq!(places(kind, document.clone()), [place], "{kind} {document}");
        }
    }
}
