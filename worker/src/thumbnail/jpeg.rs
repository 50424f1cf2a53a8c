//! Whether a JPEG is all there.

/// Whether the file reaches its end-of-image marker. Walks the markers of ITU-T T.81 Annex B: a segment tells its
/// length; after a start of scan come coded bytes, in which a marker is an `FF` that neither `00` nor a restart
/// follows. A preview inside a segment is skipped with it, and what follows the end is nobody's concern.
pub(super) fn is_complete(bytes: &[u8]) -> bool {
    let Some(mut at) = bytes.starts_with(&[0xFF, 0xD8]).then_some(2) else { return false };
    while let Some(marker) = next_marker(bytes, &mut at) {
        match marker {
            0xD9 => return true,
            0x01 | 0xD0..=0xD8 => {}
            _ => match bytes.get(at..at + 2) {
                Some(length) => at += usize::from(u16::from_be_bytes([length[0], length[1]])),
                None => return false,
            },
        }
    }
    false
}

/// The next marker at or after `at`, which is moved behind it.
fn next_marker(bytes: &[u8], at: &mut usize) -> Option<u8> {
    loop {
        *at += bytes.get(*at..)?.iter().position(|byte| *byte == 0xFF)? + 1;
        match *bytes.get(*at)? {
            0x00 | 0xD0..=0xD7 => *at += 1,
            0xFF => {}
            marker => {
                *at += 1;
                return Some(marker);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageEncoder, Rgb, RgbImage, codecs::jpeg::JpegEncoder};

    #[test]
    fn only_a_whole_file_is_complete() {
        let picture = RgbImage::from_fn(64, 48, |x, y| {
            Rgb([x * 4, y * 5, x * y].map(|channel| u8::try_from(channel % 256).unwrap()))
        });
        let mut jpeg = Vec::new();
        JpegEncoder::new(&mut jpeg).write_image(&picture, 64, 48, image::ExtendedColorType::Rgb8).unwrap();
        assert!(is_complete(&jpeg));
        for length in 0..jpeg.len() {
            assert!(!is_complete(&jpeg[..length]), "cut at {length} of {}", jpeg.len());
        }
        jpeg.extend_from_slice(b"appended by a camera");
        assert!(is_complete(&jpeg));
    }
}
