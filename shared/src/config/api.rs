//! The API.

use super::{ByteSize, Reader};
use std::{net::SocketAddr, time::Duration};
use url::Url;

/// How the API listens, and what it accepts.
#[derive(Clone)]
pub struct ApiConfig {
    /// `GOTONG_API_LISTEN`: `host:port`, default `127.0.0.1:8080`.
    pub listen: SocketAddr,
    /// `GOTONG_PUBLIC_URL`: the address under which clients reach the API, default `http://` and the listen address.
    pub public_url: Url,
    /// `GOTONG_API_DRAIN_SECONDS`: how long requests under way may take when the API stops, 0–300, default 20.
    pub drain: Duration,
    /// What may be uploaded.
    pub uploads: UploadLimits,
}

/// The largest uploads by category.
#[derive(Clone, Copy, Debug)]
pub struct UploadLimits {
    /// `GOTONG_MAX_IMAGE_SIZE`: 1 KB–100 MB, default 10 MB.
    pub image: ByteSize,
    /// `GOTONG_MAX_AUDIO_SIZE`: 1 KB–1 GB, default 50 MB.
    pub audio: ByteSize,
    /// `GOTONG_MAX_IMAGE_PIXELS`: width × height of an image, in megapixels, 1–256, default 64.
    pub megapixels: u32,
    /// `GOTONG_MAX_CONCURRENT_UPLOADS`: uploads in progress in this process, 1–1,000, default 64; more are answered
    /// 503 with `Retry-After`. Each holds one part of 5 MiB at most.
    pub concurrent: usize,
}

impl ApiConfig {
    /// Reads its variables.
    pub fn read(reader: &mut Reader) -> Self {
        let listen = SocketAddr::from(([127, 0, 0, 1], 8080));
        let listen = reader.optional("GOTONG_API_LISTEN", "an address such as 127.0.0.1:8080", listen);
        let here = Url::parse(&format!("http://{listen}")).expect("a socket address is a valid URL host");
        Self {
            listen,
            public_url: reader.optional("GOTONG_PUBLIC_URL", "an http:// address", here),
            drain: reader.seconds("GOTONG_API_DRAIN_SECONDS", 0..=300, 20),
            uploads: UploadLimits::read(reader),
        }
    }
}

impl UploadLimits {
    fn read(reader: &mut Reader) -> Self {
        let smallest = ByteSize(1_000);
        let (image, audio) = (ByteSize(10_000_000), ByteSize(50_000_000));
        Self {
            image: reader.size("GOTONG_MAX_IMAGE_SIZE", smallest..=ByteSize(100_000_000), image),
            audio: reader.size("GOTONG_MAX_AUDIO_SIZE", smallest..=ByteSize(1_000_000_000), audio),
            megapixels: reader.number("GOTONG_MAX_IMAGE_PIXELS", 1..=256, 64),
            concurrent: reader.number("GOTONG_MAX_CONCURRENT_UPLOADS", 1..=1_000, 64),
        }
    }
}
