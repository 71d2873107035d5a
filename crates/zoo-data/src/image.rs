//! An image in memory, and the way from and to files.

use std::io::Cursor;
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, ExtendedColorType, ImageDecoder, ImageFormat, ImageReader};

use crate::DataError;

/// The longest side that is decoded, in pixels.
const MAX_SIDE: u32 = 16_384;
/// The most pixels that are decoded: 384 MiB as RGB.
const MAX_PIXELS: u64 = 1 << 27;

/// A grey or RGB image of 8 bits a channel, stored HWC: row by row from the top, pixel by pixel,
/// channel by channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    width: usize,
    height: usize,
    channels: usize,
    pixels: Vec<u8>,
}

impl Image {
    /// An image of the given pixels, stored HWC.
    ///
    /// # Panics
    /// If a side is 0, `channels` is neither 1 nor 3, or the number of `pixels` is not `height *
    /// width * channels`.
    pub fn new(width: usize, height: usize, channels: usize, pixels: Vec<u8>) -> Self {
        assert!(width > 0 && height > 0, "an image of {width}x{height} pixels");
        assert!(channels == 1 || channels == 3, "an image of {channels} channels, not 1 or 3");
        assert_eq!(
            pixels.len(),
            height * width * channels,
            "bytes of an image of {height}x{width}x{channels}"
        );
        Self { width, height, channels, pixels }
    }

    /// An image of one colour; its length is the number of channels.
    ///
    /// # Panics
    /// If a side is 0 or `colour` has neither 1 nor 3 channels.
    pub fn filled(width: usize, height: usize, colour: &[u8]) -> Self {
        Self::new(width, height, colour.len(), colour.repeat(width * height))
    }

    /// Decodes a PNG or JPEG file to RGB. `name` is what errors call it.
    ///
    /// The format is told by the content, whatever the name ends in. The picture is turned upright
    /// as its EXIF data say. Transparency is dropped, grey becomes RGB, and 16 bits a channel
    /// become 8. A JPEG file whose end is missing decodes to as much of it as there
    /// is, as browsers do.
    ///
    /// # Errors
    /// [`DataError::TooLarge`] above 16,384 pixels a side or 2^27 in all, else
    /// [`DataError::Decode`].
    pub fn decode(name: &str, bytes: &[u8]) -> Result<Self, DataError> {
        let failed = |reason: String| DataError::Decode { name: name.to_owned(), reason };
        let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
        let reader = reader.map_err(|error| failed(error.to_string()))?;
        if !matches!(reader.format(), Some(ImageFormat::Png | ImageFormat::Jpeg)) {
            return Err(failed("its content is neither PNG nor JPEG".to_owned()));
        }
        let mut decoder = reader.into_decoder().map_err(|error| failed(error.to_string()))?;
        let (width, height) = decoder.dimensions();
        if width.max(height) > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
            return Err(DataError::TooLarge {
                name: name.to_owned(),
                width,
                height,
                limit: format!("{MAX_SIDE} a side and {MAX_PIXELS} in all"),
            });
        }
        // Broken EXIF data are common and no reason to lose the picture.
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let mut decoded =
            DynamicImage::from_decoder(decoder).map_err(|error| failed(error.to_string()))?;
        decoded.apply_orientation(orientation);
        let rgb = decoded.into_rgb8();
        if rgb.is_empty() {
            return Err(failed("it has no pixels".to_owned()));
        }
        Ok(Self::new(rgb.width() as usize, rgb.height() as usize, 3, rgb.into_raw()))
    }

    /// Reads and [decodes](Self::decode) a PNG or JPEG file.
    ///
    /// # Errors
    /// [`DataError::Read`], or those of [`decode`](Self::decode).
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DataError> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(DataError::read(path))?;
        Self::decode(&path.display().to_string(), &bytes)
    }

    /// Writes the image as a PNG file.
    ///
    /// # Errors
    /// [`DataError::Write`].
    pub fn save_png(&self, path: impl AsRef<Path>) -> Result<(), DataError> {
        let path = path.as_ref();
        let color = match self.channels {
            1 => ExtendedColorType::L8,
            _ => ExtendedColorType::Rgb8,
        };
        image::save_buffer_with_format(
            path,
            &self.pixels,
            self.width as u32,
            self.height as u32,
            color,
            ImageFormat::Png,
        )
        .map_err(|error| DataError::Write { path: path.to_owned(), reason: error.to_string() })
    }

    /// Width in pixels, at least 1.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels, at least 1.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Number of channels: 1 for grey, 3 for RGB.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// All bytes, stored HWC.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The bytes of one row, from the left, stored WC.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, row: usize) -> &[u8] {
        let stride = self.width * self.channels;
        &self.pixels[row * stride..][..stride]
    }

    /// The bytes of one row, to be changed.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row_mut(&mut self, row: usize) -> &mut [u8] {
        let stride = self.width * self.channels;
        &mut self.pixels[row * stride..][..stride]
    }

    /// The image with 1 or 3 channels: RGB becomes grey by its luma (0.299 R + 0.587 G + 0.114 B),
    /// grey becomes RGB by repetition.
    ///
    /// # Panics
    /// If `channels` is neither 1 nor 3.
    pub fn with_channels(self, channels: usize) -> Self {
        let pixels = match (self.channels, channels) {
            (from, to) if from == to => self.pixels,
            (1, _) => self.pixels.iter().flat_map(|&grey| [grey; 3]).collect(),
            _ => self.pixels.chunks_exact(3).map(luma).collect(),
        };
        Self::new(self.width, self.height, channels, pixels)
    }

    /// Copies `image` into this one with its upper left corner at (`left`, `top`).
    ///
    /// # Panics
    /// If it does not fit, or the numbers of channels differ.
    pub(crate) fn paste(&mut self, image: &Self, left: usize, top: usize) {
        assert_eq!(image.channels, self.channels, "channels of a pasted image");
        let start = left * self.channels;
        for row in 0..image.height {
            let pasted = image.row(row);
            self.row_mut(top + row)[start..start + pasted.len()].copy_from_slice(pasted);
        }
    }
}

