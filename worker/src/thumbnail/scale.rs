//! Scaling and encoding.

use super::{Made, ThumbnailError};
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use gotong_shared::media::Variant;
use image::{ExtendedColorType, RgbImage, codecs::jpeg::JpegEncoder};

/// What keeps a photograph good and small.
const QUALITY: u8 = 85;

/// Fits `picture` into the variant's box.
pub(super) fn fit(picture: &RgbImage, variant: &Variant) -> Result<Made, ThumbnailError> {
    let (width, height) = fitted(picture.dimensions(), (variant.width, variant.height));
    let mut small = RgbImage::new(width, height);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
    let resized = Resizer::new().resize(picture, &mut small, &options);
    resized.map_err(|error| ThumbnailError::Encode(error.to_string()))?;
    let mut jpeg = Vec::new();
    let encoded =
        JpegEncoder::new_with_quality(&mut jpeg, QUALITY).encode(&small, width, height, ExtendedColorType::Rgb8);
    encoded.map_err(|error| ThumbnailError::Encode(error.to_string()))?;
    Ok(Made { variant: variant.name, jpeg, width, height })
}

/// The largest size of the same shape that fits into `bounds`, at most `size` itself, at least one pixel.
fn fitted(size: (u32, u32), bounds: (u32, u32)) -> (u32, u32) {
    let (width, height) = (f64::from(size.0), f64::from(size.1));
    let scale = (f64::from(bounds.0) / width).min(f64::from(bounds.1) / height).min(1.0);
    (pixels(width * scale), pixels(height * scale))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a side is between 1 and 65,535")]
fn pixels(length: f64) -> u32 {
    length.round().clamp(1.0, 65_535.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_long_side_fits_and_the_shape_stays() {
        for (size, fit) in [
            ((4000, 3000), (300, 225)),
            ((3000, 4000), (225, 300)),
            ((600, 600), (300, 300)),
            ((10_000, 1), (300, 1)),
            ((120, 80), (120, 80)),
        ] {
            assert_eq!(fitted(size, (300, 300)), fit, "{size:?}");
        }
    }
}
