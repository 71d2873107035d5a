//! The first picture of a GIF file, by the `gif` crate.

use std::{borrow::Cow, num::NonZeroU64};

use gif::{ColorOutput, DecodeOptions, Frame, MemoryLimit};
use image::metadata::Orientation;

use super::{DecodeLimits, Decoded, Undecodable};

/// Bytes of the header, and where its flags are.
const HEADER: usize = 13;
const FLAGS: usize = 10;

/// Decodes the first picture, on a white canvas of the whole's size.
pub(super) fn decode(bytes: &[u8], limits: &DecodeLimits) -> Result<Decoded, Undecodable> {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    // An index a pixel.
    let memory = NonZeroU64::new(limits.pixels).unwrap_or(NonZeroU64::MIN);
    options.set_memory_limit(MemoryLimit::Bytes(memory));
    let file = with_palette(bytes);
    let mut decoder = options.read_info(&*file).map_err(|error| error.to_string())?;
    let (width, height) = (u32::from(decoder.width()), u32::from(decoder.height()));
    // RGB, and an index a pixel of a picture that may be larger than the canvas, limited above.
    limits.check_size(width, height, 3, bytes)?;
    let mut palette = grey_ramp();
    fill(&mut palette, decoder.global_palette().unwrap_or_default());
    let frame = decoder.read_next_frame().map_err(|error| error.to_string())?;
    let frame = frame.ok_or("it contains no picture")?;
    if let Some(own) = &frame.palette {
        palette = grey_ramp();
        fill(&mut palette, own);
    }
    let mut rgb = vec![255; width as usize * height as usize * 3];
    draw(frame, &palette, &mut rgb, width as usize);
    Ok(Decoded { width, height, rgb, orientation: Orientation::NoTransforms })
}

/// The file with a palette for all pictures, which the decoder requires: greys if it has none.
fn with_palette(bytes: &[u8]) -> Cow<'_, [u8]> {
    // The header's last bytes are flags, whose upper bit marks a palette and whose lower three give
    // its size, background and aspect ratio.
    match bytes.split_first_chunk::<HEADER>() {
        Some((header, rest)) if header[FLAGS] & 0x80 == 0 => {
            let mut header = *header;
            header[FLAGS] |= 0x87;
            [&header[..], grey_ramp().as_flattened(), rest].concat().into()
        }
        _ => bytes.into(),
    }
}

/// The colours of indices that are in no palette.
fn grey_ramp() -> [[u8; 3]; 256] {
    std::array::from_fn(|index| [index as u8; 3])
}

fn fill(palette: &mut [[u8; 3]; 256], colours: &[u8]) {
    for (entry, colour) in palette.iter_mut().zip(colours.chunks_exact(3)) {
        entry.copy_from_slice(colour);
    }
}

/// Draws what lies within the canvas and is not transparent.
fn draw(frame: &Frame, palette: &[[u8; 3]; 256], rgb: &mut [u8], width: usize) {
    let (left, top) = (usize::from(frame.left), usize::from(frame.top));
    let rows = frame.buffer.chunks_exact(usize::from(frame.width).max(1));
    for (line, row) in rgb.chunks_exact_mut(width * 3).skip(top).zip(rows) {
        for (pixel, &index) in line.chunks_exact_mut(3).skip(left).zip(row) {
            if frame.transparent != Some(index) {
                pixel.copy_from_slice(&palette[usize::from(index)]);
            }
        }
    }
}
