//! `/emails` and `/email-templates`.

use harness::{Client, Platform, Servers, answer};
use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

async fn post(client: &Client, path: &str, body: &Value) -> (StatusCode, Value) {
    answer(client.request("POST", path).json(body).send().await.unwrap()).await
}

fn good() -> Value {
    json!({ "to": [{ "address": "siti@example.org" }], "subject": "Halo", "text": "Apa kabar?" })
}

#[tokio::test]
async fn an_email_is_accepted_with_its_job_and_found_again() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let keyed = || client.request("POST", "/api/v1/emails").header("Idempotency-Key", "surat-1");
    let first = keyed().json(&good()).send().await.unwrap();
    assert_eq!(first.status(), StatusCode::ACCEPTED);
    let location = first.headers()["location"].to_str().unwrap().to_owned();
    let (_, email) = answer(first).await;
    let id = email["id"].as_str().unwrap();
    assert_eq!((location, &email["message_id"]), (format!("/api/v1/emails/{id}"), &json!(format!("<{id}@localhost>"))));
    assert_eq!(email["recipients"][0]["state"], "queued");
    let (status, job) = client.get(email["links"]["job"].as_str().unwrap()).await;
    assert_eq!((status, &job["kind"], &job["queue"]), (StatusCode::OK, &json!("email.send"), &json!("mail")));
    let again = keyed().json(&good()).send().await.unwrap();
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    assert_eq!(answer(again).await.1["id"], email["id"]);
    let mut other = good();
    other["subject"] = json!("Lain");
    assert_eq!(answer(keyed().json(&other).send().await.unwrap()).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(platform.database.count("select count(*) from emails").await, 1);

    let (_, preview) = client.get(&format!("/api/v1/emails/{id}/preview")).await;
    assert_eq!(preview, json!({ "subject": "Halo", "text": "Apa kabar?" }));
    assert_eq!(client.get(&format!("/api/v1/emails/{id}/preview/html")).await.0, StatusCode::NOT_FOUND);
    let (status, list) = client.get("/api/v1/emails?address=SITI@example.org&state=queued").await;
    assert_eq!((status, list["data"][0]["id"].as_str()), (StatusCode::OK, Some(id)), "{list}");
    let (_, list) = client.get("/api/v1/emails?state=sent").await;
    assert_eq!(list["meta"]["count"], 0);
    let stranger = Uuid::now_v7();
    platform.database.execute(&format!("insert into workspaces (id, name) values ('{stranger}', 'other')")).await;
    let stranger = platform.client_of(stranger, "admin").await;
    assert_eq!(stranger.get(&format!("/api/v1/emails/{id}")).await.0, StatusCode::NOT_FOUND);
    assert_eq!(stranger.get(&format!("/api/v1/emails/{id}/preview")).await.0, StatusCode::NOT_FOUND);
    let viewer = platform.client_of(platform.workspace, "viewer").await;
    assert_eq!(post(&viewer, "/api/v1/emails", &good()).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_order_of_variables_does_not_tell_two_requests_apart() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let variables = [
        r#""product":"Sekolah","name":"Siti","action_url":"https://a.example""#,
        r#""action_url":"https://a.example","name":"Siti","product":"Sekolah""#,
    ];
    let mut ids = Vec::new();
    for variables in variables {
        let body = format!(
            r#"{{"to":[{{"address":"siti@example.org"}}],"template":{{"name":"welcome","variables":{{{variables}}}}}}}"#
        );
        let request = client.request("POST", "/api/v1/emails").header("Idempotency-Key", "surat-2");
        let (status, email) =
            answer(request.header("Content-Type", "application/json").body(body).send().await.unwrap()).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{email}");
        ids.push(email["id"].clone());
    }
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn lists_go_on_behind_the_cursor() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    for _ in 0..5 {
        post(&client, "/api/v1/emails", &good()).await;
    }
    let (mut path, mut seen) = ("/api/v1/emails?per_page=2".to_owned(), Vec::new());
    loop {
        let (_, page) = client.get(&path).await;
        seen.extend(page["data"].as_array().unwrap().iter().map(|email| email["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["links"]["next"].as_str() else { break };
        path = next.to_owned();
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.windows(2).all(|pair| pair[0] > pair[1]), "newest first: {seen:?}");
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_and_leaves_nothing() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    // A WAV file of silence.
    let mut wav =
        b"RIFF\x24\x5a\x62\x02WAVEfmt \x10\0\0\0\x01\0\x01\0\x44\xac\0\0\x88\x58\x01\0\x02\0\x10\0data\0\x5a\x62\x02"
            .to_vec();
    wav.resize(40_000_000, 0);
    let (status, media) = client.upload("panjang.wav", wav).await;
    assert_eq!(status, StatusCode::CREATED, "{media}");
    let many: Vec<_> = (0..10_000).map(|n| json!({ "address": format!("a{n}@example.org") })).collect();
    let cases: Vec<(&str, Value, u16, &str)> = vec![
        ("to", json!([{ "address": "budi" }]), 422, "/to/0/address"),
        ("to", json!([{ "address": "budi@" }]), 422, "/to/0/address"),
        ("to", json!(many), 422, "/to"),
        ("to", json!([]), 422, "/to"),
        ("to", json!([{ "address": "a@example.org", "name": "A\r\nBcc: b@example.org" }]), 422, "/to/0/name"),
        ("subject", json!("Halo\r\nBcc: b@example.org"), 422, "/subject"),
        ("reply_to", json!([{ "address": "a@example.org\nX: y" }]), 422, "/reply_to/0/address"),
        ("attachments", json!([media["id"]]), 413, "/attachments"),
        ("attachments", json!([Uuid::now_v7()]), 422, "/attachments/0"),
        ("colour", json!("red"), 422, "/colour"),
        ("send_at", json!("soon"), 422, "/send_at"),
    ];
    for (field, value, expected, pointer) in cases {
        let mut request = good();
        request[field] = value;
        let (status, problem) = post(&client, "/api/v1/emails", &request).await;
        assert_eq!((status.as_u16(), &problem["errors"][0]["pointer"]), (expected, &json!(pointer)), "{problem}");
    }
    let template = json!({ "to": [{ "address": "a@example.org" }], "template": { "name": "welcome",
        "variables": { "product": "Sekolah", "action_url": "https://sekolah.example" } } });
    let (status, problem) = post(&client, "/api/v1/emails", &template).await;
    let pointer = &problem["errors"][0]["pointer"];
    assert_eq!((status.as_u16(), pointer), (422, &json!("/template/variables/name")), "{problem}");
    let direct = json!({ "kind": "email.send", "payload": { "email_id": Uuid::now_v7() } });
    let (status, problem) = post(&client, "/api/v1/jobs", &direct).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{problem}");
    assert_eq!(platform.database.count("select count(*) from emails").await, 0);
    assert_eq!(platform.database.count("select count(*) from jobs where kind = 'email.send'").await, 0);
}

#[tokio::test]
async fn without_a_mail_server_nothing_is_accepted() {
    let settings = vec![("GOTONG_SMTP_URL", String::new())];
    let platform = Platform::on(Servers { settings, ..Servers::default() }).await;
    let (status, problem) = post(&platform.client().await, "/api/v1/emails", &good()).await;
    assert_eq!((status.as_u16(), &problem["code"]), (503, &json!("mail_not_configured")), "{problem}");
}

#[tokio::test]
async fn the_html_of_a_message_is_drawn_and_nothing_else() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let html = "<p style=\"color: teal\">Halo</p><script>alert(1)</script><img src=\"https://track.example/a.gif\">";
    let (_, email) = post(
        &client,
        "/api/v1/emails",
        &json!({ "to": [{ "address": "siti@example.org" }],
        "subject": "Halo", "html": html }),
    )
    .await;
    let (_, job) = client.get(email["links"]["job"].as_str().unwrap()).await;
    assert_eq!(job["links"]["email"], email["links"]["self"]);
    let path = format!("{}/preview/html", email["links"]["self"].as_str().unwrap());
    let shown = client.request("GET", &path).send().await.unwrap();
    assert_eq!(shown.headers()["content-type"], "text/html; charset=utf-8");
    let policy = shown.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("sandbox; default-src 'none';"), "{policy}");
    assert_eq!(shown.headers().get_all("content-security-policy").iter().count(), 1);
    assert_eq!(shown.text().await.unwrap(), html);
}

#[tokio::test]
async fn templates_are_listed_and_previewed() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let (_, list) = client.get("/api/v1/email-templates").await;
    let templates = list["data"].as_array().unwrap();
    assert_eq!(templates.len(), 8, "{list}");
    for template in templates {
        let path = format!("/api/v1/email-templates/{}/preview", template["name"].as_str().unwrap());
        let mut body = json!({ "locale": "id", "variables": template["samples"]["id"] });
        let (status, preview) = post(&client, &path, &body).await;
        assert_eq!(status, StatusCode::OK, "{preview}");
        assert!(preview["html"].as_str().unwrap().contains("lang=\"id\""), "{preview}");
        let name = template["variables"][0].as_str().unwrap();
        body["variables"].as_object_mut().unwrap().remove(name);
        let (status, problem) = post(&client, &path, &body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(problem["errors"][0]["pointer"], format!("/variables/{name}"), "{problem}");
    }
    let (status, _) = post(&client, "/api/v1/email-templates/nothing/preview", &json!({})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}
