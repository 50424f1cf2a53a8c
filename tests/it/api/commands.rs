//! `gotong-api create-admin` and `create-key`.

use chrono::TimeDelta;
use gotong_api::{
    auth::{Role, password},
    commands::{CommandError, create_admin, create_key},
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
