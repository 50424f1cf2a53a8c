//! `media` and `media_thumbnails`.

use crate::db::schema::{media, media_thumbnails};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

/// An uploaded file.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = media)]
pub struct Media {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub workspace_id: Uuid,
    /// `image` or `audio`.
    pub category: String,
    /// `processing`, `ready` or `failed`.
    pub state: String,
    /// The name the client gave it.
    pub filename: String,
    /// What its bytes are, whatever the client said.
    pub content_type: String,
    /// Its size.
    pub byte_size: i64,
    /// SHA-256 of its bytes.
    pub sha256: Vec<u8>,
    /// Where its bytes are.
    pub object_key: String,
    /// The job that makes its thumbnails.
    pub job_id: Option<Uuid>,
    /// Why it failed: a stable word.
    pub failure_class: Option<String>,
    /// Why it failed: a sentence.
    pub failure_message: Option<String>,
    /// Who uploaded it.
    pub created_by: Option<Uuid>,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Since when it is deleted; its objects go after the grace time.
    pub deleted_at: Option<DateTime<Utc>>,
}

/// A file to be accepted.
#[derive(Insertable)]
#[diesel(table_name = media)]
pub struct NewMedia<'a> {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub workspace_id: Uuid,
    /// `image` or `audio`.
    pub category: &'a str,
    /// `processing` or `ready`.
    pub state: &'a str,
    /// The name the client gave it.
    pub filename: &'a str,
    /// What its bytes are.
    pub content_type: &'a str,
    /// Its size.
    pub byte_size: i64,
    /// SHA-256 of its bytes.
    pub sha256: &'a [u8],
    /// Where its bytes are.
    pub object_key: &'a str,
    /// The job that makes its thumbnails.
    pub job_id: Option<Uuid>,
    /// Who uploaded it.
    pub created_by: Option<Uuid>,
}

/// One thumbnail of an image.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = media_thumbnails)]
pub struct Thumbnail {
    /// The image.
    pub media_id: Uuid,
    /// The variant's name, such as `300x300`.
    pub variant: String,
    /// Where its bytes are.
    pub object_key: String,
    /// SHA-256 of its bytes.
    pub sha256: Vec<u8>,
    /// Pixels.
    pub width: i32,
    /// Pixels.
    pub height: i32,
    /// Its size.
    pub byte_size: i64,
}
