//! Pictures that tests draw themselves.

use image::{ExtendedColorType, ImageEncoder, Rgb, RgbImage, Rgba, RgbaImage, codecs::jpeg::JpegEncoder};
use std::io::Cursor;

fn scene(width: u32, height: u32, seed: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let wave = |step: u32| u8::try_from((x * step + y * (step + 2) + seed * 37) % 256).unwrap_or_default();
        Rgb([wave(1), wave(3), wave(5)])
    })
}

/// A JPEG; pictures of different `seed` differ.
#[must_use]
pub fn jpeg(width: u32, height: u32, seed: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let picture = scene(width, height, seed);
    JpegEncoder::new(&mut bytes).write_image(&picture, width, height, ExtendedColorType::Rgb8).expect("encodes");
    bytes
}

/// A JPEG whose EXIF orientation says that it is to be turned by 90° clockwise: stored `width` × `height`, its left
/// half red and its right half blue, so upright its top is red and its bottom blue.
#[must_use]
pub fn turned_jpeg(width: u32, height: u32) -> Vec<u8> {
    let halves = |x, _| if x < width / 2 { Rgb([220, 20, 20]) } else { Rgb([20, 20, 220]) };
    let picture = RgbImage::from_fn(width, height, halves);
    let mut bytes = Vec::new();
    JpegEncoder::new(&mut bytes).write_image(&picture, width, height, ExtendedColorType::Rgb8).expect("encodes");
    // One IFD with one entry: tag 0x0112 (Orientation), SHORT, one value, 6.
    let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
    let length = u16::try_from(exif.len() + 2).expect("a short segment").to_be_bytes();
    let mut segment = vec![0xFF, 0xE1, length[0], length[1]];
    segment.append(&mut exif);
    bytes.splice(2..2, segment);
    bytes
}

/// A PNG that is fully transparent black.
#[must_use]
pub fn png_with_alpha(width: u32, height: u32) -> Vec<u8> {
    let picture = RgbaImage::from_pixel(width, height, Rgba([0, 0, 0, 0]));
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).expect("encodes");
    bytes.into_inner()
}

/// The head of a PNG of that size, and nothing of its pixels: `length` bytes in all.
#[must_use]
pub fn header_only_png(width: u32, height: u32, length: usize) -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    bytes.extend(&header);
    bytes.extend(crc32(&header).to_be_bytes());
    bytes.resize(length, 0);
    bytes
}

/// The CRC of PNG (ISO 3309), bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { 0xEDB8_8320 ^ (crc >> 1) } else { crc >> 1 })
    };
    !bytes.iter().fold(u32::MAX, step)
}
