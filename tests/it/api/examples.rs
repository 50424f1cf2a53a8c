//! The lines that `cargo xtask up` shows for pasting, as a shell runs them.

use gotong_xtask::examples;
use harness::{BackupKey, Platform, jpeg};
use serde_json::Value;
use std::process::Command;

#[tokio::test]
async fn every_line_of_the_closing_screen_does_what_it_says() {
    let key = BackupKey::new();
    let platform = Platform::with_backups(&key, &[]).await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let picture = tempfile::Builder::new().suffix(".jpg").tempfile().unwrap();
    std::fs::write(picture.path(), jpeg(640, 480, 7)).unwrap();
    let lines = examples::all(&client.url, &client.key, picture.path());
    assert!(lines.len() >= 5);
    for example in lines {
        let shell = tokio::task::spawn_blocking(move || {
            let output = Command::new("sh").args(["-c", &example.line]).output().expect("a shell runs");
            (example, output)
        });
        let (example, output) = shell.await.unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let answer: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{}: {text}", example.line));
        let job = answer.pointer(example.job).and_then(Value::as_str);
        let job = job.unwrap_or_else(|| panic!("{}: {answer}", example.line));
        let job = client.finished(job).await;
        assert_eq!((&job["kind"], &job["state"]), (&example.kind.into(), &"completed".into()), "{job}");
    }
}
