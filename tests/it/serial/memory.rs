//! The API's memory while it takes large files.

use harness::{LONG, Platform, eventually};
use reqwest::{StatusCode, multipart};

const UPLOADS: usize = 20;
const BOUND: u64 = 320 * 1024 * 1024;

/// Resident memory of a process, in bytes.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the API runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux tells it");
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().expect("a number") * 1024
}

#[tokio::test]
async fn twenty_large_uploads_at_once_stay_within_their_memory() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let mut sound = b"RIFF\0\0\0\0WAVEfmt ".to_vec();
    sound.resize(50_000_000, 0x2a);
    let sound = bytes::Bytes::from(sound);
    let before = resident(platform.api_pid());
    let uploads: Vec<_> = (0..UPLOADS)
        .map(|_| {
            let (client, length) = (client.clone(), sound.len() as u64);
            let part = multipart::Part::stream_with_length(sound.clone(), length).file_name("suara.wav");
            tokio::spawn(async move {
                let form = multipart::Form::new().part("file", part);
                client.request("POST", "/api/v1/media").multipart(form).send().await.expect("the API answers").status()
            })
        })
        .collect();
    let mut most = before;
    eventually("all uploads are answered", 4 * LONG, async || {
        most = most.max(resident(platform.api_pid()));
        uploads.iter().all(tokio::task::JoinHandle::is_finished).then_some(())
    })
    .await;
    for upload in uploads {
        assert_eq!(upload.await.unwrap(), StatusCode::CREATED);
    }
    assert!(most - before < BOUND, "memory rose by {} MiB", (most - before) / 1024 / 1024);
    platform.storage.delete(&platform.storage.list("").await.unwrap()).await.unwrap();
}
