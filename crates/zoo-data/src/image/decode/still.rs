//! WebP, BMP and TIFF, by the `image` crate: the first picture of a file of several.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use super::{DecodeLimits, Decoded, Undecodable, orientation, to_rgb};

/// Decodes a file of a format that is known.
pub(super) fn decode(
    bytes: &[u8],
    format: ImageFormat,
    limits: &DecodeLimits,
) -> Result<Decoded, Undecodable> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut own = Limits::no_limits();
    own.max_alloc = Some(limits.bytes);
    reader.limits(own);
    let mut decoder = reader.into_decoder().map_err(|error| error.to_string())?;
    let (width, height) = decoder.dimensions();
    // The decoder's own copy, ours, and an alpha or black channel that is not kept.
    let per_pixel = 2 * u64::from(decoder.color_type().bytes_per_pixel()) + 1;
    limits.check_size(width, height, per_pixel, bytes)?;
    let orientation = match format {
        ImageFormat::Tiff => {
            decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms)
        }
        _ => {
            let (exif, xmp) = (decoder.exif_metadata(), decoder.xmp_metadata());
            let (exif, xmp) = (exif.ok().flatten(), xmp.ok().flatten());
            orientation::stated(exif.as_deref(), xmp.as_deref())
        }
    };
    let image = DynamicImage::from_decoder(decoder).map_err(|error| error.to_string())?;
    let (channels, pixels) = match image {
        DynamicImage::ImageLuma8(image) => (1, image.into_raw()),
        DynamicImage::ImageLumaA8(image) => (2, image.into_raw()),
        DynamicImage::ImageRgb8(image) => (3, image.into_raw()),
        image if image.color().has_alpha() => (4, image.into_rgba8().into_raw()),
        image => (3, image.into_rgb8().into_raw()),
    };
    Ok(Decoded { width, height, rgb: to_rgb(pixels, channels), orientation })
}
