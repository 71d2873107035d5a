//! Pictures within a page.

use base64::{Engine, prelude::BASE64_STANDARD};
use zoo_data::Image;

/// The longer side of a picture, at most, in pixels.
const SIDE: usize = 128;

/// The image, scaled down if it is large, as a data URL.
pub fn data_uri(image: &Image) -> String {
    small_uri(image, SIDE)
}

/// The same with a longer side of at most `side` pixels.
pub fn small_uri(image: &Image, side: usize) -> String {
    png_uri(&image.thumbnail(side).to_png())
}

/// The content of a PNG file as an address that holds it.
pub fn png_uri(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", BASE64_STANDARD.encode(png))
}
