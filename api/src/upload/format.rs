//! What a file is, by its first bytes. Its name and what the client calls it count for nothing.

/// The kinds of files that are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// Pictures; thumbnails are made of them.
    Image,
    /// Sound.
    Audio,
}

impl Category {
    /// The word in the ledger.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
        }
    }
}

/// The formats that are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the formats' own names")]
pub enum Format {
    Jpeg,
    Png,
    Gif,
    WebP,
    Mp3,
    Wav,
    Ogg,
}

/// How many bytes [`Format::sniff`] looks at, at most.
pub const SIGNATURE: usize = 64;

impl Format {
    /// The format whose signature the bytes begin with. To be asked with [`SIGNATURE`] bytes, or the whole file.
    #[must_use]
    pub fn sniff(head: &[u8]) -> Option<Self> {
        let at = |start: usize, sign: &[u8]| head.get(start..).is_some_and(|rest| rest.starts_with(sign));
        if at(0, b"\xff\xd8\xff") {
            Some(Self::Jpeg)
        } else if at(0, b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if at(0, b"GIF87a") || at(0, b"GIF89a") {
            Some(Self::Gif)
        } else if at(0, b"RIFF") && at(8, b"WEBP") {
            Some(Self::WebP)
        } else if at(0, b"RIFF") && at(8, b"WAVE") {
            Some(Self::Wav)
        } else if at(0, b"OggS") && has_ogg_audio(head) {
            Some(Self::Ogg)
        } else if at(0, b"ID3") || is_mpeg_layer_3(head) {
            Some(Self::Mp3)
        } else {
            None
        }
    }

    /// Which limits and which work it comes under.
    #[must_use]
    pub fn category(self) -> Category {
        match self {
            Self::Jpeg | Self::Png | Self::Gif | Self::WebP => Category::Image,
            Self::Mp3 | Self::Wav | Self::Ogg => Category::Audio,
        }
    }

    /// Its media type.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::WebP => "image/webp",
            Self::Mp3 => "audio/mpeg",
            Self::Wav => "audio/wav",
            Self::Ogg => "audio/ogg",
        }
    }

    /// The usual ending of its files' names.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Gif => "gif",
            Self::WebP => "webp",
            Self::Mp3 => "mp3",
            Self::Wav => "wav",
            Self::Ogg => "ogg",
        }
    }
}

/// An Ogg page begins with a header of 27 bytes and one byte per segment; the first packet names the codec (RFC 5334).
fn has_ogg_audio(head: &[u8]) -> bool {
    let Some(segments) = head.get(26) else { return false };
    let Some(packet) = head.get(27 + usize::from(*segments)..) else { return false };
    [b"\x01vorbis".as_slice(), b"OpusHead", b"\x7fFLAC", b"Speex   "].iter().any(|codec| packet.starts_with(codec))
}

/// A frame header of MPEG audio: eleven set bits, a version and a bit rate that are not reserved, layer III.
fn is_mpeg_layer_3(head: &[u8]) -> bool {
    let [first, second, third, ..] = head else { return false };
    let version = (second >> 3) & 0b11;
    let layer = (second >> 1) & 0b11;
    let (bit_rate, sample_rate) = (third >> 4, (third >> 2) & 0b11);
    *first == 0xff
        && second >> 5 == 0b111
        && version != 0b01
        && layer == 0b01
        && !matches!(bit_rate, 0 | 15)
        && sample_rate != 3
}

/// What a file that is not taken seems to be, for the refusal's sentence.
#[must_use]
pub fn describe(head: &[u8]) -> String {
    match infer::get(head) {
        Some(kind) => kind.mime_type().into(),
        None if std::str::from_utf8(head).is_ok_and(|text| !text.contains('\0')) => "plain text".into(),
        None => "of an unknown type".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_known_by_its_signature() {
        let mut opus = b"OggS\0\x02".to_vec();
        opus.resize(26, 0);
        opus.extend(b"\x01\x13OpusHead");
        for (head, format) in [
            (b"\xff\xd8\xff\xe0".as_slice(), Format::Jpeg),
            (b"\x89PNG\r\n\x1a\n....", Format::Png),
            (b"GIF89a", Format::Gif),
            (b"RIFF\0\0\0\0WEBPVP8 ", Format::WebP),
            (b"RIFF\0\0\0\0WAVEfmt ", Format::Wav),
            (b"ID3\x04", Format::Mp3),
            (b"\xff\xfb\x90\x64", Format::Mp3),
            (b"\xff\xf3\x40\xc4", Format::Mp3),
            (&opus, Format::Ogg),
        ] {
            assert_eq!(Format::sniff(head), Some(format), "{head:?}");
        }
    }

    #[test]
    fn what_only_looks_alike_is_not_taken() {
        for head in [
            b"".as_slice(),
            b"hello, I am a .jpg",
            b"RIFF\0\0\0\0AVI ",
            b"OggS\0\x02\0\0",
            b"\xff\xf1\x50\x80",
            b"\xff\xff\xff\xff",
            b"%PDF-1.7",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        ] {
            assert_eq!(Format::sniff(head), None, "{head:?}");
        }
        assert_eq!(describe(b"%PDF-1.7"), "application/pdf");
        assert_eq!(describe(b"hello"), "plain text");
    }
}
