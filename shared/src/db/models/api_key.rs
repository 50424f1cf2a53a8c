//! `api_keys`.

use crate::db::schema::api_keys;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

/// A key as it is kept: its secret's SHA-256, never the secret.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = api_keys)]
pub struct ApiKey {
    /// Its id.
    pub id: Uuid,
    /// The workspace whose rows it may see.
    pub workspace_id: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// `admin`, `operator` or `viewer`.
    pub role: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// From when on it is refused.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Since when it is refused.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// A key to be kept.
#[derive(Insertable)]
#[diesel(table_name = api_keys)]
pub struct NewApiKey<'a> {
    /// Its id.
    pub id: Uuid,
    /// The workspace whose rows it may see.
    pub workspace_id: Uuid,
    /// What its owner calls it.
    pub name: &'a str,
    /// `admin`, `operator` or `viewer`.
    pub role: &'a str,
    /// SHA-256 of the whole key.
    pub hash: &'a [u8],
    /// From when on it is refused.
    pub expires_at: Option<DateTime<Utc>>,
}
