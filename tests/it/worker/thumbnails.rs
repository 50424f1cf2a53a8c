//! `thumbnail.generate`, from the upload to the bytes of the thumbnail.

use harness::{Client, Platform, jpeg, png_with_alpha, turned_jpeg};
use image::{GenericImageView, ImageFormat};
use reqwest::StatusCode;
use serde_json::Value;

/// Uploads, waits for the job, and answers the media resource and its job.
async fn upload_and_wait(client: &Client, name: &str, bytes: Vec<u8>) -> (Value, Value) {
    let (status, media) = client.upload(name, bytes).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{media}");
    let job = client.finished(media["job_id"].as_str().expect("an image has a job")).await;
    let (_, media) = client.get(&format!("/api/v1/media/{}", media["id"].as_str().unwrap())).await;
    (media, job)
}

async fn thumbnail_of(client: &Client, media: &Value) -> Vec<u8> {
    let id = media["id"].as_str().unwrap();
    let (status, bytes) = client.bytes(&format!("/api/v1/media/{id}/thumbnails/300x300")).await;
    assert_eq!(status, StatusCode::OK);
    bytes
}

#[tokio::test]
async fn an_uploaded_photo_becomes_its_thumbnail() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let (media, job) = upload_and_wait(&client, "liburan.jpg", jpeg(1600, 1200, 1)).await;
    assert_eq!((media["state"].as_str(), job["state"].as_str()), (Some("ready"), Some("completed")), "{media} {job}");
    assert_eq!(job["attempt"], 1, "{job}");
    let thumbnail = thumbnail_of(&client, &media).await;
    assert_eq!(image::guess_format(&thumbnail).unwrap(), ImageFormat::Jpeg);
    assert_eq!(image::load_from_memory(&thumbnail).unwrap().dimensions(), (300, 225));
    let (_, original) = client.bytes(&format!("/api/v1/media/{}/content", media["id"].as_str().unwrap())).await;
    assert_eq!(original, jpeg(1600, 1200, 1), "the original comes back byte by byte");
}

#[tokio::test]
async fn a_turned_photo_stands_upright_and_loses_its_metadata() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let (media, _) = upload_and_wait(&client, "turned.jpg", turned_jpeg(800, 400)).await;
    let thumbnail = thumbnail_of(&client, &media).await;
    let picture = image::load_from_memory(&thumbnail).unwrap().into_rgb8();
    assert_eq!(picture.dimensions(), (150, 300));
    let (top, bottom) = (picture.get_pixel(75, 20), picture.get_pixel(75, 280));
    assert!(top[0] > 180 && top[2] < 80, "the top is red: {top:?}");
    assert!(bottom[2] > 180 && bottom[0] < 80, "the bottom is blue: {bottom:?}");
    assert!(!thumbnail.windows(4).any(|bytes| bytes == b"Exif"), "no metadata");
}

#[tokio::test]
async fn alpha_is_laid_on_white_and_small_pictures_are_not_enlarged() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let (media, _) = upload_and_wait(&client, "logo.png", png_with_alpha(120, 80)).await;
    let picture = image::load_from_memory(&thumbnail_of(&client, &media).await).unwrap().into_rgb8();
    assert_eq!(picture.dimensions(), (120, 80));
    assert!(picture.pixels().all(|pixel| pixel.0.iter().all(|channel| *channel > 250)), "white all over");
}

#[tokio::test]
async fn every_format_is_read() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let picture = image::load_from_memory(&jpeg(640, 480, 3)).unwrap();
    for format in [ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP] {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let picture = if format == ImageFormat::Gif { picture.to_rgba8().into() } else { picture.clone() };
        picture.write_to(&mut bytes, format).unwrap();
        let (media, _) = upload_and_wait(&client, "picture", bytes.into_inner()).await;
        let thumbnail = image::load_from_memory(&thumbnail_of(&client, &media).await).unwrap();
        assert_eq!(thumbnail.dimensions(), (300, 225), "{format:?}");
    }
}

#[tokio::test]
async fn a_truncated_photo_is_a_dead_job_and_failed_media_in_words() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let mut bytes = jpeg(1200, 900, 5);
    bytes.truncate(bytes.len() / 2);
    let (media, job) = upload_and_wait(&client, "cut.jpg", bytes).await;
    assert_eq!((job["state"].as_str(), media["state"].as_str()), (Some("dead"), Some("failed")), "{job} {media}");
    assert_eq!(job["attempt"], 1, "what can never succeed is not retried: {job}");
    assert!(job.to_string().contains("invalid_image") && media.to_string().contains("cut off"), "{job} {media}");
    assert!(platform.storage.list("thumbnails/").await.unwrap().is_empty());
}

#[tokio::test]
async fn doing_it_twice_changes_nothing() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let (media, job) = upload_and_wait(&client, "photo.jpg", jpeg(500, 400, 7)).await;
    let before = platform.storage.list("").await.unwrap();
    let thumbnails = "select object_key as value from media_thumbnails";
    let rows = platform.database.values(thumbnails).await;
    // As a manual retry does it: a new generation, to be pushed by the relay.
    let again = "update jobs set generation = generation + 1, version = 0, attempt = 0, state = 'available',
        pushed = false, finished_at = null, created_at = created_at - interval '1 minute'";
    platform.database.execute(again).await;
    let second = client.finished(job["id"].as_str().unwrap()).await;
    assert_eq!(second["state"], "completed", "{second}");
    assert_eq!(platform.storage.list("").await.unwrap(), before);
    assert_eq!(platform.database.values(thumbnails).await, rows);
    let (_, after) = client.get(&format!("/api/v1/media/{}", media["id"].as_str().unwrap())).await;
    assert_eq!(after["state"], "ready");
}
