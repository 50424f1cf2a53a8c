//! Width and height of an image, from its header alone.
//!
//! No decoder is involved: what decides whether a file is refused must cost a few comparisons, whatever the file
//! claims. The worker decodes under limits of its own.

use super::format::Format;

/// What the bytes so far say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimensions {
    /// Pixels.
    Known {
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// They stand further on.
    Unknown,
    /// This is no header of the format.
    Damaged,
}

/// Reads the header of an image. `head` holds the file's first bytes.
#[must_use]
pub fn dimensions(format: Format, head: &[u8]) -> Dimensions {
    let known = match format {
        Format::Png => png(head),
        Format::Gif => gif(head),
        Format::WebP => webp(head),
        Format::Jpeg => jpeg(head),
        Format::Mp3 | Format::Wav | Format::Ogg => return Dimensions::Damaged,
    };
    match known {
        Ok((width, height)) if width > 0 && height > 0 => Dimensions::Known { width, height },
        Ok(_) | Err(Stop::Damaged) => Dimensions::Damaged,
        Err(Stop::TooShort) => Dimensions::Unknown,
    }
}

enum Stop {
    TooShort,
    Damaged,
}

type Size = Result<(u32, u32), Stop>;

fn bytes<const N: usize>(head: &[u8], at: usize) -> Result<[u8; N], Stop> {
    let slice = head.get(at..).and_then(|rest| rest.get(..N)).ok_or(Stop::TooShort)?;
    slice.try_into().map_err(|_| Stop::TooShort)
}

fn expect(condition: bool) -> Result<(), Stop> {
    if condition { Ok(()) } else { Err(Stop::Damaged) }
}

/// The first chunk is IHDR, 13 bytes long (PNG, 11.2.1).
fn png(head: &[u8]) -> Size {
    expect(bytes::<8>(head, 8)? == *b"\0\0\0\x0dIHDR")?;
    Ok((u32::from_be_bytes(bytes(head, 16)?), u32::from_be_bytes(bytes(head, 20)?)))
}

/// The logical screen (specification of GIF, version 89a, section 18).
fn gif(head: &[u8]) -> Size {
    Ok((u16::from_le_bytes(bytes(head, 6)?).into(), u16::from_le_bytes(bytes(head, 8)?).into()))
}

/// The first chunk is one of three (RFC 9649, 2.5–2.7).
fn webp(head: &[u8]) -> Size {
    match &bytes::<4>(head, 12)? {
        b"VP8X" => {
            let side = |at| {
                let [low, middle, high] = bytes::<3>(head, at)?;
                Ok::<u32, Stop>(u32::from_le_bytes([low, middle, high, 0]) + 1)
            };
            Ok((side(24)?, side(27)?))
        }
        b"VP8L" => {
            let [signature] = bytes::<1>(head, 20)?;
            expect(signature == 0x2f)?;
            let bits = u32::from_le_bytes(bytes(head, 21)?);
            Ok(((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1))
        }
        b"VP8 " => {
            expect(bytes::<3>(head, 23)? == [0x9d, 0x01, 0x2a])?;
            let side = |at| Ok::<u32, Stop>((u16::from_le_bytes(bytes(head, at)?) & 0x3fff).into());
            Ok((side(26)?, side(28)?))
        }
        _ => Err(Stop::Damaged),
    }
}

/// The first start-of-frame segment, reached from segment to segment (ITU T.81, B.1.1.4 and B.2.2).
fn jpeg(head: &[u8]) -> Size {
    let mut at = 2;
    loop {
        let [fill, marker] = bytes::<2>(head, at)?;
        expect(fill == 0xff)?;
        match marker {
            // Fill bytes may stand before a marker.
            0xff => at += 1,
            // Markers without a segment.
            0x01 | 0xd0..=0xd8 => at += 2,
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                let height = u16::from_be_bytes(bytes(head, at + 5)?);
                return Ok((u16::from_be_bytes(bytes(head, at + 7)?).into(), height.into()));
            }
            // The scan, or the end of the image, before any frame.
            0x00 | 0xd9 | 0xda => return Err(Stop::Damaged),
            _ => {
                let length = u16::from_be_bytes(bytes(head, at + 2)?);
                expect(length >= 2)?;
                at += 2 + usize::from(length);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn png_of(width: u32, height: u32) -> Vec<u8> {
        [b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".as_slice(), &width.to_be_bytes(), &height.to_be_bytes()].concat()
    }

    #[test]
    fn a_png_that_claims_too_much_is_read_from_24_bytes() {
        let head = png_of(50_000, 50_000);
        assert_eq!(dimensions(Format::Png, &head), Dimensions::Known { width: 50_000, height: 50_000 });
        assert_eq!(dimensions(Format::Png, &head[..20]), Dimensions::Unknown);
        assert_eq!(dimensions(Format::Png, &png_of(0, 5)), Dimensions::Damaged);
        assert_eq!(dimensions(Format::Png, b"\x89PNG\r\n\x1a\n\0\0\0\x0dIDAT........"), Dimensions::Damaged);
    }

    #[test]
    fn a_jpeg_is_followed_over_its_segments() {
        let mut head = b"\xff\xd8\xff\xe1\x00\x10".to_vec();
        head.extend([0; 14]);
        assert_eq!(dimensions(Format::Jpeg, &head), Dimensions::Unknown);
        head.extend(b"\xff\xff\xc2\x00\x11\x08\x01\x02\x03\x04");
        assert_eq!(dimensions(Format::Jpeg, &head), Dimensions::Known { width: 0x304, height: 0x102 });
        assert_eq!(dimensions(Format::Jpeg, b"\xff\xd8\xff\xda\x00\x00"), Dimensions::Damaged);
        assert_eq!(dimensions(Format::Jpeg, b"\xff\xd8\xff\xe0\x00\x01"), Dimensions::Damaged);
    }

    #[test]
    fn gif_and_the_three_forms_of_webp() {
        assert_eq!(dimensions(Format::Gif, b"GIF89a\x40\x01\xf0\x00"), Dimensions::Known { width: 320, height: 240 });
        let webp = |rest: &[u8]| [b"RIFF\0\0\0\0WEBP".as_slice(), rest].concat();
        let extended = webp(b"VP8X\x0a\0\0\0\0\0\0\0\x3f\x01\0\xef\0\0");
        let lossless = webp(b"VP8L\x05\0\0\0\x2f\x3f\xc1\x3b\0");
        let lossy = webp(b"VP8 \x05\0\0\0\0\0\0\x9d\x01\x2a\x40\x01\xf0\0");
        for head in [extended, lossless, lossy] {
            assert_eq!(dimensions(Format::WebP, &head), Dimensions::Known { width: 320, height: 240 }, "{head:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_loop(tail in proptest::collection::vec(any::<u8>(), 0..600)) {
            for (format, sign) in [
                (Format::Jpeg, b"\xff\xd8\xff".as_slice()),
                (Format::Png, b"\x89PNG\r\n\x1a\n"),
                (Format::Gif, b"GIF89a"),
                (Format::WebP, b"RIFF\0\0\0\0WEBPVP8X"),
            ] {
                let head = [sign, tail.as_slice()].concat();
                _ = dimensions(format, &head);
            }
        }
    }
}
