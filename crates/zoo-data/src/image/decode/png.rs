//! PNG, by the `png` crate.

use std::{
    borrow::Cow,
    io::{self, Cursor, Read},
};

use flate2::read::ZlibDecoder;
use png::{
    DecodeOptions, Decoder, DecodingError, Info, InterlaceInfo, Limits, Reader, Transformations,
};

use super::{DecodeLimits, Decoded, Undecodable, orientation, to_rgb};

/// The most bytes that a compressed text may unpack to; more is an attack.
const MAX_TEXT_BYTES: usize = 1 << 20;
/// The keyword of a text that holds EXIF data.
const RAW_EXIF: &str = "Raw profile type exif";
/// The keyword of the text that holds XMP data.
const XMP: &str = "XML:com.adobe.xmp";

/// Decodes a file. The checksums of its image data are not checked, and what follows may be
/// corrupt: a picture with all its rows is read.
pub(super) fn decode(bytes: &[u8], limits: &DecodeLimits) -> Result<Decoded, Undecodable> {
    check_chunks(bytes)?;
    let mut options = DecodeOptions::default();
    options.set_ignore_checksums(true);
    options.set_ignore_iccp_chunk(true);
    let mut decoder = Decoder::new_with_options(Cursor::new(bytes), options);
    decoder.set_limits(Limits { bytes: limits.bytes as usize });
    // Palettes and bits become bytes; of 16 bits, the upper 8 are kept.
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let mut reader = decoder.read_info().map_err(reason)?;
    let (width, height) = reader.info().size();
    let channels = reader.output_color_type().0.samples();
    // Grey is converted to RGB in a new buffer; all others in place.
    limits.check_size(width, height, 4, bytes)?;
    let pixels = read_rows(&mut reader, width as usize * channels, height as usize)?;
    // Metadata may follow the image data; corruption there does not matter.
    let _ = reader.finish();
    let (exif, xmp) = (exif(reader.info()), xmp(reader.info()));
    let orientation = orientation::stated(exif.as_deref(), xmp.as_deref().map(str::as_bytes));
    Ok(Decoded { width, height, rgb: to_rgb(pixels, channels), orientation })
}

/// All rows, of `stride` bytes.
fn read_rows(
    reader: &mut Reader<Cursor<&[u8]>>,
    stride: usize,
    height: usize,
) -> Result<Vec<u8>, String> {
    let mut pixels = vec![0; stride * height];
    let bits = 8 * reader.output_color_type().0.samples() as u8;
    if !reader.info().interlaced {
        for line in pixels.chunks_exact_mut(stride) {
            reader.read_row(line).map_err(reason)?.ok_or("rows are missing")?;
        }
        return Ok(pixels);
    }
    while let Some(row) = reader.next_interlaced_row().map_err(reason)? {
        if let InterlaceInfo::Adam7(place) = row.interlace() {
            png::expand_interlaced_row(&mut pixels, stride, row.data(), place, bits);
        }
    }
    Ok(pixels)
}

/// The EXIF data: a chunk of their own or, as ImageMagick has written them, a text of hexadecimal
/// digits below three lines of heading.
fn exif<'a>(info: &'a Info<'_>) -> Option<Cow<'a, [u8]>> {
    if let Some(exif) = &info.exif_metadata {
        return Some(exif[..].into());
    }
    let plain = info.uncompressed_latin1_text.iter().find(|text| text.keyword == RAW_EXIF);
    let packed = info.compressed_latin1_text.iter().find(|text| text.keyword == RAW_EXIF);
    let text = match (plain, packed) {
        (Some(text), _) => text.text.clone(),
        (None, text) => {
            let mut text = text?.clone();
            text.decompress_text_with_limit(MAX_TEXT_BYTES).ok()?;
            text.get_text().ok()?
        }
    };
    let digits: Vec<u32> =
        text.lines().skip(3).flat_map(str::chars).filter_map(|digit| digit.to_digit(16)).collect();
    Some(digits.chunks_exact(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect())
}

/// The XMP data, where they unpack to no more than they should.
fn xmp(info: &Info) -> Option<String> {
    let mut text = info.utf8_text.iter().find(|text| text.keyword == XMP)?.clone();
    text.decompress_text_with_limit(MAX_TEXT_BYTES).ok()?;
    text.get_text().ok()
}

/// Refuses a corrupt header, which the decoder does not notice without checksums, a colour profile
/// compressed by an unknown method, and a text that unpacks to more than it should.
fn check_chunks(bytes: &[u8]) -> Result<(), String> {
    let mut chunks = chunks(bytes);
    let header = chunks.next().filter(|chunk| chunk.kind == *b"IHDR");
    let header = header.ok_or("its first chunk is not a header")?;
    if !header.is_sound() {
        return Err("the checksum of its header does not match".to_string());
    }
    for chunk in chunks.take_while(|chunk| chunk.kind != *b"IDAT") {
        // A name, its end, the method by which the rest is packed, of which there is one: 0.
        let packed =
            chunk.content.splitn(2, |&byte| byte == 0).nth(1).and_then(<[u8]>::split_first);
        match (&chunk.kind, packed) {
            (b"iCCP", Some((1.., _))) => {
                return Err("its colour profile is compressed by an unknown method".to_string());
            }
            (b"zTXt", Some((0, text))) if is_bomb(text) => {
                return Err(format!(
                    "it contains a text that unpacks to more than {MAX_TEXT_BYTES} bytes"
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

fn is_bomb(text: &[u8]) -> bool {
    let mut unpacked = ZlibDecoder::new(text).take(MAX_TEXT_BYTES as u64 + 1);
    io::copy(&mut unpacked, &mut io::sink()).is_ok_and(|bytes| bytes > MAX_TEXT_BYTES as u64)
}

struct Chunk<'a> {
    kind: [u8; 4],
    content: &'a [u8],
    checksum: [u8; 4],
}

impl Chunk<'_> {
    fn is_sound(&self) -> bool {
        let mut checksum = flate2::Crc::new();
        checksum.update(&self.kind);
        checksum.update(self.content);
        checksum.sum().to_be_bytes() == self.checksum
    }
}

/// The chunks of a file that are there as a whole, in their order.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    // The signature has 8 bytes.
    let mut rest = bytes.get(8..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk()?;
        let (kind, after) = after.split_first_chunk()?;
        let (content, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        let (checksum, after) = after.split_first_chunk()?;
        rest = after;
        Some(Chunk { kind: *kind, content, checksum: *checksum })
    })
}

fn reason(error: DecodingError) -> String {
    match error {
        DecodingError::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            "it is truncated: the end of the picture is missing".to_string()
        }
        error => error.to_string(),
    }
}
