//! Uploading, reading, listing, deleting and restoring.

use harness::{Client, Platform, jpeg};
use reqwest::{Response, StatusCode, header};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer} in {value}"))
}

async fn get(client: &Client, path: &str, headers: &[(&str, &str)]) -> Response {
    let request = client.request("GET", path);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.send().await.expect("the API answers")
}

#[tokio::test]
async fn an_image_is_answered_with_its_job() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let photo = jpeg(640, 480, 1);
    let form = reqwest::multipart::Part::bytes(photo.clone()).file_name("../foto liburan.png");
    let form = reqwest::multipart::Form::new().part("file", form);
    let answer = client.request("POST", "/api/v1/media").multipart(form).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let location = answer.headers()[header::LOCATION].to_str().unwrap().to_owned();
    let media: Value = answer.json().await.unwrap();
    assert_eq!(text(&media, "/links/job"), location);
    assert_eq!((text(&media, "/content_type"), text(&media, "/filename")), ("image/jpeg", "foto liburan.png"));
    assert_eq!((text(&media, "/category"), text(&media, "/state")), ("image", "processing"));
    let hash: String = Sha256::digest(&photo).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    assert_eq!(text(&media, "/sha256"), hash);
    let (status, job) = client.get(&location).await;
    assert_eq!(
        (status, text(&job, "/kind"), text(&job, "/state")),
        (StatusCode::OK, "thumbnail.generate", "available")
    );
    let (status, pending) = client.get(text(&media, "/links/thumbnails/300x300")).await;
    assert_eq!((status, text(&pending, "/code")), (StatusCode::NOT_FOUND, "thumbnail_pending"));
    assert_eq!(client.get(text(&media, "/links/self")).await, (StatusCode::OK, media));
}

#[tokio::test]
async fn audio_is_stored_without_a_job_up_to_its_limit() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let mut sound = b"RIFF\0\0\0\0WAVEfmt ".to_vec();
    // Two parts and a byte: the sizes at which parts are cut are where bytes get lost.
    sound.resize(2 * 5 * 1024 * 1024 + 1, 0x2a);
    let (status, media) = client.upload("suara.wav", sound.clone()).await;
    assert_eq!(status, StatusCode::CREATED, "{media}");
    assert_eq!((text(&media, "/content_type"), text(&media, "/state")), ("audio/wav", "ready"));
    assert!(media.get("job_id").is_none() && media["links"].get("thumbnails").is_none(), "{media}");
    let (status, bytes) = client.bytes(text(&media, "/links/content")).await;
    assert!(status == StatusCode::OK && bytes == sound, "the bytes come back as they were");
    assert_eq!(platform.jobs_in("available").await, 0);
}

#[tokio::test]
async fn a_file_is_served_in_parts_and_only_when_it_is_new() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let photo = jpeg(640, 480, 1);
    let (_, media) = client.upload("photo.jpg", photo.clone()).await;
    let path = text(&media, "/links/content");
    let whole = get(&client, path, &[]).await;
    assert_eq!(whole.headers()[header::CONTENT_TYPE], "image/jpeg");
    assert_eq!(whole.headers()[header::CACHE_CONTROL], "private, max-age=3600");
    assert_eq!(whole.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    let etag = whole.headers()[header::ETAG].to_str().unwrap().to_owned();
    assert_eq!(whole.bytes().await.unwrap(), photo);
    let part = get(&client, path, &[("range", "bytes=10-19"), ("if-range", &etag)]).await;
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.headers()[header::CONTENT_RANGE], format!("bytes 10-19/{}", photo.len()));
    assert_eq!(part.bytes().await.unwrap(), photo[10..20]);
    let stale = get(&client, path, &[("range", "bytes=10-19"), ("if-range", "\"another\"")]).await;
    assert_eq!(stale.bytes().await.unwrap(), photo);
    let beyond = get(&client, path, &[("range", "bytes=99999999-")]).await;
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(beyond.headers()[header::CONTENT_RANGE], format!("bytes */{}", photo.len()));
    let same = get(&client, path, &[("if-none-match", &etag)]).await;
    assert_eq!(same.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(same.headers()[header::ETAG], etag);
    let head = client.request("HEAD", path).send().await.unwrap();
    assert_eq!(head.headers()[header::CONTENT_LENGTH], photo.len().to_string());
}

