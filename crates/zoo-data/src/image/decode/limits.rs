//! How large an image may be that is decoded, and why bytes give none.

/// How large an image may be that is decoded. Its default is what the zoo reads from disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeLimits {
    /// The longest side, in pixels.
    pub side: u32,
    /// Pixels in all.
    pub pixels: u64,
    /// Memory that the file and its decoding take together, in bytes.
    pub bytes: u64,
}

impl Default for DecodeLimits {
    /// 2^27 pixels are 384 MiB as RGB.
    fn default() -> Self {
        Self { side: 16_384, pixels: 1 << 27, bytes: 900_000_000 }
    }
}

/// Why bytes give no image; the sentence goes on from the image's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undecodable {
    /// It is larger than the limits allow.
    #[error("{0}")]
    TooLarge(String),
    /// It is corrupt, or of no format that is read.
    #[error("{0}")]
    Damaged(String),
}

impl From<String> for Undecodable {
    fn from(reason: String) -> Self {
        Self::Damaged(reason)
    }
}

impl From<&str> for Undecodable {
    fn from(reason: &str) -> Self {
        Self::Damaged(reason.to_owned())
    }
}

impl DecodeLimits {
    /// Refuses a picture without pixels, with more than are decoded, or whose decoding would take too
    /// much memory together with the file: `per_pixel` bytes for every pixel.
    pub(super) fn check_size(
        &self,
        width: u32,
        height: u32,
        per_pixel: u64,
        file: &[u8],
    ) -> Result<(), Undecodable> {
        let pixels = u64::from(width) * u64::from(height);
        if pixels == 0 {
            return Err("it has no pixels".into());
        }
        if width.max(height) > self.side || pixels > self.pixels {
            return Err(Undecodable::TooLarge(format!(
                "it claims {width}x{height} pixels, more than {} per side or {} in total",
                self.side, self.pixels
            )));
        }
        let needed = pixels * per_pixel + file.len() as u64;
        match needed > self.bytes {
            true => Err(Undecodable::TooLarge(format!(
                "it would take {} MB of memory to decode its {width}x{height} pixels, more than {} MB",
                needed / 1_000_000,
                self.bytes / 1_000_000
            ))),
            false => Ok(()),
        }
    }
}
