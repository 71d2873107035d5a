//! Tests of decoding, on files made here.

mod png;

use std::io::Cursor;

use image::{
    ExtendedColorType, ImageEncoder, ImageFormat,
    codecs::{jpeg::JpegEncoder, png::PngEncoder, tiff::TiffEncoder, webp::WebPEncoder},
};

use super::*;

/// Three pixels beside each other, two below each other: red, green, blue, then black, grey, white.
const FLAG: [u8; 18] = [255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 128, 128, 128, 255, 255, 255];

/// A file of `FLAG`, or of other pixels of three by two.
fn file(format: ImageFormat, pixels: &[u8], color: ExtendedColorType) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    image::write_buffer_with_format(&mut file, pixels, 3, 2, color, format).unwrap();
    file.into_inner()
}

/// A JPEG file of smooth colours, and what it decodes to.
fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let pixels =
        RgbImage::from_fn(width, height, |x, y| image::Rgb([4 * x as u8, 4 * y as u8, 128]));
    let mut file = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut file, 90);
    encoder.write_image(&pixels, width, height, ExtendedColorType::Rgb8).unwrap();
    file
}

/// A TIFF header and one field: orientation (0x0112), a short (3), one of them.
fn exif(orientation: u8) -> Vec<u8> {
    let field = [0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0];
    [&b"II*\0\x08\0\0\0\x01\0"[..], &field, &[0; 4]].concat()
}

fn decoded(file: &[u8]) -> RgbImage {
    decode(file, &DecodeLimits::default()).unwrap()
}

fn reason(file: &[u8]) -> String {
    decode(file, &DecodeLimits::default()).unwrap_err().to_string()
}

#[test]
fn every_format_is_told_by_its_content() {
    use ImageFormat::{Bmp, Png, Tiff, WebP};
    for format in [Bmp, Png, Tiff, WebP] {
        let image = decoded(&file(format, &FLAG, ExtendedColorType::Rgb8));
        assert_eq!((image.width(), image.height()), (3, 2), "{format:?}");
        assert_eq!(image.as_raw(), &FLAG, "{format:?}");
    }
    let image = decoded(&jpeg(32, 16));
    assert_eq!((image.width(), image.height()), (32, 16));
    for (x, y, pixel) in image.enumerate_pixels() {
        let expected = [4 * x as i32, 4 * y as i32, 128];
        for (channel, expected) in expected.into_iter().enumerate() {
            let found = i32::from(pixel[channel]);
            assert!((found - expected).abs() <= 8, "{x} {y}: {pixel:?}, not {expected}");
        }
    }
}

#[test]
fn other_content_is_refused_by_what_it_is() {
    let others = "not JPEG, PNG, WebP, BMP, GIF or TIFF";
    assert_eq!(reason(b""), "it is empty");
    assert_eq!(reason(b"<html>not found</html>"), format!("its content is {others}"));
    assert_eq!(reason(b"P6 1 1 255 abc"), format!("its content is PBM, {others}"));
    let avif = b"\0\0\0\x20ftypavif\0\0\0\0";
    assert_eq!(reason(avif), format!("its content is AVIF, {others}"));
}

#[test]
fn all_eight_orientations_are_turned_upright() {
    // What a camera stores for each way that it is held, of a picture of 3 by 2 that shows 1 2 3
    // above 4 5 6.
    let stored: [(u32, [u8; 6]); 8] = [
        (3, [1, 2, 3, 4, 5, 6]),
        (3, [3, 2, 1, 6, 5, 4]),
        (3, [6, 5, 4, 3, 2, 1]),
        (3, [4, 5, 6, 1, 2, 3]),
        (2, [1, 4, 2, 5, 3, 6]),
        (2, [3, 6, 2, 5, 1, 4]),
        (2, [6, 3, 5, 2, 4, 1]),
        (2, [4, 1, 5, 2, 6, 3]),
    ];
    for (orientation, (width, pixels)) in (1..).zip(stored) {
        let rgb: Vec<u8> = pixels.iter().flat_map(|&value| [value; 3]).collect();
        let upright = |file: Vec<u8>| {
            let image = decoded(&file);
            assert_eq!((image.width(), image.height()), (3, 2), "{orientation}");
            image.pixels().map(|pixel| pixel[0]).collect::<Vec<u8>>()
        };
        let mut png = Vec::new();
        let mut encoder = PngEncoder::new(&mut png);
        encoder.set_exif_metadata(exif(orientation)).unwrap();
        encoder.write_image(&rgb, width, 6 / width, ExtendedColorType::Rgb8).unwrap();
        assert_eq!(upright(png), [1, 2, 3, 4, 5, 6], "PNG {orientation}");

        let mut webp = Vec::new();
        let mut encoder = WebPEncoder::new_lossless(&mut webp);
        encoder.set_exif_metadata(exif(orientation)).unwrap();
        encoder.write_image(&rgb, width, 6 / width, ExtendedColorType::Rgb8).unwrap();
        assert_eq!(upright(webp), [1, 2, 3, 4, 5, 6], "WebP {orientation}");

        assert_eq!(
            upright(tiff(&rgb, width, orientation)),
            [1, 2, 3, 4, 5, 6],
            "TIFF {orientation}"
        );
    }
    // JPEG keeps no exact values: that the sides change places shows that the tag is heard.
    let mut file = jpeg(32, 16);
    let payload = [&b"Exif\0\0"[..], &exif(6)].concat();
    let length = (payload.len() as u16 + 2).to_be_bytes();
    file.splice(2..2, [&[0xff, 0xe1], &length[..], &payload].concat());
    let image = decoded(&file);
    assert_eq!((image.width(), image.height()), (16, 32));
}

