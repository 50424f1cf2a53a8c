//! `/suppressions`, `/email-events` and the page to unsubscribe.

use harness::{Client, Platform, answer};
use reqwest::{StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;

async fn post(client: &Client, path: &str, body: &Value) -> (StatusCode, Value) {
    answer(client.request("POST", path).json(body).send().await.unwrap()).await
}

/// An e-mail whose recipients have all been sent to.
async fn sent(platform: &Platform, client: &Client, request: &Value) -> Value {
    let (status, email) = post(client, "/api/v1/emails", request).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{email}");
    platform.database.execute("update email_recipients set state = 'sent', sends = 1").await;
    email
}

#[tokio::test]
async fn an_address_is_put_on_the_list_and_taken_off() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let path = "/api/v1/suppressions";
    let (status, made) =
        post(&client, path, &json!({ "address": "Siti@Example.org", "detail": "asked by phone" })).await;
    assert_eq!(
        (status, &made["address"], &made["reason"]),
        (StatusCode::CREATED, &json!("siti@example.org"), &json!("manual"))
    );
    let (status, again) = post(&client, path, &json!({ "address": "siti@example.org" })).await;
    assert_eq!((status, &again["id"]), (StatusCode::CREATED, &made["id"]), "one address, one row");
    let (_, list) = client.get("/api/v1/suppressions?address=SITI@example.org").await;
    assert_eq!((&list["meta"]["count"], &list["data"][0]["id"]), (&json!(1), &made["id"]));
    let (_, list) = client.get("/api/v1/suppressions?reason=bounce").await;
    assert_eq!(list["meta"]["count"], 0);
    for (body, pointer) in [
        (json!({ "address": "siti" }), "/address"),
        (json!({ "address": "a@b.id", "detail": "x".repeat(501) }), "/detail"),
        (json!({ "address": "a@b.id", "reason": "whim" }), "/reason"),
    ] {
        let (status, problem) = post(&client, path, &body).await;
        assert_eq!((status.as_u16(), &problem["errors"][0]["pointer"]), (422, &json!(pointer)), "{problem}");
    }
    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    let stranger = Uuid::now_v7();
    platform.database.execute(&format!("insert into workspaces (id, name) values ('{stranger}', 'other')")).await;
    let stranger = platform.client_of(stranger, "admin").await;
    assert_eq!(stranger.request("DELETE", &one).send().await.unwrap().status(), StatusCode::NOT_FOUND);
    let viewer = platform.client_of(platform.workspace, "viewer").await;
    assert_eq!(viewer.request("DELETE", &one).send().await.unwrap().status(), StatusCode::FORBIDDEN);
    assert_eq!(client.request("DELETE", &one).send().await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(client.request("DELETE", &one).send().await.unwrap().status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn events_and_reports_suppress_addresses_of_our_own_messages_only() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let to: Vec<_> = ["siti", "budi", "ayu"].iter().map(|n| json!({ "address": format!("{n}@example.org") })).collect();
    let email = sent(&platform, &client, &json!({ "to": to, "subject": "Halo", "text": "Apa kabar?" })).await;
    let events = "/api/v1/email-events";
    let bounced = json!({ "type": "bounced", "address": "siti@example.org", "message_id": email["message_id"],
        "detail": "550 5.1.1 unknown" });
    let (status, effect) = post(&client, events, &bounced).await;
    assert_eq!((status, effect), (StatusCode::OK, json!({ "bounced": 1, "suppressed": 1 })));
    assert_eq!(post(&client, events, &bounced).await.1, json!({ "bounced": 0, "suppressed": 0 }), "once");
    let complained = json!({ "type": "complained", "address": "budi@example.org" });
    assert_eq!(post(&client, events, &complained).await.1, json!({ "bounced": 0, "suppressed": 1 }));

    let report = |message_id: &str, address: &str, status: &str| {
        let message = format!(
            "From: MAILER-DAEMON@mx.example\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b1\"\r\n\
             \r\n--b1\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
             Final-Recipient: rfc822; {address}\r\nAction: failed\r\nStatus: {status}\r\n\
             Diagnostic-Code: smtp; 550 {status} no\r\n\r\n--b1\r\nContent-Type: text/rfc822-headers\r\n\r\n\
             Message-ID: {message_id}\r\n\r\n--b1--\r\n"
        );
        json!({ "type": "delivery_status", "message": message })
    };
    let message_id = email["message_id"].as_str().unwrap();
    let full = post(&client, events, &report(message_id, "ayu@example.org", "5.2.2")).await.1;
    assert_eq!(full, json!({ "bounced": 1, "suppressed": 0 }), "a full mailbox speaks against no address");
    let (_, found) = client.get(email["links"]["self"].as_str().unwrap()).await;
    let became: Vec<_> = found["recipients"].as_array().unwrap().iter().map(|each| each["state"].clone()).collect();
    assert_eq!(became, ["bounced", "sent", "bounced"], "{found}");
    assert_eq!(found["recipients"][2]["reply"]["text"], "550 5.2.2 no");

    for (body, pointer) in [
        (report("<0193@elsewhere.example>", "siti@example.org", "5.1.1"), "/message"),
        (report(&format!("<{}@localhost>", Uuid::now_v7()), "siti@example.org", "5.1.1"), "/message"),
        (report(message_id, "direktur@example.org", "5.1.1"), "/message"),
        (json!({ "type": "delivery_status", "message": "Subject: Halo\r\n\r\nApa kabar?" }), "/message"),
        (json!({ "type": "delivery_status" }), "/message"),
        (json!({ "type": "bounced" }), "/address"),
        (json!({ "type": "bounced", "address": "x" }), "/address"),
        (json!({ "type": "complained", "address": "a@b.id", "message_id": "<none@b.id>" }), "/message_id"),
        (json!({ "type": "opened" }), "/type"),
    ] {
        let (status, problem) = post(&client, events, &body).await;
        assert_eq!((status.as_u16(), &problem["errors"][0]["pointer"]), (422, &json!(pointer)), "{problem}");
    }
    let listed = platform.database.values("select address as value from suppressions order by 1").await;
    assert_eq!(listed, ["budi@example.org", "siti@example.org"]);
}

#[tokio::test]
async fn whoever_has_the_link_unsubscribes_its_address_from_bulk_mail() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let bulk = json!({ "to": [{ "address": "siti@example.org" }], "bulk": true, "subject": "Kabar", "text": "Kabar." });
    sent(&platform, &client, &bulk).await;
    let links = platform.database.values("select unsubscribe_url as value from email_recipients").await;
    let path = format!("/unsubscribe/{}", links[0].rsplit('/').next().unwrap());
    // Whoever opens it is a stranger without a key.
    let http = reqwest::Client::new();
    let url = format!("{}{path}", client.url);
    let asked = http.get(&url).send().await.unwrap();
    assert_eq!(asked.status(), StatusCode::OK);
    let policy = asked.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && !policy.contains("script"), "{policy}");
    let page = asked.text().await.unwrap();
    assert!(
        page.contains("<form method=\"post\">") && page.contains("Unsubscribe") && page.contains("Berhenti"),
        "{page}"
    );
    assert!(page.contains("s\u{2026}@example.org") && !page.contains("siti@") && !page.contains("<script"), "{page}");
    let list = "select count(*) from suppressions where reason = 'unsubscribe'";
    assert_eq!(platform.database.count(list).await, 0, "to look is not to leave");
    for _ in 0..2 {
        let form = [("List-Unsubscribe", "One-Click")];
        let left = http.post(&url).form(&form).send().await.unwrap();
        assert_eq!(left.status(), StatusCode::OK);
    }
    assert_eq!(platform.database.count(list).await, 1);
    let forged = url.replace(&url[url.len() - 4..], "AAAA");
    for wrong in [forged, format!("{}/unsubscribe/x", client.url)] {
        assert_eq!(http.get(&wrong).send().await.unwrap().status(), StatusCode::NOT_FOUND);
        assert_eq!(http.post(&wrong).send().await.unwrap().status(), StatusCode::NOT_FOUND);
    }
    // A complaint holds for all mail, and takes its place.
    let complained = json!({ "type": "complained", "address": "siti@example.org" });
    assert_eq!(post(&client, "/api/v1/email-events", &complained).await.1["suppressed"], 1);
}

#[tokio::test]
async fn who_has_unsubscribed_gets_no_bulk_mail_and_still_what_is_their_own() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let off = json!({ "address": "siti@example.org", "reason": "unsubscribe" });
    assert_eq!(post(&client, "/api/v1/suppressions", &off).await.0, StatusCode::CREATED);
    for (bulk, expected) in [(true, "suppressed"), (false, "sent")] {
        let request =
            json!({ "to": [{ "address": "siti@example.org" }], "bulk": bulk, "subject": "Kabar", "text": "Kabar." });
        let (_, email) = post(&client, "/api/v1/emails", &request).await;
        client.finished(email["id"].as_str().unwrap()).await;
        let (_, email) = client.get(email["links"]["self"].as_str().unwrap()).await;
        assert_eq!(email["recipients"][0]["state"], expected, "{email}");
    }
}
