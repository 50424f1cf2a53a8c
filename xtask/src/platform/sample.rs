//! A few images that this file draws itself, uploaded once so that a fresh platform has something to show.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::environment::Platform;
use crate::http::{self, Sending};
use crate::progress;
use crate::services::Context;

struct Picture {
    name: &'static str,
    width: u32,
    height: u32,
    /// The colour at a point, both coordinates from 0 to 255.
    colour: fn(u32, u32) -> [u32; 3],
}

const PICTURES: [Picture; 3] = [
    Picture { name: "dawn.png", width: 960, height: 540, colour: |x, y| [255 - y / 3, 120 + x / 4, 60 + y * 3 / 4] },
    Picture { name: "rings.png", width: 640, height: 640, colour: rings },
    Picture { name: "weave.png", width: 480, height: 800, colour: |x, y| [(x ^ y), (x & y), 255 - (x | y) / 2] },
];

fn rings(x: u32, y: u32) -> [u32; 3] {
    let (dx, dy) = (x.abs_diff(128), y.abs_diff(128));
    let square = dx * dx + dy * dy;
    if (square / 900).is_multiple_of(2) { [200, 60 + x / 2, 40] } else { [245, 240, 200 + y / 5] }
}

/// The file that the pasted curl line uploads.
pub fn file(context: &Context) -> PathBuf {
    context.checkout.state().join("sample").join(PICTURES[0].name)
}

/// Draws the images into `.gotong/sample` and uploads them unless that was done before.
pub fn ensure(context: &Context, platform: &Platform) -> Result<()> {
    let folder = context.checkout.state().join("sample");
    fs::create_dir_all(&folder)?;
    // The mark belongs to the database: another or an emptied one has another key.
    let mark = format!("{}…", &platform.api_key[..platform.api_key.len().min(12)]);
    let is_loaded = context.remembered.fact("sample").is_some_and(|loaded| loaded == mark);
    for picture in &PICTURES {
        let bytes = png(picture);
        let path = folder.join(picture.name);
        if !path.exists() {
            fs::write(&path, &bytes)?;
        }
        if !is_loaded {
            upload(platform, picture.name, &bytes)?;
        }
    }
    if !is_loaded {
        context.remembered.set_fact("sample", &mark)?;
        progress::step("sample", format_args!("uploaded {} images", PICTURES.len()));
    }
    Ok(())
}

fn upload(platform: &Platform, name: &str, bytes: &[u8]) -> Result<()> {
    let boundary = "gotong-sample-boundary";
    let mut body = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: image/png\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(bytes);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    let bearer = format!("Bearer {}", platform.api_key);
    let kind = format!("multipart/form-data; boundary={boundary}");
    let sending = Sending { headers: &[("Authorization", &bearer), ("Content-Type", &kind)], body: &body };
    let answer = http::request("POST", &format!("{}/api/v1/media", platform.url), &sending, Duration::from_secs(30))?;
    if answer.status != 202 {
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        bail!("the upload of the sample image {name} was answered {}: {said}", answer.status);
    }
    Ok(())
}

/// A PNG (ISO/IEC 15948) with 8-bit RGB samples whose zlib stream (RFC 1950) holds stored blocks: no compressor needed.
fn png(picture: &Picture) -> Vec<u8> {
    let mut rows = Vec::new();
    for y in 0..picture.height {
        rows.push(0);
        for x in 0..picture.width {
            let colour = (picture.colour)(x * 255 / picture.width, y * 255 / picture.height);
            rows.extend(colour.map(|sample| u8::try_from(sample.min(255)).unwrap_or(u8::MAX)));
        }
    }
    let mut header = Vec::from(picture.width.to_be_bytes());
    header.extend_from_slice(&picture.height.to_be_bytes());
    header.extend_from_slice(&[8, 2, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, content) in [(b"IHDR", header), (b"IDAT", zlib_stored(&rows)), (b"IEND", Vec::new())] {
        let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
        file.extend_from_slice(&length.to_be_bytes());
        let checked = [kind.as_slice(), &content].concat();
        file.extend_from_slice(&checked);
        file.extend_from_slice(&crc32(&checked).to_be_bytes());
    }
    file
}

fn zlib_stored(bytes: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let mut blocks = bytes.chunks(0xFFFF).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend_from_slice(&length.to_le_bytes());
        stream.extend_from_slice(&(!length).to_le_bytes());
        stream.extend_from_slice(block);
    }
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in bytes {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    stream.extend_from_slice(&((b << 16) | a).to_be_bytes());
    stream
}

/// CRC-32 as PNG's annex D defines it, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { 0xEDB8_8320 ^ (crc >> 1) } else { crc >> 1 };
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::crc32;

    #[test]
    fn the_check_value_of_crc_32_is_right() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }
}
