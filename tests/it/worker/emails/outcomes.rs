//! Each recipient gets exactly the outcome that the server declared, by the server's own count.

use super::{PATIENCE, found, in_state, plain, platform, send};
use chrono::{DateTime, TimeDelta, Utc};
use harness::{eventually, mail::MailServer};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Fate, domain, how many, the state they end in, and whether their address is suppressed then.
const DECLARED: [(&str, &str, usize, &str, bool); 12] = [
    ("ok", "a.example", 180, "sent", false),
    ("ok", "b.example", 180, "sent", false),
    ("data451x1", "later.example", 15, "sent", false),
    ("rcpt421x1", "closing.example", 8, "sent", false),
    ("rcpt450x1", "busy.example", 8, "sent", false),
    ("rcpt454x1", "weak.example", 8, "sent", false),
    ("rcpt550", "gone.example", 30, "bounced", true),
    ("data554", "content.example", 20, "bounced", false),
    ("rcpt552", "full.example", 10, "bounced", false),
    ("drop", "drop.example", 20, "sent", false),
    ("cutoff", "cutoff.example", 11, "sent", false),
    ("ok", "off.example", 10, "suppressed", true),
];

fn declared() -> impl Iterator<Item = (String, &'static str, &'static str, bool)> {
    DECLARED.into_iter().flat_map(|(fate, domain, count, state, suppressed)| {
        (0..count).map(move |n| (format!("{fate}-{n}@{domain}"), fate, state, suppressed))
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_messages_meet_every_fault() {
    assert_eq!(declared().count(), 500);
    let server = MailServer::start(&["--greeting-delay", "0.3"]);
    let platform = platform(&server, &[]).await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let off: Vec<_> = declared().filter(|(.., state, _)| *state == "suppressed").collect();
    for (address, ..) in &off {
        let list = format!(
            "insert into suppressions (id, workspace_id, address, reason)
             values (gen_random_uuid(), '{}', '{address}', 'complaint')",
            platform.workspace
        );
        platform.database.execute(&list).await;
    }
    for (address, ..) in declared() {
        send(&client, &plain(&address)).await;
    }
    let open = "select count(*) from email_recipients where state in ('queued', 'sending', 'deferred')";
    eventually("everybody has an outcome", PATIENCE, async || (platform.database.count(open).await == 0).then_some(()))
        .await;
    eventually("every job has ended", PATIENCE, async || (platform.jobs_in("completed").await == 500).then_some(()))
        .await;

    let of = "select address || ' ' || state || ' ' || possibly_duplicate as value from email_recipients";
    let states: BTreeSet<String> = platform.database.values(of).await.into_iter().collect();
    let mut counted: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for message in server.examined(None).iter().zip(server.received()) {
        let (read, line) = message;
        let became = line["became"].as_str().unwrap().to_owned();
        let id = read["message_id"].as_str().unwrap().to_owned();
        counted.entry(line["to"][0].as_str().unwrap().to_owned()).or_default().push((became, id));
    }
    for (address, fate, state, _) in declared() {
        let is_twice = fate == "drop";
        assert!(states.contains(&format!("{address} {state} {is_twice}")), "{address}: {state}");
        let copies = counted.remove(&address).unwrap_or_default();
        let became: Vec<&str> = copies.iter().map(|(became, _)| became.as_str()).collect();
        let expected: &[&str] = match fate {
            "drop" => &["dropped", "accepted"],
            "data451x1" => &["refused", "accepted"],
            "data554" => &["refused"],
            _ if state == "sent" => &["accepted"],
            _ => &[],
        };
        assert_eq!(became, expected, "{address}");
        assert!(copies.iter().all(|(_, id)| *id == copies[0].1), "one Message-ID: {copies:?}");
    }
    assert!(counted.is_empty(), "nobody else got anything: {counted:?}");

    let listed = "select address as value from suppressions";
    let listed: BTreeSet<String> = platform.database.values(listed).await.into_iter().collect();
    let expected: BTreeSet<String> =
        declared().filter(|(.., suppressed)| *suppressed).map(|(address, ..)| address).collect();
    assert_eq!(listed, expected);
    let slowed = "select count(*) from email_domains where domain not in
        ('busy.example', 'closing.example', 'weak.example')";
    assert_eq!(platform.database.count(slowed).await, 0, "only domains that asked for it");
}

#[tokio::test]
async fn each_recipient_of_one_message_has_an_answer_of_their_own() {
    let server = MailServer::start(&[]);
    let platform = platform(&server, &[]).await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let request = json!({
        "to": [{ "address": "ok-1@a.example", "name": "Siti" }, { "address": "rcpt550-1@a.example" }],
        "cc": [{ "address": "rcpt451x1-1@a.example" }, { "address": "ok-2@b.example" }],
        "bcc": [{ "address": "ok-3@a.example" }],
        "subject": "Rapat", "text": "Besok pukul 9." });
    let id = send(&client, &request).await;
    let ended = client.finished(&id).await;
    assert_eq!(ended["result"], json!({ "recipients": { "sent": 4, "bounced": 1 } }), "{ended}");
    let email = found(&client, &id).await;
    let told: Vec<(&str, &str, i64, i64)> = email["recipients"].as_array().unwrap().iter().map(tell).collect();
    assert_eq!(
        told,
        [
            ("to", "sent", 250, 1),
            ("to", "bounced", 550, 0),
            ("cc", "sent", 250, 1),
            ("cc", "sent", 250, 1),
            ("bcc", "sent", 250, 1)
        ]
    );
    let mut envelopes: Vec<Vec<String>> =
        server.received().iter().map(|line| serde_json::from_value(line["to"].clone()).unwrap()).collect();
    envelopes.sort();
    assert_eq!(
        envelopes,
        [vec!["ok-1@a.example", "ok-3@a.example"], vec!["ok-2@b.example"], vec!["rcpt451x1-1@a.example"]]
    );
    for read in server.examined(None) {
        assert_eq!(read["to"], json!([["Siti", "ok-1@a.example"], ["", "rcpt550-1@a.example"]]), "{read}");
        assert_eq!(read["message_id"], email["message_id"]);
        assert!(!read["headers"].as_array().unwrap().contains(&json!("bcc")), "{read}");
    }
    // Again: everybody has an outcome, so that nobody gets anything.
    let again = client.request("POST", &format!("/api/v1/jobs/{id}/retry")).send().await.unwrap();
    assert!(again.status().is_success(), "{}", again.text().await.unwrap());
    let ended = client.finished(&id).await;
    assert_eq!((&ended["state"], ended["generation"].as_i64()), (&json!("completed"), Some(2)), "{ended}");
    assert_eq!(server.received().len(), 3);
}

fn tell(recipient: &Value) -> (&str, &str, i64, i64) {
    let reply = &recipient["reply"];
    let word = |name: &str| recipient[name].as_str().unwrap();
    (word("field"), word("state"), reply["code"].as_i64().unwrap(), recipient["sends"].as_i64().unwrap())
}

#[tokio::test]
async fn a_message_that_is_never_accepted_is_given_up_and_not_counted_as_sent() {
    let server = MailServer::start(&[]);
    let platform = platform(&server, &[]).await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let id = send(&client, &plain("rcpt451-1@a.example")).await;
    let deferred = in_state(&client, &id, "deferred").await;
    assert_eq!(deferred["recipients"][0]["reply"]["code"], 451, "{deferred}");
    let cancelled = client.request("POST", &format!("/api/v1/jobs/{id}/cancel")).send().await.unwrap();
    assert!(cancelled.status().is_success());
    let failed = in_state(&client, &id, "failed").await;
    assert_eq!(failed["recipients"][0]["reply"]["code"], 451, "the last answer stays: {failed}");
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn a_message_for_later_waits_until_then() {
    let server = MailServer::start(&[]);
    let platform = platform(&server, &[]).await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let later = Utc::now() + TimeDelta::seconds(4);
    let mut request = plain("ok-1@a.example");
    request["send_at"] = json!(later);
    let waiting = send(&client, &request).await;
    assert_eq!(client.get(&format!("/api/v1/jobs/{waiting}")).await.1["state"], "scheduled");
    let sent = in_state(&client, &waiting, "sent").await;
    let at: DateTime<Utc> = sent["recipients"][0]["sent_at"].as_str().unwrap().parse().unwrap();
    assert!(at >= later, "it was sent at {at} and not at {later}");
    request["send_at"] = json!(Utc::now() + TimeDelta::days(7));
    let cancelled = send(&client, &request).await;
    let cancel = client.request("POST", &format!("/api/v1/jobs/{cancelled}/cancel")).send().await.unwrap();
    assert_eq!(cancel.status(), StatusCode::ACCEPTED);
    in_state(&client, &cancelled, "failed").await;
    assert_eq!(server.received().len(), 1);
}
