//! An image in memory, and the way from and to files.

mod decode;
mod file;
mod signed;
mod walk;

use std::{fs::FileType, io::Cursor, path::Path};

use image::{ExtendedColorType, ImageFormat};

pub use decode::{DecodeLimits, Undecodable};
pub use file::is_image_file;
pub(crate) use file::is_left_behind;
pub use signed::is_saved_here;
pub use walk::{Entry, walk};
pub(crate) use walk::{leads_back, may_hold_images};

use crate::{DataError, shown};

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

    /// Decodes a file of JPEG, PNG, WebP, BMP, GIF or TIFF to RGB. `name` is what errors call it.
    ///
    /// The content determines the format, whatever the extension. Of a file with several pictures,
    /// the first is used, turned upright according to its EXIF or XMP data. Grey, palettes, CMYK
    /// and 16 bits per channel become 8-bit RGB; transparent areas are blended with white. Colour
    /// profiles are not applied.
    ///
    /// A corrupt file is read as far as common decoders read it, but one that ends before the
    /// picture does is refused.
    ///
    /// # Errors
    /// [`DataError::Decode`]; among the reasons are more than 16,384 pixels a side or 2^27 in all,
    /// and more than 900 MB of memory for file and decoding together.
    pub fn decode(name: &str, bytes: &[u8]) -> Result<Self, DataError> {
        Self::decode_within(bytes, &DecodeLimits::default())
            .map_err(|error| DataError::Decode { name: name.to_owned(), reason: error.to_string() })
    }

    /// [`decode`](Self::decode) with other limits of size and memory, which are checked before any
    /// pixel is decoded.
    ///
    /// # Errors
    /// [`Undecodable`].
    pub fn decode_within(bytes: &[u8], limits: &DecodeLimits) -> Result<Self, Undecodable> {
        let rgb = decode::decode(bytes, limits)?;
        Ok(Self::new(rgb.width() as usize, rgb.height() as usize, 3, rgb.into_raw()))
    }

    /// Reads and [decodes](Self::decode) a file. Pipes, sockets and devices are not opened.
    ///
    /// # Errors
    /// [`DataError::Read`], or those of [`decode`](Self::decode).
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DataError> {
        let path = path.as_ref();
        let name = shown(path);
        let metadata = path.metadata().map_err(DataError::read(path))?;
        if let Some(kind) = unreadable_kind(metadata.file_type()) {
            return Err(DataError::Decode { name, reason: format!("it is a {kind}, not a file") });
        }
        let length = metadata.len();
        if length > DecodeLimits::default().bytes {
            let reason = format!("it has {} MB, too many to decode", length / 1_000_000);
            return Err(DataError::Decode { name, reason });
        }
        Self::decode(&name, &std::fs::read(path).map_err(DataError::read(path))?)
    }

    /// Writes the image as a PNG file that says what has written it; see [`is_saved_here`].
    ///
    /// # Errors
    /// [`DataError::Write`].
    pub fn save_png(&self, path: impl AsRef<Path>) -> Result<(), DataError> {
        let path = path.as_ref();
        std::fs::write(path, signed::signed_png(self))
            .map_err(|error| DataError::Write { path: path.to_owned(), reason: error.to_string() })
    }

    /// The content of a PNG file of the image.
    pub fn to_png(&self) -> Vec<u8> {
        let color = match self.channels {
            1 => ExtendedColorType::L8,
            _ => ExtendedColorType::Rgb8,
        };
        let mut png = Cursor::new(Vec::new());
        image::write_buffer_with_format(
            &mut png,
            &self.pixels,
            self.width as u32,
            self.height as u32,
            color,
            ImageFormat::Png,
        )
        .expect("an Image has all its pixels, and memory takes what is written");
        png.into_inner()
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

    /// All bytes, to be changed.
    pub(crate) fn pixels_mut(&mut self) -> &mut [u8] {
        &mut self.pixels
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

    /// Every pixel as a square of `scale` by `scale` pixels.
    ///
    /// # Panics
    /// If `scale` is 0.
    pub fn enlarged(&self, scale: usize) -> Self {
        let (width, height) = (self.width * scale, self.height * scale);
        let mut pixels = Vec::with_capacity(width * height * self.channels);
        for row in 0..height {
            let row = self.row(row / scale);
            pixels.extend(row.chunks_exact(self.channels).flat_map(|pixel| pixel.repeat(scale)));
        }
        Self::new(width, height, self.channels, pixels)
    }

    /// Copies `image` into this one with its upper left corner at (`left`, `top`).
    ///
    /// # Panics
    /// If it does not fit, or the numbers of channels differ.
    pub fn paste(&mut self, image: &Self, left: usize, top: usize) {
        assert_eq!(image.channels, self.channels, "channels of a pasted image");
        let start = left * self.channels;
        for row in 0..image.height {
            let pasted = image.row(row);
            self.row_mut(top + row)[start..start + pasted.len()].copy_from_slice(pasted);
        }
    }
}

/// What a file is called of which reading might never come to an end.
#[cfg(unix)]
fn unreadable_kind(kind: FileType) -> Option<&'static str> {
    use std::os::unix::fs::FileTypeExt;
    let kinds = [
        (kind.is_fifo(), "pipe"),
        (kind.is_socket(), "socket"),
        (kind.is_char_device() || kind.is_block_device(), "device"),
    ];
    kinds.into_iter().find_map(|(is_it, name)| is_it.then_some(name))
}

#[cfg(not(unix))]
fn unreadable_kind(kind: FileType) -> Option<&'static str> {
    (!kind.is_file() && !kind.is_dir()).then_some("device")
}

/// The luma of an RGB pixel, rounded. Of a pixel with three equal channels, that value.
pub(crate) fn luma(rgb: &[u8]) -> u8 {
    let sum = 299 * u32::from(rgb[0]) + 587 * u32::from(rgb[1]) + 114 * u32::from(rgb[2]);
    ((sum + 500) / 1000) as u8
}

#[cfg(test)]
mod tests {
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
    fn pixels_become_squares() {
        let image = Image::new(2, 1, 1, vec![1, 2]).enlarged(2);
        assert_eq!((image.width(), image.height()), (4, 2));
        assert_eq!(image.pixels(), [1, 1, 2, 2, 1, 1, 2, 2]);
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
