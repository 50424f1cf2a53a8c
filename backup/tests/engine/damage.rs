//! Damaged backups: each is detected, in words, and none is taken for a good one.

use crate::{
    database::{Database, server},
    place::Place,
};
use gotong_backup::{Difference, Error, Identity, Manifest, Selector, find, list, remove, restore};
use serde_json::json;
use std::{io::Write, process::Command};

const SHOP: &str = "
    create table orders (id integer primary key, note text not null);
    insert into orders select n, md5(n::text) || repeat(md5((n * 7)::text), 4) from generate_series(1, 20000) n;
    create table lines (id integer primary key, orders integer references orders, amount numeric check (amount > 0));
    insert into lines select n, 1 + n % 20000, n from generate_series(1, 20000) n;";

async fn shop() -> (Place, Manifest) {
    let place = Place::new().await;
    let database = Database::with(SHOP).await;
    let manifest = place.create(&database).await.expect("a backup");
    (place, manifest)
}

async fn refused(place: &Place, manifest: &Manifest) -> Error {
    place.verify(&manifest.id).await.expect_err("it is damaged")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_opens_nothing() {
    let (place, manifest) = shop().await;
    let error = place.verify_with(&manifest.id, &Identity::generate()).await.expect_err("the wrong key");
    assert_eq!((error.code(), error.is_retryable()), ("wrong_key", false));
    assert!(error.to_string().contains(&place.identity.recipient().to_string()), "{error}");
    assert!(place.verify(&manifest.id).await.expect("the right key").is_good());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_bit_is_seen_wherever_it_is() {
    let (place, manifest) = shop().await;
    let whole = place.get(&manifest.object.key).await;
    // In the recipient's stanza, the header's authentication, the nonce, the first piece, the middle, the last bytes.
    for at in [40, 150, 205, 300, whole.len() / 2, whole.len() - 20, whole.len() - 1] {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        place.put(&manifest.object.key, flipped).await;
        let error = refused(&place, &manifest).await;
        assert_eq!((error.code(), error.is_retryable()), ("tampered", false), "at {at}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_object_is_seen_wherever_it_ends() {
    let (place, manifest) = shop().await;
    let whole = place.get(&manifest.object.key).await;
    for length in [0, 10, 190, 1_000, 64 * 1024 + 216, whole.len() / 2, whole.len() - 1] {
        place.put(&manifest.object.key, whole[..length].to_vec()).await;
        assert_eq!(refused(&place, &manifest).await.code(), "truncated", "{length}");
        // A manifest that was made to suit does not help: encryption knows the end.
        place.edit_manifest(&manifest.id, &[("/object/bytes", json!(length))]).await;
        let error = refused(&place, &manifest).await;
        assert_eq!(error.code(), "tampered", "{length}: {error}");
        place.edit_manifest(&manifest.id, &[("/object/bytes", json!(whole.len()))]).await;
    }
    let longer = [whole.as_slice(), b"x"].concat();
    place.put(&manifest.object.key, longer).await;
    assert_eq!(refused(&place, &manifest).await.code(), "tampered");
    place.delete(&manifest.object.key).await;
    assert_eq!(refused(&place, &manifest).await.code(), "object_missing");
}

/// A dump that was cut before it was encrypted, in an object and a manifest that agree with it.
async fn disguise(place: &Place, manifest: &Manifest, plain: &[u8]) {
    let compressed = zstd::encode_all(plain, 3).expect("compresses");
    let recipient: age::x25519::Recipient = place.identity.recipient().to_string().parse().expect("a key");
    let object = age::encrypt(&recipient, &compressed).expect("encrypts");
    let sha256 = |bytes: &[u8]| json!(hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes)));
    let changes = [
        ("/dump/bytes", json!(plain.len())),
        ("/dump/sha256", sha256(plain)),
        ("/object/bytes", json!(object.len())),
        ("/object/sha256", sha256(&object)),
    ];
    place.edit_manifest(&manifest.id, &changes).await;
    place.put(&manifest.object.key, object).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_dump_that_can_be_listed_is_caught_by_the_drill() {
    let (place, manifest) = shop().await;
    let object = place.get(&manifest.object.key).await;
    let secret: age::x25519::Identity = place.identity.to_secret().parse().expect("a key");
    let compressed = age::decrypt(&secret, &object).expect("decrypts");
    let plain = zstd::decode_all(compressed.as_slice()).expect("decompresses");
    for length in [plain.len() / 3, plain.len() * 2 / 3, plain.len() - 50] {
        let cut = &plain[..length];
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(cut).expect("writes");
        let mut listing = Command::new(place.tools.bin.join("pg_restore"));
        let listed = listing.arg("--list").arg(file.path()).envs(place.tools.env()).output().expect("pg_restore runs");
        assert!(listed.status.success(), "pg_restore --list sees it: then this test proves nothing");
        disguise(&place, &manifest, cut).await;
        let error = refused(&place, &manifest).await;
        assert_eq!(error.code(), "restore_failed", "{length}: {error}");
    }
    disguise(&place, &manifest, &plain).await;
    assert!(place.verify(&manifest.id).await.expect("the whole dump").is_good());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_tells_what_is_different() {
    let (place, manifest) = shop().await;
    let position = |name: &str| manifest.tables.iter().position(|table| table.name == name).expect("it is counted");
    let (orders, lines) = (position("orders"), position("lines"));
    let (of_orders, of_lines) = (format!("/tables/{orders}/rows"), format!("/tables/{lines}/checksum"));
    let changes = [
        (of_orders.as_str(), json!(20_001)),
        (of_lines.as_str(), json!("1")),
        ("/large_objects/count", json!(1)),
        ("/database/indexes", json!(9)),
    ];
    place.edit_manifest(&manifest.id, &changes).await;
    let drill = place.verify(&manifest.id).await.expect("a drill");
    let found = manifest.database.indexes;
    let expected = [
        Difference::Checksum { table: "public.lines".into() },
        Difference::Rows { table: "public.orders".into(), expected: 20_001, found: 20_000 },
        Difference::LargeObjects { expected: 1, found: 0 },
        Difference::Indexes { expected: 9, found },
    ];
    assert_eq!((drill.is_good(), drill.differences.as_slice()), (false, expected.as_slice()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_readable_manifest_is_no_backup() {
    let (place, manifest) = shop().await;
    let name = format!("shop/{}.manifest.json", manifest.id);
    let good = place.get(&name).await;
    let which = Selector::Id(manifest.id.clone());
    for (content, code) in [
        (b"{".to_vec(), "manifest_invalid"),
        (b"{\"format_version\":99}".to_vec(), "unknown_version"),
        (String::from_utf8_lossy(&good).replace("\"shop\"", "\"other\"").into_bytes(), "manifest_invalid"),
    ] {
        place.put(&name, content).await;
        let listing = list(&place.store, None).await.expect("lists");
        assert_eq!((listing.manifests.len(), listing.unreadable.len()), (0, 1), "{:?}", listing.unreadable);
        assert_eq!(find(&place.store, &place.target, &which).await.expect_err("no backup").code(), code);
    }
    place.delete(&name).await;
    let into = server().with_database("gotong_never_made");
    let keys = [place.identity.clone()];
    let error = restore(place.restore(&which, &keys, &into)).await.expect_err("no backup");
    assert_eq!(error.code(), "backup_missing");
    let swept = gotong_backup::sweep(&place.store, std::time::Duration::ZERO).await.expect("sweeps");
    assert_eq!((swept.objects, place.keys().await.len()), (vec![manifest.object.key.clone()], 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_backup_is_gone() {
    let (place, manifest) = shop().await;
    let swept = gotong_backup::sweep(&place.store, std::time::Duration::ZERO).await.expect("sweeps");
    assert_eq!(swept, gotong_backup::Swept::default(), "a whole backup is not swept");
    for _ in 0..2 {
        remove(&place.store, &place.target, &manifest.id).await.expect("removes");
        assert_eq!(place.keys().await, Vec::<String>::new());
    }
}
