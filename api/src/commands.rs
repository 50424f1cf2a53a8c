//! What `gotong-api` does besides serving: people and keys. Each command prints one line of JSON.

use crate::auth::{
    Role,
    key::{self, NoRandomness},
    password::{self, PasswordError},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{TimeDelta, Utc};
use diesel::{prelude::*, sql_types::Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use gotong_shared::db::{
    Database, DatabaseError,
    models::{NewApiKey, NewUser, NewWorkspace},
    schema::{api_keys, users, workspaces},
};
use serde::Serialize;
use uuid::Uuid;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The database does not answer, or is not migrated.
    #[error("the database gave no answer: is it up, and has `gotong-api migrate` been run?")]
    Database(#[from] DatabaseError),
    /// Not an address.
    #[error("{0:?} is not an e-mail address")]
    Email(String),
    /// There is such a person.
    #[error("there is already a user with the e-mail address {0}")]
    Taken(String),
    /// There is no such workspace.
    #[error("there is no workspace {0}")]
    Workspace(Uuid),
    /// Not a name.
    #[error("a name has 1 to 200 characters")]
    Name,
    /// Not a password.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// No random bytes.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

impl From<diesel::result::Error> for CommandError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error.into())
    }
}

/// A person that was added.
#[derive(Debug, Serialize)]
pub struct CreatedAdmin {
    /// Their address.
    pub email: String,
    /// Their password, shown here only.
    pub password: String,
    /// Their workspace.
    pub workspace_id: Uuid,
}

/// Adds an administrator to the default workspace, which is made if there is none. Without a password one is made.
///
/// # Errors
/// When the address is taken or none, or the password too short.
pub async fn create_admin(
    database: &Database,
    email: &str,
    password: Option<String>,
) -> Result<CreatedAdmin, CommandError> {
    let email = email.trim();
    let is_address = email.len() <= 254
        && !email.contains(char::is_whitespace)
        && email.split_once('@').is_some_and(|(local, host)| !local.is_empty() && !host.is_empty());
    if !is_address {
        return Err(CommandError::Email(email.into()));
    }
    let password = password.map_or_else(password::generate, Ok)?;
    let hash = password::hash(&password)?;
    let mut connection = database.connection().await?;
    let workspace_id = connection
        .transaction(async |connection| {
            let workspace_id = default_workspace(connection).await?;
            let user =
                NewUser { id: Uuid::now_v7(), workspace_id, email, password_hash: &hash, role: Role::Admin.as_str() };
            let added =
                diesel::insert_into(users::table).values(&user).on_conflict_do_nothing().execute(connection).await?;
            if added == 0 { Err(CommandError::Taken(email.into())) } else { Ok(workspace_id) }
        })
        .await?;
    Ok(CreatedAdmin { email: email.into(), password, workspace_id })
}

/// A key that was made.
#[derive(Debug, Serialize)]
pub struct CreatedKey {
    /// Its id.
    pub id: Uuid,
    /// The key itself, shown here only.
    pub key: String,
    /// Its workspace.
    pub workspace_id: Uuid,
}

/// Makes a key in a workspace, or in the default one, which is made if there is none.
///
/// # Errors
/// When there is no such workspace, or the name is none.
pub async fn create_key(
    database: &Database,
    name: &str,
    role: Role,
    workspace: Option<Uuid>,
    expires_in: Option<TimeDelta>,
) -> Result<CreatedKey, CommandError> {
    if !(1..=200).contains(&name.trim().chars().count()) {
        return Err(CommandError::Name);
    }
    let key = key::generate()?;
    let hash = key::hash(&key).ok_or(NoRandomness)?;
    let id = Uuid::now_v7();
    let mut connection = database.connection().await?;
    let workspace_id = connection
        .transaction(async |connection| {
            let workspace_id = match workspace {
                Some(id) => known_workspace(connection, id).await?,
                None => default_workspace(connection).await?,
            };
            let expires_at = expires_in.map(|time| Utc::now() + time);
            let row = NewApiKey { id, workspace_id, name: name.trim(), role: role.as_str(), hash: &hash, expires_at };
            diesel::insert_into(api_keys::table).values(&row).execute(connection).await?;
            Ok::<_, CommandError>(workspace_id)
        })
        .await?;
    Ok(CreatedKey { id, key, workspace_id })
}

/// What receivers check a workspace's webhooks with.
#[derive(Debug, Serialize)]
pub struct WebhookSecret {
    /// `whsec_` and base64, as Standard Webhooks writes it.
    pub secret: String,
    /// Its workspace.
    pub workspace_id: Uuid,
}

/// The secret of a workspace, or of the default one, which is made if there is none.
///
/// # Errors
/// When there is no such workspace.
pub async fn webhook_secret(database: &Database, workspace: Option<Uuid>) -> Result<WebhookSecret, CommandError> {
    let mut connection = database.connection().await?;
    connection
        .transaction(async |connection| {
            let workspace_id = match workspace {
                Some(id) => known_workspace(connection, id).await?,
                None => default_workspace(connection).await?,
            };
            let secret: Vec<u8> =
                workspaces::table.find(workspace_id).select(workspaces::webhook_secret).first(connection).await?;
            Ok(WebhookSecret { secret: format!("whsec_{}", STANDARD.encode(secret)), workspace_id })
        })
        .await
}

async fn known_workspace(connection: &mut AsyncPgConnection, id: Uuid) -> Result<Uuid, CommandError> {
    let found = workspaces::table.find(id).select(workspaces::id).first(connection).await.optional()?;
    found.ok_or(CommandError::Workspace(id))
}

/// The oldest workspace named `default`; made if there is none, once, whoever asks at the same time.
async fn default_workspace(connection: &mut AsyncPgConnection) -> Result<Uuid, CommandError> {
    const NAME: &str = "default";
    let lock =
        diesel::sql_query("select pg_advisory_xact_lock(hashtext($1))").bind::<Text, _>("gotong default workspace");
    lock.execute(connection).await?;
    let oldest =
        workspaces::table.filter(workspaces::name.eq(NAME)).order(workspaces::created_at).select(workspaces::id);
    if let Some(id) = oldest.first(connection).await.optional()? {
        return Ok(id);
    }
    let id = Uuid::now_v7();
    diesel::insert_into(workspaces::table).values(&NewWorkspace { id, name: NAME }).execute(connection).await?;
    Ok(id)
}
