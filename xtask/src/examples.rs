//! A line to paste for each kind of work: what the closing screen of `up` shows, and what a test runs.

use std::path::Path;

/// One line for a shell.
#[derive(Clone, Debug)]
pub struct Example {
    /// The kind of the job that it asks for.
    pub kind: &'static str,
    /// What it does, for people.
    pub does: &'static str,
    /// The line itself.
    pub line: String,
    /// Where its answer names the job: a JSON pointer.
    pub job: &'static str,
}

/// Every line, for the API at that address, with that key, and a picture to upload.
#[must_use]
pub fn all(url: &str, key: &str, picture: &Path) -> Vec<Example> {
    let curl = format!("curl -sS -H 'Authorization: Bearer {key}'");
    let json = format!("{curl} -H 'Content-Type: application/json'");
    let api = format!("{url}/api/v1");
    vec![
        Example {
            kind: "thumbnail.generate",
            does: "Upload a picture and get its thumbnail",
            line: format!("{curl} -F file=@{} {api}/media", picture.display()),
            job: "/job_id",
        },
        Example {
            kind: "search.index",
            does: "Keep a document, and find it by GET /search?query=kopi",
            line: format!(
                r#"{json} -X PUT -d '{{"title": "Kopi Gayo", "description": "A cooperative", "tags": ["kopi"]}}' {api}/documents/project/kopi-gayo"#
            ),
            job: "/job_id",
        },
        Example {
            kind: "email.send",
            does: "Send an e-mail, which the inbox above shows",
            line: format!(
                r#"{json} -d '{{"to": [{{"address": "siti@example.org"}}], "subject": "Halo", "text": "Apa kabar?"}}' {api}/emails"#
            ),
            job: "/id",
        },
        Example {
            kind: "backup.create",
            does: "Back up the database and prove it by a restore, which GET /backup-targets shows",
            line: format!(r#"{json} -d '{{"verify": true}}' {api}/backups"#),
            job: "/id",
        },
        Example {
            kind: "report.generate",
            does: "Ask for a report, then open it at its links.content",
            line: format!(
                r#"{json} -d '{{"data_set": "jobs_by_kind", "period": "last_24_hours", "format": "html"}}' {api}/reports"#
            ),
            job: "/id",
        },
    ]
}
