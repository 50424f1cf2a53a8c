//! Decoding, within limits.

use super::{ThumbnailError, jpeg};
use gotong_shared::media::MAX_MEGAPIXELS;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage};
use std::io::Cursor;

/// Longest side: what JPEG itself allows.
const MAX_SIDE: u32 = 65_535;
/// What a decoder may allocate: four bytes for each of the most pixels, and as much again for its own use.
const MAX_ALLOCATION: u64 = MAX_MEGAPIXELS as u64 * 1_000_000 * 8;

/// The picture as one sees it: orientation applied, alpha laid on white, eight bits a channel.
pub(super) fn upright_on_white(bytes: &[u8]) -> Result<RgbImage, ThumbnailError> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|_| ThumbnailError::Format)?;
    let format = reader
        .format()
        .filter(|format| matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::Gif | ImageFormat::WebP));
    let format = format.ok_or(ThumbnailError::Format)?;
    reader.limits(limits());
    let mut decoder = reader.into_decoder().map_err(describe)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > u64::from(MAX_MEGAPIXELS) * 1_000_000 {
        return Err(ThumbnailError::TooLarge { width, height, limit: MAX_MEGAPIXELS });
    }
    // The decoder fills what is missing of a JPEG with grey, and says nothing.
    if format == ImageFormat::Jpeg && !jpeg::is_complete(bytes) {
        return Err(ThumbnailError::Truncated);
    }
    let orientation = decoder.orientation().map_err(describe)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(describe)?;
    picture.apply_orientation(orientation);
    Ok(on_white(picture))
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOCATION);
    limits
}

fn describe(error: image::ImageError) -> ThumbnailError {
    match error {
        image::ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            ThumbnailError::Truncated
        }
        error => ThumbnailError::Decode(error.to_string()),
    }
}

fn on_white(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let rgba = picture.into_rgba8();
    let mut rgb = RgbImage::new(rgba.width(), rgba.height());
    for (to, from) in rgb.pixels_mut().zip(rgba.pixels()) {
        let [red, green, blue, alpha] = from.0.map(u16::from);
        to.0 = [red, green, blue].map(|channel| {
            let blended = (channel * alpha + 255 * (255 - alpha) + 127) / 255;
            u8::try_from(blended).unwrap_or(u8::MAX)
        });
    }
    rgb
}
