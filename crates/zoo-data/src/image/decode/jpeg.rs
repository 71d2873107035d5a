//! JPEG, by zune-jpeg.

use std::{borrow::Cow, ops::Range};

use zune_jpeg::{
    JpegDecoder,
    errors::DecodeErrors,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

use super::{DecodeLimits, Decoded, Undecodable, orientation};

const START_OF_FRAME: Range<u8> = 0xc0..0xc3;
const PROGRESSIVE_FRAME: u8 = 0xc2;
const START_OF_SCAN: u8 = 0xda;
const ADOBE: u8 = 0xee;
const END_OF_IMAGE: [u8; 2] = [0xff, 0xd9];
/// The most passes over a progressive picture: encoders make about ten, and a few bytes can ask for
/// a long one.
const MAX_SCANS: usize = 40;

/// Decodes a file. A corrupt one is decoded as libjpeg and browsers do; a file that ends before the
/// picture does is refused.
pub(super) fn decode(bytes: &[u8], limits: &DecodeLimits) -> Result<Decoded, Undecodable> {
    let segments =
        Segments::read(bytes).ok_or("it ends, or is corrupt, before the picture begins")?;
    // A valid file passes at the first attempt, which also detects a truncated one.
    attempt(bytes, &segments, true, limits)
        .or_else(|error| match segments.has_end(bytes) {
            true => attempt(&segments.mended(bytes), &segments, false, limits),
            false if matches!(error, Failure::Refused(_)) => Err(error),
            false => {
                Err(Failure::Refused("it is truncated: the end of the picture is missing".into()))
            }
        })
        .map_err(Failure::into_reason)
}

/// Why an attempt failed.
enum Failure {
    /// The size is out of limits, or the end is missing.
    Refused(Undecodable),
    /// The decoder gave up.
    Damaged(DecodeErrors),
}

impl Failure {
    fn into_reason(self) -> Undecodable {
        match self {
            Self::Refused(reason) => reason,
            Self::Damaged(error) => error.to_string().trim().trim_matches('"').into(),
        }
    }
}

/// Decodes, refusing (`strict`) or tolerating violations of the standard.
fn attempt(
    bytes: &[u8],
    segments: &Segments,
    strict: bool,
    limits: &DecodeLimits,
) -> Result<Decoded, Failure> {
    let options = DecoderOptions::default()
        .set_strict_mode(strict)
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX)
        .jpeg_set_max_scans(MAX_SCANS)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(Failure::Damaged)?;
    // Sides have 16 bits in this format.
    let (width, height) = decoder.dimensions().unwrap_or_default();
    let (width, height) = (width as u32, height as u32);
    limits
        .check_size(width, height, segments.bytes_per_pixel(), bytes)
        .map_err(Failure::Refused)?;
    let orientation =
        orientation::stated(decoder.exif().map(Vec::as_slice), decoder.xmp().map(Vec::as_slice));
    let rgb = decoder.decode().map_err(Failure::Damaged)?;
    Ok(Decoded { width, height, rgb, orientation })
}

/// What the decoder does not report about a file's marker segments up to the first scan.
struct Segments {
    /// Number of colour components.
    components: u8,
    /// Whether the coefficients of the whole picture are held in memory while it is decoded: those
    /// of one with several scans.
    holds_coefficients: bool,
    /// Adobe's segment if it is shorter than it must be, which the decoder refuses.
    short_adobe: Option<Range<usize>>,
    /// Where the first scan's header ends.
    scan: usize,
}

impl Segments {
    /// `None`: there is no scan, or no frame before it.
    fn read(bytes: &[u8]) -> Option<Self> {
        let (mut frame, mut short_adobe) = (None, None);
        for (marker, segment) in segments(bytes) {
            let content = &bytes[segment.clone()];
            match marker {
                START_OF_SCAN => {
                    // Marker, length, number of components.
                    let scanned = *content.get(4)?;
                    let (marker, components) = frame?;
                    return Some(Self {
                        components,
                        holds_coefficients: marker == PROGRESSIVE_FRAME || scanned < components,
                        short_adobe,
                        scan: segment.end,
                    });
                }
                // Marker, length, precision, height, width, number of components.
                _ if START_OF_FRAME.contains(&marker) => frame = Some((marker, *content.get(9)?)),
                // Other kinds of frames are not read: the decoder says so.
                0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => frame = Some((marker, 0)),
                ADOBE if content.len() < 16 => short_adobe = Some(segment),
                _ => {}
            }
        }
        None
    }

    /// Bytes of memory for every pixel: RGB, and two bytes a coefficient.
    fn bytes_per_pixel(&self) -> u64 {
        3 + if self.holds_coefficients { 2 * u64::from(self.components) } else { 0 }
    }

    /// Whether the end of an image comes after the beginning of the first scan.
    fn has_end(&self, bytes: &[u8]) -> bool {
        bytes[self.scan..].windows(2).any(|pair| pair == END_OF_IMAGE)
    }

    /// The file without what the decoder refuses and libjpeg passes over.
    fn mended<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        match &self.short_adobe {
            Some(segment) => [&bytes[..segment.start], &bytes[segment.end..]].concat().into(),
            None => bytes.into(),
        }
    }
}

/// The segments of a file from its beginning: marker and position, including the marker. Anything
/// between them is skipped.
fn segments(bytes: &[u8]) -> impl Iterator<Item = (u8, Range<usize>)> {
    let mut at = 2;
    std::iter::from_fn(move || {
        let is_marker =
            |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0 | 0x01 | 0xff | 0xd0..=0xd9);
        at += bytes.get(at..)?.windows(2).position(is_marker)?;
        let length = bytes.get(at + 2..at + 4)?;
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        let segment = at..(at + 2 + length).min(bytes.len());
        at = segment.end;
        Some((bytes[segment.start + 1], segment))
    })
}
