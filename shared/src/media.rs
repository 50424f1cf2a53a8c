//! Where the objects of media live, and the variants of thumbnails.

use uuid::Uuid;

/// A thumbnail that every image gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Its name in addresses and keys.
    pub name: &'static str,
    /// The box it fits in, in pixels.
    pub width: u32,
    /// The box it fits in, in pixels.
    pub height: u32,
}

/// Every variant. An image that is smaller than the box is not enlarged.
pub const VARIANTS: [Variant; 1] = [Variant { name: "300x300", width: 300, height: 300 }];

/// The most pixels an image may have, wherever one is decoded: what bounds the memory of a decoder.
pub const MAX_MEGAPIXELS: u32 = 256;

/// The key of an upload's bytes.
#[must_use]
pub fn original_key(media: Uuid) -> String {
    format!("media/{media}/original")
}

/// The key of a thumbnail. It names its content, so that making it twice changes nothing.
#[must_use]
pub fn thumbnail_key(media: Uuid, variant: &str, hash: &str) -> String {
    format!("thumbnails/{media}/{variant}-{hash}.jpg")
}
