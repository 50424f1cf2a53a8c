//! Judges a file by its first bytes, as soon as they suffice.

use super::{
    dimensions::{Dimensions, dimensions},
    format::{Category, Format, SIGNATURE, describe},
};
use crate::problem::{Code, Problem};
use gotong_shared::config::UploadLimits;

/// How far into a JPEG its frame header is looked for: past a large preview and a colour profile. An image whose
/// dimensions stand even further on is left to the worker, which decodes under the same limit.
const LONGEST_HEAD: usize = 512 * 1024;

const TAKEN: &str = "Images (JPEG, PNG, GIF, WebP) and audio (MP3, WAV, Ogg) are accepted";

/// The format of the file that begins with `head`; nothing while more bytes are needed to tell.
pub(super) fn judge(head: &[u8], is_whole: bool, limits: &UploadLimits) -> Result<Option<Format>, Problem> {
    if head.is_empty() && is_whole {
        return Err(Problem::new(Code::EmptyFile, "The file is empty.").about("/file"));
    }
    if head.len() < SIGNATURE && !is_whole {
        return Ok(None);
    }
    let Some(format) = Format::sniff(head) else {
        let detail = format!("{TAKEN}; by its first bytes this file is {}.", describe(head));
        return Err(Problem::new(Code::UnsupportedType, detail).about("/file"));
    };
    if format.category() == Category::Audio {
        return Ok(Some(format));
    }
    match dimensions(format, head) {
        Dimensions::Known { width, height } => {
            check_pixels(width, height, limits.megapixels)?;
            Ok(Some(format))
        }
        Dimensions::Unknown if is_whole => Err(damaged("The image ends within its header.")),
        Dimensions::Unknown if head.len() >= LONGEST_HEAD => Ok(Some(format)),
        Dimensions::Unknown => Ok(None),
        Dimensions::Damaged => Err(damaged("The image's header is damaged.")),
    }
}

fn check_pixels(width: u32, height: u32, megapixels: u32) -> Result<(), Problem> {
    if u64::from(width) * u64::from(height) <= u64::from(megapixels) * 1_000_000 {
        return Ok(());
    }
    let detail = format!("The image has {width} × {height} pixels; at most {megapixels} megapixels are accepted.");
    Err(Problem::new(Code::TooManyPixels, detail).about("/file"))
}

fn damaged(detail: &str) -> Problem {
    Problem::new(Code::InvalidImage, detail).about("/file")
}

#[cfg(test)]
mod tests {
    use super::*;
    use gotong_shared::config::ByteSize;

    const LIMITS: UploadLimits =
        UploadLimits { image: ByteSize(10_000_000), audio: ByteSize(50_000_000), megapixels: 64, concurrent: 1 };

    fn refusal(head: &[u8], is_whole: bool) -> Code {
        judge(head, is_whole, &LIMITS).expect_err("it is to be refused").code()
    }

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut head = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        head.extend(width.to_be_bytes());
        head.extend(height.to_be_bytes());
        head.resize(5_000, 0);
        head
    }

    #[test]
    fn bad_files_are_refused_from_their_first_bytes() {
        assert_eq!(refusal(b"", true), Code::EmptyFile);
        assert_eq!(refusal(b"just some text, whatever its name is", true), Code::UnsupportedType);
        assert_eq!(refusal(&[b'a'; SIGNATURE], false), Code::UnsupportedType);
        assert_eq!(refusal(&png(50_000, 50_000), false), Code::TooManyPixels);
        assert_eq!(refusal(&png(0, 1), false), Code::InvalidImage);
        assert_eq!(refusal(b"\x89PNG\r\n\x1a\n", true), Code::InvalidImage);
    }

    #[test]
    fn good_files_are_taken_as_soon_as_they_are_known() {
        assert_eq!(judge(&png(8_000, 8_000), false, &LIMITS).unwrap(), Some(Format::Png));
        assert_eq!(judge(b"\x89PNG", false, &LIMITS).unwrap(), None);
        let mut jpeg = b"\xff\xd8\xff\xe2\xff\xff".to_vec();
        jpeg.resize(60_000, 0);
        assert_eq!(judge(&jpeg, false, &LIMITS).unwrap(), None, "its frame header is still to come");
    }
}
