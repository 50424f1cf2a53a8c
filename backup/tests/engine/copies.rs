//! Incremental copies of objects.

use crate::place::{Place, fresh_id};
use gotong_backup::{Copy, CopyReport, Store, StoreConfig, copy};
use tokio_util::sync::CancellationToken;

/// Larger than a part, so that it is copied in two.
const LARGE: usize = 9 * 1024 * 1024;

async fn copied(from: &Store, to: &Store, recheck: bool) -> CopyReport {
    let cancelled = &CancellationToken::new();
    copy(Copy { from, to, concurrency: 4, recheck, progress: None, cancelled }).await.expect("copies")
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_changed_is_copied_and_nothing_goes() {
    let place = Place::new().await;
    let large: Vec<u8> = (0..LARGE).map(|n| u8::try_from(n * 7 % 251).expect("a byte")).collect();
    for (name, content) in [("a/1", b"one".to_vec()), ("a/2 ä", Vec::new()), ("b", large.clone())] {
        place.put(name, content).await;
    }
    let to = place.store.at(&place.config.bucket, "copy");
    let first = copied(&place.store, &to, false).await;
    let bytes = LARGE as u64 + 3;
    assert_eq!(first, CopyReport { listed: 3, copied: 3, bytes, ..CopyReport::default() });
    let read = |name: &'static str| place.get_from("copy", name);
    assert!(read("b").await == large && read("a/1").await == b"one" && read("a/2 ä").await.is_empty());
    let second = copied(&place.store, &to, false).await;
    assert_eq!(second, CopyReport { listed: 3, skipped: 3, ..CopyReport::default() });

    place.put("a/1", b"two".to_vec()).await;
    place.put("c", b"new".to_vec()).await;
    place.delete("b").await;
    let third = copied(&place.store, &to, false).await;
    assert_eq!(third, CopyReport { listed: 3, copied: 2, bytes: 6, skipped: 1, ..CopyReport::default() });
    assert!(read("a/1").await == b"two" && read("b").await == large);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_was_changed_is_made_anew_when_it_is_rechecked() {
    let place = Place::new().await;
    place.put("a", b"content".to_vec()).await;
    place.put("b", b"content".to_vec()).await;
    let to = place.store.at(&place.config.bucket, "copy");
    copied(&place.store, &to, false).await;
    // The same size and metadata, as rot leaves them.
    let head = place.client.head_object().bucket(&place.config.bucket).key("copy/a").send().await.expect("it is there");
    let request = place.client.put_object().bucket(&place.config.bucket).key("copy/a").set_metadata(head.metadata);
    request.body(b"cOntent".to_vec().into()).send().await.expect("writes");
    assert_eq!(copied(&place.store, &to, false).await.skipped, 2);
    let rechecked = copied(&place.store, &to, true).await;
    assert_eq!((rechecked.copied, rechecked.rechecked, rechecked.failures), (1, 1, 0));
    assert_eq!(place.get_from("copy", "a").await, b"content");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_does_not_begin_where_it_cannot_write() {
    let place = Place::new().await;
    place.put("a", b"content".to_vec()).await;
    let missing = place.store.at(&format!("missing-{}", fresh_id()), "");
    let stranger = Store::new(&StoreConfig { secret_key: "geheim".to_owned(), ..place.config.clone() });
    for (to, code) in [(missing, "bucket_missing"), (stranger, "store_refused")] {
        let (from, cancelled) = (&place.store, &CancellationToken::new());
        let request = Copy { from, to: &to, concurrency: 4, recheck: false, progress: None, cancelled };
        assert_eq!(copy(request).await.expect_err("it cannot write").code(), code);
    }
}
