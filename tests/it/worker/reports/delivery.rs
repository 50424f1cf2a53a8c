//! Reports by e-mail and by link.

use super::{Stage, day};
use harness::{LONG, Platform, Servers, eventually, mail::MailServer};
use serde_json::json;

async fn stage(server: &MailServer) -> Stage {
    let settings = vec![
        ("GOTONG_SMTP_URL", server.url()),
        ("GOTONG_MAIL_FROM", "Sekolah Merah Putih <kabar@sekolah.example>".to_owned()),
    ];
    Stage::on(Platform::on(Servers { settings, ..Servers::default() }).await).await
}

#[tokio::test]
async fn a_report_goes_with_its_message_and_the_message_says_what_it_lacks() {
    let server = MailServer::start(&[]);
    let stage = stage(&server).await;
    let request = day(json!({ "title": "Harian", "row_limit": 3, "locale": "id", "format": "xlsx",
        "delivery": { "to": ["ok-1@sekolah.example"] } }));
    let report = stage.report(&request).await;
    let email = report["links"]["email"].as_str().unwrap().to_owned();
    eventually("the message is sent", LONG, async || {
        let (_, email) = stage.client.get(&email).await;
        (email["recipients"][0]["state"] == "sent").then_some(())
    })
    .await;
    let messages = server.examined(None);
    assert_eq!(messages.len(), 1);
    let parts = messages[0]["parts"].as_array().unwrap();
    let file = parts.iter().find(|part| part["filename"] == "harian-2026-10-06.xlsx").expect("the file is attached");
    assert_eq!(file["sha256"], report["sha256"], "byte for byte");
    let text = parts.iter().find_map(|part| part["text"].as_str()).unwrap();
    assert!(text.contains(report["notices"][0].as_str().unwrap()), "{text}");
    assert!(messages[0]["subject"].as_str().unwrap().starts_with("Laporan: Harian"), "{}", messages[0]);
}

#[tokio::test]
async fn a_message_without_the_file_has_a_link_that_needs_no_key() {
    let server = MailServer::start(&[]);
    let mut platform =
        Platform::without_api(Servers { settings: vec![("GOTONG_SMTP_URL", server.url())], ..Servers::default() })
            .await;
    platform.start_api().await;
    let stage = Stage::on(platform).await;
    let request = day(json!({ "delivery": { "to": ["ok-1@sekolah.example"], "attach": false } }));
    let report = stage.report(&request).await;
    let email = report["links"]["email"].as_str().unwrap().to_owned();
    let (_, preview) = stage.client.get(&format!("{email}/preview")).await;
    let text = preview["text"].as_str().unwrap();
    let link = text.split_whitespace().find(|word| word.contains("/reports/")).expect("a link").to_owned();
    let path = &link[link.find("/reports/").unwrap()..];
    let answer = reqwest::get(format!("{}{path}", stage.client.url)).await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.status());
    let bytes = answer.bytes().await.unwrap();
    assert_eq!(bytes, stage.content(&report).await);
    eventually("the message is sent", LONG, async || (server.received().len() == 1).then_some(())).await;
    let attached =
        server.examined(None)[0]["parts"].as_array().unwrap().iter().any(|part| part["filename"].is_string());
    assert!(!attached);
}
