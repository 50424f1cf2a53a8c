//! `email.send` against a real mail server whose faults are written in the addresses (`tests/mail/server.py`).

mod contents;
mod faults;
mod outcomes;
mod transports;

use harness::{Client, Platform, Servers, answer, eventually, mail::MailServer};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::time::Duration;

/// Long enough for messages that are put off several times.
const PATIENCE: Duration = Duration::from_mins(4);

async fn platform(server: &MailServer, more: &[(&'static str, String)]) -> Platform {
    let mut settings = vec![
        ("GOTONG_SMTP_URL", server.url()),
        ("GOTONG_MAIL_FROM", "Sekolah Merah Putih <kabar@sekolah.example>".to_owned()),
        ("GOTONG_MAIL_RETURN_PATH", "bounces@sekolah.example".to_owned()),
    ];
    settings.extend(more.iter().cloned());
    Platform::on(Servers { settings, ..Servers::default() }).await
}

async fn send(client: &Client, request: &Value) -> String {
    let (status, email) = answer(client.request("POST", "/api/v1/emails").json(request).send().await.unwrap()).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{email}");
    email["id"].as_str().unwrap().to_owned()
}

fn plain(address: &str) -> Value {
    json!({ "to": [{ "address": address }], "subject": "Halo", "text": "Apa kabar?" })
}

async fn found(client: &Client, id: &str) -> Value {
    let (status, email) = client.get(&format!("/api/v1/emails/{id}")).await;
    assert_eq!(status, StatusCode::OK, "{email}");
    email
}

/// The e-mail when its first recipient is in that state.
async fn in_state(client: &Client, id: &str, state: &str) -> Value {
    eventually(&format!("{id} becomes {state}"), PATIENCE, async || {
        let email = found(client, id).await;
        (email["recipients"][0]["state"] == state).then_some(email)
    })
    .await
}
