//! What a message says, read by Python's `email`, and its signature, checked by `dkimpy`.

use super::{plain, platform, send};
use harness::{
    jpeg,
    mail::{MailServer, signing_key},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

#[tokio::test]
async fn every_script_comes_out_right_and_the_signature_holds() {
    let (private, record) = signing_key();
    let key = std::env::temp_dir().join(format!("gotong-dkim-{}.pem", uuid::Uuid::new_v4().simple()));
    std::fs::write(&key, private).unwrap();
    let dkim = [
        ("GOTONG_DKIM_DOMAIN", "sekolah.example".to_owned()),
        ("GOTONG_DKIM_SELECTOR", "utama".to_owned()),
        ("GOTONG_DKIM_KEY_FILE", key.display().to_string()),
    ];
    let server = MailServer::start(&[]);
    let platform = platform(&server, &dkim).await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let photo = jpeg(60, 40, 3);
    let names = ["foto kelas \u{1f4f7}.jpg", "\u{635}\u{648}\u{631}\u{629} \u{627}\u{644}\u{635}\u{641}.jpg"];
    let mut attachments = Vec::new();
    for name in names {
        let (_, media) = client.upload(name, photo.clone()).await;
        attachments.push(media["id"].clone());
    }
    let long = format!("{}\r\n.\r\n..dots\r\nend", "kata ".repeat(400));
    let cases = [
        ("Undangan: rapat orang tua, Sabtu", "Siti Rahma, S.Pd.", long.as_str()),
        (
            "\u{62f}\u{639}\u{648}\u{629} \u{625}\u{644}\u{649} \u{627}\u{644}\u{627}\u{62c}\u{62a}\u{645}\u{627}\u{639}",
            "\u{633}\u{62a}\u{64a} \u{631}\u{62d}\u{645}\u{629}",
            "\u{627}\u{644}\u{633}\u{644}\u{627}\u{645} \u{639}\u{644}\u{64a}\u{643}\u{645}",
        ),
        (
            "Selamat! \u{1f389}\u{1f469}\u{1f3fd}\u{200d}\u{1f3eb} lulus \u{2014} \u{fc}ber alles und noch ein sehr langer Betreff dazu, damit er umgebrochen wird",
            "Bu \"Guru\" <\u{1f338}>",
            "\u{1f389}\n \n\n",
        ),
    ];
    for (place, (subject, name, text)) in cases.iter().enumerate() {
        let request = json!({
            "to": [{ "address": format!("ok-{place}@b\u{fc}cher.example"), "name": name }],
            "reply_to": [{ "address": "guru@sekolah.example", "name": name }],
            "subject": subject, "text": text, "html": format!("<p>{text}</p>"), "attachments": attachments });
        client.finished(&send(&client, &request).await).await;
    }
    client.finished(&send(&client, &plain("ok-3@a.example")).await).await;
    let read = server.examined(Some(&record));
    assert_eq!(read.len(), 4);
    for (message, (place, (subject, name, text))) in read.iter().zip(cases.iter().enumerate()) {
        assert_eq!(message["subject"], *subject);
        assert_eq!(message["to"], json!([[name, format!("ok-{place}@xn--bcher-kva.example")]]));
        assert_eq!(message["from"], json!([["Sekolah Merah Putih", "kabar@sekolah.example"]]));
        assert_eq!(message["reply_to"], json!([[name, "guru@sekolah.example"]]));
        let parts = message["parts"].as_array().unwrap();
        let types: Vec<&str> = parts.iter().map(|part| part["type"].as_str().unwrap()).collect();
        assert_eq!(types, ["text/plain", "text/html", "image/jpeg", "image/jpeg"]);
        let lines = |text: &str| text.replace("\r\n", "\n").trim_end().to_owned();
        assert_eq!(lines(parts[0]["text"].as_str().unwrap()), lines(text));
        assert_eq!(lines(parts[1]["text"].as_str().unwrap()), lines(&format!("<p>{text}</p>")));
        for (part, name) in parts[2..].iter().zip(names) {
            assert_eq!(part["filename"], name);
            assert_eq!(part["sha256"], hex::encode(Sha256::digest(&photo)));
        }
    }
    for message in &read {
        assert_eq!(message["defects"], json!([]), "{message}");
        assert_eq!(
            (&message["ascii"], &message["signed"], &message["tampered"]),
            (&json!(true), &json!(true), &json!(false))
        );
        assert!(message["longest_line"].as_u64().unwrap() <= 998, "{message}");
        assert_eq!(message["asked"][0], "utama._domainkey.sekolah.example.");
    }
    for line in server.received() {
        assert_eq!(line["from"], "bounces@sekolah.example");
    }
    std::fs::remove_file(key).unwrap();
}

#[tokio::test]
async fn a_template_is_sent_as_it_was_previewed() {
    let server = MailServer::start(&[]);
    let platform = platform(&server, &[]).await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let request = json!({ "to": [{ "address": "ok-1@a.example" }], "template": { "name": "welcome", "locale": "id",
        "variables": { "product": "Sekolah & Kita", "name": "<Siti>", "action_url": "https://sekolah.example/?a=1&b=2" } } });
    let id = send(&client, &request).await;
    let (_, preview) = client.get(&format!("/api/v1/emails/{id}/preview")).await;
    assert_eq!(preview["subject"], "Selamat datang di Sekolah & Kita, <Siti>");
    client.finished(&id).await;
    let read = &server.examined(None)[0];
    assert_eq!(read["subject"], preview["subject"]);
    let same = |part: &Value, form: &str| {
        let lines = |value: &Value| value.as_str().unwrap().replace("\r\n", "\n").trim_end().to_owned();
        assert_eq!(lines(&part["text"]), lines(&preview[form]), "{form}");
    };
    same(&read["parts"][0], "text");
    same(&read["parts"][1], "html");
    assert!(preview["html"].as_str().unwrap().contains("&lt;Siti&gt;"), "{preview}");
}

#[tokio::test]
async fn bulk_mail_goes_to_each_alone_with_a_way_out() {
    let server = MailServer::start(&[]);
    let platform = platform(&server, &[("GOTONG_PUBLIC_URL", "https://gotong.example".to_owned())]).await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let request = json!({ "to": [{ "address": "ok-1@a.example" }, { "address": "ok-2@a.example" }], "bulk": true,
        "subject": "Kabar bulan ini", "text": "Ada kelas baru." });
    client.finished(&send(&client, &request).await).await;
    let read = server.examined(None);
    assert_eq!(read.len(), 2);
    for message in &read {
        assert_eq!(message["to"].as_array().unwrap().len(), 1, "nobody sees the others: {message}");
        let link = message["unsubscribe"].as_str().unwrap();
        assert!(link.starts_with("<https://gotong.example/unsubscribe/") && link.ends_with('>'), "{link}");
        assert_eq!(message["unsubscribe_post"], "List-Unsubscribe=One-Click");
        assert_eq!(message["defects"], json!([]));
    }
    assert_ne!(read[0]["unsubscribe"], read[1]["unsubscribe"]);
    assert_ne!(read[0]["message_id"], read[1]["message_id"]);
}
