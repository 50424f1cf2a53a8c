//! `thumbnail.generate`: every variant of an uploaded image, from one decode.

use super::contract::{Contract, IMAGES, Limits, QueueProfile, USUAL};
use poem_openapi::Object;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Payload of `thumbnail.generate`: which image.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct ThumbnailGenerate {
    /// The image's row in `media`.
    pub media_id: Uuid,
}

impl Contract for ThumbnailGenerate {
    const KIND: &'static str = "thumbnail.generate";
    const QUEUE: QueueProfile = IMAGES;
    const LIMITS: Limits = USUAL;
    const SEARCHABLE: &'static [&'static str] = &["media_id"];
}