/// The luma of an RGB pixel, rounded. Of a pixel with three equal channels, that value.
fn luma(rgb: &[u8]) -> u8 {
    let sum = 299 * u32::from(rgb[0]) + 587 * u32::from(rgb[1]) + 114 * u32::from(rgb[2]);
    ((sum + 500) / 1000) as u8
}

#[cfg(test)]
mod tests {
    use image::ImageEncoder;

    use super::*;

    fn two_by_three() -> Image {
        Image::new(2, 3, 3, (0..18).map(|byte| byte * 10).collect())
    }

    fn png(image: &Image) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image.png");
        image.save_png(&path).unwrap();
        std::fs::read(path).unwrap()
    }

    #[test]
    fn png_comes_back_as_it_was_saved() {
        assert_eq!(Image::decode("a.png", &png(&two_by_three())).unwrap(), two_by_three());
    }

    #[test]
    fn grey_png_comes_back_as_rgb() {
        let grey = Image::new(2, 1, 1, vec![7, 200]);
        let decoded = Image::decode("a.png", &png(&grey)).unwrap();
        assert_eq!(decoded, Image::new(2, 1, 3, vec![7, 7, 7, 200, 200, 200]));
    }

    #[test]
    fn channels_convert() {
        let rgb = Image::new(2, 1, 3, vec![255, 0, 0, 9, 9, 9]);
        assert_eq!(rgb.with_channels(1).pixels(), [76, 9]);
        assert_eq!(Image::new(2, 1, 1, vec![1, 2]).with_channels(3).pixels(), [1, 1, 1, 2, 2, 2]);
    }

    #[test]
    fn exif_orientation_is_applied() {
        // A TIFF header and one field: orientation (0x0112), a short (3), one of them, 6: turn
        // right.
        let exif =
            [&b"II*\0\x08\0\0\0"[..], b"\x01\0", b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0", &[0; 4]]
                .concat();
        let mut file = Vec::new();
        let mut encoder = image::codecs::png::PngEncoder::new(&mut file);
        encoder.set_exif_metadata(exif).unwrap();
        encoder.write_image(&[1, 2, 3, 4, 5, 6], 3, 2, ExtendedColorType::L8).unwrap();
        let upright = Image::decode("a.png", &file).unwrap().with_channels(1);
        assert_eq!(upright, Image::new(2, 3, 1, vec![4, 1, 5, 2, 6, 3]));
    }

    #[test]
    fn broken_files_are_named() {
        let mut cut = png(&two_by_three());
        cut.truncate(40);
        for bytes in [&b""[..], b"not an image", &cut] {
            let error = Image::decode("ants/broken.png", bytes).unwrap_err();
            assert!(
                matches!(&error, DataError::Decode { name, .. } if name == "ants/broken.png"),
                "{error}"
            );
        }
    }

    #[test]
    fn huge_claims_are_refused_before_memory_is_taken() {
        // Width and height of a PNG file stand at bytes 16 to 24, their CRC at 29 to 33.
        let mut bytes = png(&two_by_three());
        bytes[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
        let crc = crc32(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&crc.to_be_bytes());
        let error = Image::decode("bomb.png", &bytes).unwrap_err();
        assert!(
            matches!(error, DataError::TooLarge { width: 30_000, height: 30_000, .. }),
            "{error}"
        );
    }

    /// The checksum of PNG chunks.
    fn crc32(bytes: &[u8]) -> u32 {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        crc.sum()
    }

    #[test]
    fn missing_file_is_named() {
        let error = Image::open("no/such/image.png").unwrap_err();
        assert!(error.to_string().starts_with("cannot read no/such/image.png: "), "{error}");
    }

    #[test]
    #[should_panic(expected = "bytes of an image of 3x2x3")]
    fn wrong_number_of_pixels_panics() {
        Image::new(2, 3, 3, vec![0; 17]);
    }
}