#[tokio::test]
async fn a_deleted_file_disappears_and_can_be_restored() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let (_, media) = client.upload("photo.jpg", jpeg(40, 30, 1)).await;
    let path = text(&media, "/links/self");
    let delete = async || client.request("DELETE", path).send().await.unwrap().status();
    assert_eq!(delete().await, StatusCode::NO_CONTENT);
    assert_eq!(delete().await, StatusCode::NOT_FOUND);
    for gone in [path, text(&media, "/links/content"), text(&media, "/links/thumbnails/300x300")] {
        assert_eq!(client.get(gone).await.0, StatusCode::NOT_FOUND, "{gone}");
    }
    let (_, list) = client.get("/api/v1/media").await;
    assert_eq!(list["data"], serde_json::json!([]));
    for _ in 0..2 {
        let restored = client.request("POST", &format!("{path}/restore")).send().await.unwrap();
        assert_eq!(restored.status(), StatusCode::OK, "a second time changes nothing");
    }
    assert_eq!(client.get(path).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_list_is_walked_to_its_end_and_back() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let mut newest_first = Vec::new();
    for seed in 0..5 {
        let (_, media) = client.upload("photo.jpg", jpeg(40, 30, seed)).await;
        newest_first.insert(0, text(&media, "/id").to_owned());
    }
    client.upload("suara.wav", b"RIFF\0\0\0\0WAVEfmt and some sound".to_vec()).await;
    let ids = |page: &Value| -> Vec<String> {
        page["data"].as_array().unwrap().iter().map(|media| text(media, "/id").to_owned()).collect()
    };
    let (_, first) = client.get("/api/v1/media?per_page=2&category=image&state=processing").await;
    assert!(first["links"].get("prev").is_none(), "{first}");
    let (mut page, mut seen) = (first.clone(), ids(&first));
    while let Some(next) = page["links"]["next"].as_str() {
        (_, page) = client.get(next).await;
        seen.extend(ids(&page));
    }
    assert_eq!(seen, newest_first, "each once, in order, and no audio among them");
    (_, page) = client.get(text(&page, "/links/prev")).await;
    assert_eq!(ids(&page), newest_first[2..4]);
    (_, page) = client.get(text(&page, "/links/prev")).await;
    assert_eq!(ids(&page), newest_first[..2]);
    assert!(page["links"].get("prev").is_none(), "{page}");
}

#[tokio::test]
async fn another_workspace_sees_nothing() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let (_, media) = client.upload("photo.jpg", jpeg(40, 30, 1)).await;
    let foreign = Uuid::now_v7();
    platform.database.execute(&format!("insert into workspaces (id, name) values ('{foreign}', 'foreign')")).await;
    let foreigner = platform.client_of(foreign, "admin").await;
    for pointer in ["/links/self", "/links/content", "/links/thumbnails/300x300", "/links/job"] {
        assert_eq!(foreigner.get(text(&media, pointer)).await.0, StatusCode::NOT_FOUND, "{pointer}");
    }
    let path = text(&media, "/links/self");
    assert_eq!(foreigner.request("DELETE", path).send().await.unwrap().status(), StatusCode::NOT_FOUND);
    let restore = foreigner.request("POST", &format!("{path}/restore")).send().await.unwrap();
    assert_eq!(restore.status(), StatusCode::NOT_FOUND);
    assert_eq!(foreigner.get("/api/v1/media").await.1["data"], serde_json::json!([]));
    assert_eq!(client.get(path).await.0, StatusCode::OK);
}
