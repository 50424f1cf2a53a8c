//! A database with everything that a dump may lose, there and back.

use crate::{database::Database, place::Place};
use gotong_backup::{BackupUrl, Restore, Store, list, restore};

pub const ODD: &str = include_str!("odd.sql");

#[tokio::test(flavor = "multi_thread")]
async fn an_odd_database_is_the_same_after_a_restore_from_the_bucket_alone() {
    let place = Place::new().await;
    let database = Database::with(ODD).await;
    let before = place.script_of(&database.url);
    let manifest = place.create(&database).await.expect("a backup");
    assert_eq!(manifest.database.extensions.len(), 3, "{:?}", manifest.database.extensions);
    assert_eq!(manifest.large_objects.count, 3);
    let counted = |name: &str| manifest.tables.iter().find(|t| t.name == name).map(|t| (t.rows, t.sampled));
    let (rows, sampled) = counted("Order Lines").expect("it is counted");
    assert!(rows == 10_800 && (2_000..8_000).contains(&sampled), "{rows} {sampled}");
    assert_eq!((counted("nothing"), counted("parent"), counted("child")), (Some((1, 1)), Some((2, 2)), Some((1, 1))));
    database.drop_now().await;

    // Nothing but the bucket, its keys and the secret key.
    let from: BackupUrl = format!("s3://{}/deep/er/shop/latest", place.config.bucket).parse().expect("an address");
    let store = Store::new(&place.config).at(&from.bucket, &from.prefix);
    let identities = gotong_backup::identities(&format!("# mine\n{}\n", place.identity.to_secret())).expect("a key");
    let request = Restore { store: &store, ..place.restore(&from.which, &identities, &database.url) };
    let restored = restore(request.clone()).await.expect("restores");
    assert_eq!((&restored.manifest, &restored.previous), (&manifest, &None));
    similar(&before, &place.script_of(&database.url));

    // Not a second time over it, nor with another name typed.
    assert_eq!(restore(request.clone()).await.expect_err("refused").code(), "database_not_empty");
    let mistyped = Restore { overwrite: Some("shop"), ..request.clone() };
    assert_eq!(restore(mistyped).await.expect_err("refused").code(), "name_not_confirmed");
    database.execute("delete from \"Order Lines\"").await;
    let session = database.hold("select").await;
    let again = restore(Restore { overwrite: Some(database.url.database()), ..request }).await.expect("restores");
    assert!(session.simple_query("select").await.is_err(), "a session of the replaced database goes on");
    similar(&before, &place.script_of(&database.url));
    let kept = Database::named(&again.previous.expect("the replaced one stays"));
    assert_eq!(kept.count("select count(*) from \"Order Lines\"").await, 0);
}

/// Line by line, so that a difference can be seen.
pub fn similar(before: &str, after: &str) {
    for (number, (before, after)) in (1..).zip(before.lines().zip(after.lines())) {
        assert_eq!(before, after, "in line {number}");
    }
    assert_eq!(before.len(), after.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_proves_an_odd_database_and_leaves_nothing() {
    let place = Place::new().await;
    let database = Database::with(ODD).await;
    let manifest = place.create(&database).await.expect("a backup");
    let drill = place.verify(&manifest.id).await.expect("a drill");
    assert!(drill.is_good(), "{:?}", drill.differences);
    assert_eq!((drill.rows, drill.tables), (manifest.rows(), manifest.tables.len() as u64));
    assert!(drill.restore_ms > 0 && drill.restore_ms <= drill.duration_ms);
    let listing = list(&place.store, Some(&place.target)).await.expect("lists");
    assert_eq!((listing.manifests.as_slice(), listing.unreadable.len()), ([manifest].as_slice(), 0));
    assert_eq!(place.store.unfinished_uploads().await.expect("lists"), []);
}
