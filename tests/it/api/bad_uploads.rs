//! Files that are refused: with the right status, a problem that names the field, and nothing left behind.

use super::raw::{BOUNDARY, RawUpload, form};
use harness::{LONG, Platform, eventually, header_only_png, jpeg};
use reqwest::{StatusCode, multipart};
use serde_json::Value;

async fn nothing_is_left(platform: &Platform) {
    for table in ["media", "jobs", "idempotency_keys"] {
        assert_eq!(platform.database.count(&format!("select count(*) from {table}")).await, 0, "{table}");
    }
    eventually("no object is left", LONG, async || {
        let objects = platform.storage.list("").await.ok()?;
        let unfinished = platform.storage.unfinished_uploads().await.ok()?;
        (objects.is_empty() && unfinished.is_empty()).then_some(())
    })
    .await;
}

fn assert_problem(status: StatusCode, problem: &Value, expected: (u16, &str, &str)) {
    let (number, code, pointer) = expected;
    assert_eq!((status.as_u16(), problem["code"].as_str()), (number, Some(code)), "{problem}");
    assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    assert!(problem["detail"].as_str().is_some_and(|text| text.len() > 10), "{problem}");
}

#[tokio::test]
async fn bad_files_leave_nothing_behind() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let padded = |mut head: Vec<u8>, length| {
        head.resize(length, 7);
        head
    };
    let photo = jpeg(400, 300, 1);
    for (name, bytes, expected) in [
        ("empty.jpg", Vec::new(), (422, "empty_file", "/file")),
        ("notes.jpg", b"These are words, whatever the name says.".to_vec(), (415, "unsupported_media_type", "/file")),
        ("paper.png", padded(b"%PDF-1.7\n".to_vec(), 9_000), (415, "unsupported_media_type", "/file")),
        ("huge.png", header_only_png(50_000, 50_000, 5_000), (422, "too_many_pixels", "/file")),
        ("flat.png", header_only_png(0, 10, 5_000), (422, "invalid_image", "/file")),
        ("short.png", header_only_png(10, 10, 12), (422, "invalid_image", "/file")),
        ("large.jpg", padded(photo.clone(), 11_000_000), (413, "too_large", "/file")),
        ("one-byte-more.jpg", padded(photo.clone(), 10_000_001), (413, "too_large", "/file")),
        ("large.wav", padded(b"RIFF\0\0\0\0WAVEfmt ".to_vec(), 50_000_001), (413, "too_large", "/file")),
    ] {
        let (status, problem) = client.upload(name, bytes).await;
        assert_problem(status, &problem, expected);
    }
    nothing_is_left(&platform).await;
}

#[tokio::test]
async fn bad_forms_leave_nothing_behind() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let send = async |request: reqwest::RequestBuilder| {
        let answer = request.send().await.expect("the API answers");
        let (status, kind) = (answer.status(), answer.headers()["content-type"].clone());
        assert_eq!(kind, "application/problem+json");
        (status, answer.json::<Value>().await.expect("a document"))
    };
    let post = || client.request("POST", "/api/v1/media");
    let photo = || multipart::Part::bytes(jpeg(40, 30, 1)).file_name("photo.jpg");

    let (status, problem) = send(post().json(&serde_json::json!({ "file": "photo.jpg" }))).await;
    assert_problem(status, &problem, (415, "unsupported_media_type", "/header/Content-Type"));
    let (status, problem) = send(post().multipart(multipart::Form::new().part("picture", photo()))).await;
    assert_problem(status, &problem, (422, "invalid", "/picture"));
    let twice = multipart::Form::new().part("file", photo()).part("file", photo());
    let (status, problem) = send(post().multipart(twice)).await;
    assert_problem(status, &problem, (422, "invalid", "/file"));
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let whole = form("photo.jpg", &jpeg(400, 300, 1));
    let mut more = whole[..whole.len() - 4].to_vec();
    more.extend_from_slice(b"\r\nContent-Disposition: form-data; name=\"a/b~c\"\r\n\r\nx\r\n");
    more.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    let (status, problem) = send(post().header("content-type", &kind).body(more)).await;
    assert_problem(status, &problem, (422, "invalid", "/a~1b~0c"));
    let cut = whole[..whole.len() - 8].to_vec();
    let (status, problem) = send(post().header("content-type", &kind).body(cut)).await;
    assert_problem(status, &problem, (400, "malformed", "/file"));
    let none = format!("--{BOUNDARY}--\r\n");
    let (status, problem) = send(post().header("content-type", &kind).body(none)).await;
    assert_problem(status, &problem, (422, "invalid", "/file"));
    let mut endless = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; x=\"").into_bytes();
    endless.resize(5_000_000, b'x');
    let (status, problem) = send(post().header("content-type", &kind).body(endless)).await;
    assert_problem(status, &problem, (400, "malformed", "/file"));
    nothing_is_left(&platform).await;
}

#[tokio::test]
async fn a_body_that_breaks_off_leaves_nothing_behind() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let mut photo = jpeg(400, 300, 1);
    photo.resize(9_000_000, 7);
    let body = form("photo.jpg", &photo);
    let mut upload = RawUpload::start(&client, body.len()).await;
    upload.send(&body[..8_000_000]).await;
    eventually("the first part is in the store", LONG, async || {
        let unfinished = platform.storage.unfinished_uploads().await.ok()?;
        (!unfinished.is_empty()).then_some(())
    })
    .await;
    drop(upload);
    nothing_is_left(&platform).await;
}

#[tokio::test]
async fn a_refusal_comes_before_the_body_ends() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let body = form("notes.jpg", &vec![b'a'; 5_000_000]);
    let mut upload = RawUpload::start(&client, body.len()).await;
    upload.send(&body[..300]).await;
    let answer = upload.answer().await;
    assert!(answer.starts_with("HTTP/1.1 415 "), "{answer}");
}

#[tokio::test]
async fn a_client_that_sends_everything_first_can_still_read_the_refusal() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let body = form("notes.jpg", &vec![b'a'; 40_000_000]);
    let mut upload = RawUpload::start(&client, body.len()).await;
    upload.send(&body).await;
    let answer = upload.answer().await;
    assert!(answer.starts_with("HTTP/1.1 415 ") && answer.contains("unsupported_media_type"), "{answer}");
}

#[tokio::test]
async fn a_truncated_photo_is_accepted_and_its_job_says_what_is_wrong() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let mut photo = jpeg(800, 600, 1);
    photo.truncate(photo.len() / 2);
    let (status, media) = client.upload("cut.jpg", photo).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{media}");
    let job = client.finished(media["job_id"].as_str().unwrap()).await;
    assert_eq!((job["state"].as_str(), job["error"]["class"].as_str()), (Some("dead"), Some("invalid_image")), "{job}");
    let (_, media) = client.get(media["links"]["self"].as_str().unwrap()).await;
    assert_eq!((media["state"].as_str(), media["failure"]["class"].as_str()), (Some("failed"), Some("invalid_image")));
    assert!(media["failure"]["message"].as_str().is_some_and(|text| !text.is_empty()), "{media}");
}
