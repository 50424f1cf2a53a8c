//! `thumbnail.generate`: every variant of an uploaded image, from one decode.

use super::contract::{Contract, IMAGES, Limits, QueueProfile, USUAL};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Which image.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThumbnailGenerate {
    /// The image's row in `media`.
    pub media_id: Uuid,
}

impl Contract for ThumbnailGenerate {
    const KIND: &'static str = "thumbnail.generate";
    const QUEUE: QueueProfile = IMAGES;
    const LIMITS: Limits = USUAL;
}
