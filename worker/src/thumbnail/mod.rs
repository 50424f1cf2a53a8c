//! From the bytes of an upload to the bytes of its thumbnails.
//!
//! Knows pictures only: no storage, no database, no job. Everything here is bound by CPU and belongs off the threads
//! that serve I/O.

mod decode;
mod jpeg;
mod scale;

use gotong_shared::media::Variant;

/// A thumbnail, encoded.
pub struct Made {
    /// Of which variant.
    pub variant: &'static str,
    /// Baseline JPEG, quality 85, without metadata.
    pub jpeg: Vec<u8>,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

/// Why no thumbnail could be made.
#[derive(Debug, thiserror::Error)]
pub enum ThumbnailError {
    /// The bytes are none of the formats.
    #[error("the file is not a JPEG, PNG, GIF or WebP image")]
    Format,
    /// The file ends too early.
    #[error("the image is cut off: its data ends before the picture does")]
    Truncated,
    /// It has more pixels than we are ready to decode.
    #[error("the image has {width} × {height} pixels, more than {limit} megapixels")]
    TooLarge {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
        /// Megapixels.
        limit: u32,
    },
    /// It cannot be decoded.
    #[error("the image cannot be decoded: {0}")]
    Decode(String),
    /// It cannot be encoded.
    #[error("the thumbnail cannot be encoded: {0}")]
    Encode(String),
}

/// Makes every variant from one decode: upright (EXIF), white behind alpha, fitted into the variant's box with its
/// aspect ratio kept, never enlarged.
///
/// # Errors
/// When the bytes are no complete image within the limits.
pub fn make(bytes: &[u8], variants: &[Variant]) -> Result<Vec<Made>, ThumbnailError> {
    let picture = decode::upright_on_white(bytes)?;
    variants.iter().map(|variant| scale::fit(&picture, variant)).collect()
}