/// An uncompressed TIFF file of RGB pixels with an orientation.
fn tiff(rgb: &[u8], width: u32, orientation: u8) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    TiffEncoder::new(&mut file)
        .write_image(rgb, width, 6 / width, ExtendedColorType::Rgb8)
        .unwrap();
    let mut file = file.into_inner();
    // The directory's offset stands at byte 4; it is moved to the end with one more field, the
    // orientation, in its place: fields are sorted by their tags.
    let at = u32::from_le_bytes(file[4..8].try_into().unwrap()) as usize;
    let count = usize::from(u16::from_le_bytes([file[at], file[at + 1]]));
    let mut fields: Vec<[u8; 12]> = file[at + 2..][..12 * count]
        .chunks_exact(12)
        .map(|field| field.try_into().unwrap())
        .collect();
    fields.push([0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]);
    fields.sort_by_key(|field| u16::from_le_bytes([field[0], field[1]]));
    let moved = file.len() as u32;
    file[4..8].copy_from_slice(&moved.to_le_bytes());
    file.extend((fields.len() as u16).to_le_bytes());
    file.extend(fields.concat());
    file.extend([0; 4]);
    file
}

#[test]
fn grey_alpha_and_16_bits_become_rgb() {
    let png = |pixels: &[u8], color| decoded(&file(ImageFormat::Png, pixels, color)).into_raw();
    let grey = png(&[0, 50, 100, 150, 200, 250], ExtendedColorType::L8);
    assert_eq!(grey[..9], [0, 0, 0, 50, 50, 50, 100, 100, 100]);

    // On white: 100 * 0.2 + 255 * 0.8 = 224.
    let grey_alpha = png(&[100, 51, 9, 255, 9, 0, 0, 0, 0, 0, 0, 0], ExtendedColorType::La8);
    assert_eq!(grey_alpha[..9], [224, 224, 224, 9, 9, 9, 255, 255, 255]);
    let mut rgba = [0; 24];
    rgba[..8].copy_from_slice(&[100, 0, 255, 51, 1, 2, 3, 255]);
    let expected = [224, 204, 255, 1, 2, 3, 255, 255, 255];
    assert_eq!(png(&rgba, ExtendedColorType::Rgba8)[..9], expected);
    let webp = decoded(&file(ImageFormat::WebP, &rgba, ExtendedColorType::Rgba8)).into_raw();
    assert_eq!(webp[..9], expected);

    let wide: Vec<u8> = FLAG.iter().flat_map(|&value| [value; 2]).collect();
    assert_eq!(png(&wide, ExtendedColorType::Rgb16), FLAG);
    let tiff = decoded(&file(ImageFormat::Tiff, &wide, ExtendedColorType::Rgb16)).into_raw();
    assert_eq!(tiff, FLAG);
}

#[test]
fn palettes_become_rgb() {
    let mut file = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut file, 4, 1);
    encoder.set_color(::png::ColorType::Indexed);
    encoder.set_depth(::png::BitDepth::Two);
    encoder.set_palette(&[9, 8, 7, 255, 0, 0, 0, 255, 0][..]);
    encoder.set_trns(&[255, 0, 51][..]);
    encoder.write_header().unwrap().write_image_data(&[0b00_01_10_00]).unwrap();
    // The second is transparent; of the third, a fifth covers white.
    assert_eq!(decoded(&file).into_raw(), [9, 8, 7, 255, 255, 255, 204, 255, 204, 9, 8, 7]);
}

