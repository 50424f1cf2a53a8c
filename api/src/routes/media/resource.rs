//! Media on the wire.

use super::MediaCategory;
use crate::{
    page::{Page, PageLinks, PageMeta},
    routes::media::query::Row,
};
use chrono::{DateTime, Utc};
use gotong_shared::{
    db::models::{Media, Thumbnail},
    media::VARIANTS,
};
use poem_openapi::{Enum, Object};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Where a file's processing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum MediaState {
    /// Its thumbnails are being made.
    Processing,
    /// Everything that is made of it is there.
    Ready,
    /// Nothing could be made of it; `failure` says why.
    Failed,
}

impl MediaState {
    /// The word in the ledger.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Processing => "processing",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }
}

/// An uploaded file.
#[derive(Clone, Debug, Object)]
#[oai(rename = "Media", skip_serializing_if_is_none)]
pub struct MediaResource {
    /// Its id, a UUIDv7.
    pub id: Uuid,
    /// What kind of file it is.
    pub category: MediaCategory,
    /// Where its processing stands.
    pub state: MediaState,
    /// The name it was uploaded under.
    pub filename: String,
    /// Its media type, told by its bytes.
    pub content_type: String,
    /// Its size in bytes.
    pub byte_size: i64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// The job that makes its thumbnails.
    pub job_id: Option<Uuid>,
    /// Why nothing could be made of it.
    pub failure: Option<MediaFailure>,
    /// The thumbnails that are there.
    pub thumbnails: Vec<MediaThumbnail>,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Where to go from here.
    pub links: MediaLinks,
}

/// Why nothing could be made of a file.
#[derive(Clone, Debug, Object)]
pub struct MediaFailure {
    /// A stable word, such as `invalid_image`.
    pub class: String,
    /// A sentence.
    pub message: String,
}

/// A thumbnail that is there.
#[derive(Clone, Debug, Object)]
pub struct MediaThumbnail {
    /// Its variant's name, such as `300x300`.
    pub variant: String,
    /// Pixels in a row.
    pub width: i32,
    /// Rows.
    pub height: i32,
    /// Its size in bytes.
    pub byte_size: i64,
    /// Where it is.
    pub href: String,
}

/// Where to go from a file.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct MediaLinks {
    /// This resource.
    #[oai(rename = "self")]
    pub this: String,
    /// Its bytes.
    pub content: String,
    /// The job that makes its thumbnails.
    pub job: Option<String>,
    /// Its thumbnails by variant, whether they are made yet or not.
    pub thumbnails: Option<BTreeMap<String, String>>,
}

/// A page of files, newest first.
#[derive(Clone, Debug, Object)]
pub struct MediaList {
    data: Vec<MediaResource>,
    meta: PageMeta,
    links: PageLinks,
}

impl MediaResource {
    /// The resource of a row and its thumbnails.
    #[must_use]
    pub fn of(media: Media, thumbnails: Vec<Thumbnail>) -> Self {
        let here = format!("/api/v1/media/{}", media.id);
        let thumbnail_at = |variant: &str| format!("{here}/thumbnails/{variant}");
        let category = if media.category == "audio" { MediaCategory::Audio } else { MediaCategory::Image };
        let variants =
            || VARIANTS.iter().map(|variant| (variant.name.to_owned(), thumbnail_at(variant.name))).collect();
        let links = MediaLinks {
            content: format!("{here}/content"),
            job: media.job_id.map(|job| format!("/api/v1/jobs/{job}")),
            thumbnails: (category == MediaCategory::Image).then(variants),
            this: here.clone(),
        };
        let thumbnails = thumbnails.into_iter().map(|thumbnail| MediaThumbnail {
            href: thumbnail_at(&thumbnail.variant),
            variant: thumbnail.variant,
            width: thumbnail.width,
            height: thumbnail.height,
            byte_size: thumbnail.byte_size,
        });
        Self {
            id: media.id,
            category,
            state: match media.state.as_str() {
                "ready" => MediaState::Ready,
                "failed" => MediaState::Failed,
                _ => MediaState::Processing,
            },
            filename: media.filename,
            content_type: media.content_type,
            byte_size: media.byte_size,
            sha256: hex::encode(media.sha256),
            job_id: media.job_id,
            failure: media
                .failure_class
                .map(|class| MediaFailure { class, message: media.failure_message.unwrap_or_default() }),
            thumbnails: thumbnails.collect(),
            created_at: media.created_at,
            updated_at: media.updated_at,
            links,
        }
    }

    /// The status of its upload's answer: 202 when there is a job to wait for.
    #[must_use]
    pub fn accepted_status(&self) -> u16 {
        if self.job_id.is_some() { 202 } else { 201 }
    }

    /// The `Location` of its upload's answer: its job, or itself when there is none.
    #[must_use]
    pub fn location(&self) -> String {
        self.links.job.clone().unwrap_or_else(|| self.links.this.clone())
    }
}

impl MediaList {
    pub(super) fn of(page: Page<Row>) -> Self {
        let data = page.rows.into_iter().map(|row| MediaResource::of(row.media, row.thumbnails)).collect();
        Self { data, meta: page.meta, links: page.links }
    }
}
