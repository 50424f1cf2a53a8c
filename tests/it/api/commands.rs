//! `gotong-api create-admin`, `create-key` and `webhook-secret`.

use chrono::TimeDelta;
use gotong_api::{
    auth::{Role, password},
    commands::{CommandError, create_admin, create_key, webhook_secret},
};
use harness::TestDatabase;
use uuid::Uuid;

#[tokio::test]
async fn an_administrator_is_made_once_in_the_default_workspace() {
    let test = TestDatabase::create().await;
    let database = test.pool();
    let admin = create_admin(&database, "Ibu.Sari@example.org", None).await.unwrap();
    let hash = &test.values("select password_hash as value from users").await[0];
    assert!(password::verify(&admin.password, hash) && !hash.contains(&admin.password));
    let again = create_admin(&database, "ibu.sari@EXAMPLE.org", Some("another password".into())).await;
    assert!(matches!(again, Err(CommandError::Taken(_))), "{again:?}");
    assert!(matches!(create_admin(&database, "nobody", None).await, Err(CommandError::Email(_))));
    let short = create_admin(&database, "a@example.org", Some("short".into())).await;
    assert!(matches!(short, Err(CommandError::Password(_))), "{short:?}");
    let key = create_key(&database, "phone", Role::Viewer, None, Some(TimeDelta::days(1))).await.unwrap();
    assert_eq!(key.workspace_id, admin.workspace_id, "there is one default workspace");
    let expiring = "select count(*) from api_keys where expires_at > now() + interval '23 hours' and role = 'viewer'";
    assert_eq!(test.count(expiring).await, 1);
}

#[tokio::test]
async fn a_key_needs_a_workspace_and_a_name() {
    let test = TestDatabase::create().await;
    let database = test.pool();
    let unknown = Uuid::now_v7();
    let refused = create_key(&database, "phone", Role::Admin, Some(unknown), None).await;
    assert!(matches!(refused, Err(CommandError::Workspace(id)) if id == unknown), "{refused:?}");
    assert!(matches!(create_key(&database, " ", Role::Admin, None, None).await, Err(CommandError::Name)));
    assert_eq!(test.count("select count(*) from workspaces").await, 0, "what failed made nothing");
}

#[tokio::test]
async fn each_workspace_signs_with_a_secret_of_its_own() {
    let test = TestDatabase::create().await;
    let database = test.pool();
    let first = webhook_secret(&database, None).await.unwrap();
    assert!(first.secret.starts_with("whsec_") && first.secret.len() == 6 + 44, "{first:?}");
    assert_eq!(webhook_secret(&database, Some(first.workspace_id)).await.unwrap().secret, first.secret);
    let other = Uuid::now_v7();
    test.execute(&format!("insert into workspaces (id, name) values ('{other}', 'other')")).await;
    assert_ne!(webhook_secret(&database, Some(other)).await.unwrap().secret, first.secret);
    let unknown = webhook_secret(&database, Some(Uuid::now_v7())).await;
    assert!(matches!(unknown, Err(CommandError::Workspace(_))), "{unknown:?}");
}