#[test]
fn huge_claims_are_refused_before_memory_is_taken() {
    let bomb = png::raw_png(30_000, 30_000, 0, 0, &[]);
    assert_eq!(
        reason(&bomb),
        "it claims 30000x30000 pixels, more than 16384 per side or 134217728 in total"
    );
    assert_eq!(
        reason(&png::raw_png(16_385, 1, 0, 0, &[])).split(',').next(),
        Some("it claims 16385x1 pixels")
    );
    let limits = DecodeLimits::default();
    assert!(limits.check_size(12_000, 9_000, 3, &[]).is_ok());
    assert_eq!(
        limits.check_size(12_000, 9_000, 9, &[]).unwrap_err().to_string(),
        "it would take 972 MB of memory to decode its 12000x9000 pixels, more than 900 MB"
    );
    assert_eq!(limits.check_size(0, 5, 1, &[]).unwrap_err().to_string(), "it has no pixels");
}

#[test]
fn the_first_picture_of_a_gif_file_is_drawn_on_white() {
    let mut file = Vec::new();
    let mut encoder = ::gif::Encoder::new(&mut file, 3, 2, &[10, 11, 12, 20, 21, 22]).unwrap();
    // Two pixels of the lower row; the second is transparent.
    let mut frame = ::gif::Frame::from_indexed_pixels(2, 1, vec![1, 0], Some(0));
    (frame.left, frame.top) = (1, 1);
    encoder.write_frame(&frame).unwrap();
    encoder.write_frame(&::gif::Frame::from_indexed_pixels(3, 2, vec![0; 6], None)).unwrap();
    drop(encoder);
    let mut expected = [255; 18];
    expected[12..15].copy_from_slice(&[20, 21, 22]);
    assert_eq!(decoded(&file).into_raw(), expected);
    assert_eq!(reason(&file[..20]), "Unexpected End of File");
}

#[test]
fn a_gif_file_without_palette_is_grey() {
    // A screen of one pixel without palette, a picture of one pixel of index 1: clear, 1, end.
    let file = b"GIF89a\x01\0\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02L\x01\0;";
    assert_eq!(decoded(file).into_raw(), [1, 1, 1]);
}

#[test]
fn a_jpeg_file_that_is_cut_short_is_refused() {
    let whole = jpeg(64, 48);
    let scan = whole.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
    for cut in (scan + 20..whole.len() - 4).step_by(7) {
        assert_eq!(
            reason(&whole[..cut]),
            "it is truncated: the end of the picture is missing",
            "{cut} of {}",
            whole.len()
        );
    }
    assert_eq!(reason(&whole[..scan]), "it ends, or is corrupt, before the picture begins");
    // Whatever follows the end is not looked at.
    let longer = [&whole[..], b"rubbish"].concat();
    assert_eq!(decoded(&longer), decoded(&whole));
}

#[test]
fn a_jpeg_file_with_rubbish_in_its_header_is_read() {
    let whole = jpeg(64, 48);
    let table = whole.windows(2).position(|pair| pair == [0xff, 0xdb]).unwrap();
    let mut rubbish = whole.clone();
    rubbish.splice(table..table, [0; 9]);
    assert_eq!(decoded(&rubbish), decoded(&whole));
    // Adobe's segment has 14 bytes; this one has lost its last, the kind of colours.
    let mut short_adobe = whole.clone();
    short_adobe.splice(table..table, *b"\xff\xee\0\x0dAdobe\0\x64\0\0\0\0");
    assert_eq!(decoded(&short_adobe), decoded(&whole));
}

#[test]
fn narrower_limits_are_told_from_damage() {
    let png = crate::Image::filled(20, 10, &[1, 2, 3]).to_png();
    let limits = DecodeLimits { pixels: 199, ..DecodeLimits::default() };
    let expected = "it claims 20x10 pixels, more than 16384 per side or 199 in total";
    assert_eq!(decode(&png, &limits).unwrap_err(), Undecodable::TooLarge(expected.to_owned()));
    let limits = DecodeLimits { pixels: 200, ..DecodeLimits::default() };
    assert!(decode(&png, &limits).is_ok());
    assert!(matches!(decode(b"no", &limits).unwrap_err(), Undecodable::Damaged(_)));
}
