//! From the bytes of an image file to RGB, the right way up, within limits of size and memory.
//!
//! One file a format that needs care of its own; the others go through the `image` crate. Colour
//! profiles and gamma are not applied: the values in the file are the pixels.

mod gif;
mod jpeg;
mod limits;
mod orientation;
mod png;
mod still;

use image::{DynamicImage, ImageFormat, RgbImage, metadata::Orientation};

pub use limits::{DecodeLimits, Undecodable};

/// The formats that are read, in words.
const READ: &str = "JPEG, PNG, WebP, BMP, GIF or TIFF";
/// A decoded picture as stored in the file.
struct Decoded {
    width: u32,
    height: u32,
    /// Stored HWC.
    rgb: Vec<u8>,
    /// How it is to be turned.
    orientation: Orientation,
}

/// Decodes a file of any format that is read.
pub(super) fn decode(bytes: &[u8], limits: &DecodeLimits) -> Result<RgbImage, Undecodable> {
    let decoded = match image::guess_format(bytes) {
        Ok(ImageFormat::Jpeg) => jpeg::decode(bytes, limits),
        Ok(ImageFormat::Png) => png::decode(bytes, limits),
        Ok(ImageFormat::Gif) => gif::decode(bytes, limits),
        Ok(format @ (ImageFormat::WebP | ImageFormat::Bmp | ImageFormat::Tiff)) => {
            still::decode(bytes, format, limits)
        }
        Ok(other) => Err(format!("its content is {}, not {READ}", name(other)).into()),
        Err(_) if bytes.is_empty() => Err("it is empty".into()),
        Err(_) => Err(format!("its content is not {READ}").into()),
    }?;
    let Decoded { width, height, rgb, orientation } = decoded;
    let image = RgbImage::from_raw(width, height, rgb).expect("a decoded picture has all its rows");
    let mut image = DynamicImage::ImageRgb8(image);
    image.apply_orientation(orientation);
    Ok(image.into_rgb8())
}

/// What people call a format: its first file name ending, in capitals.
fn name(format: ImageFormat) -> String {
    format.extensions_str().first().map_or_else(String::new, |ending| ending.to_uppercase())
}

/// Pixels of 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGB, alpha) bytes as RGB: what is transparent
/// lets white shine through.
fn to_rgb(mut pixels: Vec<u8>, channels: usize) -> Vec<u8> {
    match channels {
        1 => pixels.into_iter().flat_map(|grey| [grey; 3]).collect(),
        2 => pixels.chunks_exact(2).flat_map(|pixel| [over_white(pixel[0], pixel[1]); 3]).collect(),
        3 => pixels,
        _ => {
            // In place, to save memory: the result is written behind what is still to be read.
            let count = pixels.len() / 4;
            for pixel in 0..count {
                let alpha = pixels[4 * pixel + 3];
                for channel in 0..3 {
                    pixels[3 * pixel + channel] = over_white(pixels[4 * pixel + channel], alpha);
                }
            }
            pixels.truncate(3 * count);
            pixels
        }
    }
}

/// A value seen through `alpha` on white, rounded.
fn over_white(value: u8, alpha: u8) -> u8 {
    let (value, alpha) = (u32::from(value), u32::from(alpha));
    ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}

#[cfg(test)]
mod tests;
