//! PNG files: interlaced, cut short, turned by a text, hostile.

use super::*;

#[test]
fn interlaced_png_comes_together() {
    // Two pixels: the first pass has the first, the sixth the second.
    let rows = [0, 1, 2, 3, 0, 4, 5, 6];
    let file = raw_png(2, 1, 2, 1, &rows);
    assert_eq!(decoded(&file).into_raw(), [1, 2, 3, 4, 5, 6]);
}

/// A PNG file of given rows, each of which begins with its filter; colour 2 is RGB.
pub(super) fn raw_png(width: u32, height: u32, color: u8, interlace: u8, rows: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(rows).unwrap();
    let header =
        [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, color, 0, 0, interlace]].concat();
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, content) in
        [(b"IHDR", header), (b"IDAT", packed.finish().unwrap()), (b"IEND", Vec::new())]
    {
        file.extend(chunk(kind, &content));
    }
    file
}

fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut checksum = flate2::Crc::new();
    checksum.update(kind);
    checksum.update(content);
    let length = (content.len() as u32).to_be_bytes();
    [&length[..], kind, content, &checksum.sum().to_be_bytes()].concat()
}

#[test]
fn a_png_file_is_read_if_all_rows_are_there() {
    let rows = [0, 1, 2, 3, 4, 5, 6];
    let whole = raw_png(2, 1, 2, 0, &rows);
    let expected = decoded(&whole).into_raw();
    assert_eq!(expected, rows[1..]);

    let without_end = &whole[..whole.len() - 6];
    assert_eq!(decoded(without_end).into_raw(), expected);
    // The checksum of the image data stands before the last chunk's 12 bytes.
    let mut wrong_checksum = whole.clone();
    wrong_checksum[whole.len() - 13] ^= 1;
    assert_eq!(decoded(&wrong_checksum).into_raw(), expected);

    let cut = &whole[..whole.len() - 24];
    assert_eq!(reason(cut), "it is truncated: the end of the picture is missing");
    let mut wrong_header = whole.clone();
    wrong_header[29] ^= 1;
    assert_eq!(reason(&wrong_header), "the checksum of its header does not match");
    assert_eq!(reason(&whole[..8]), "its first chunk is not a header");
}

#[test]
fn orientation_in_texts_of_png_is_heard() {
    let whole = raw_png(2, 1, 2, 0, &[0, 1, 2, 3, 4, 5, 6]);
    let turned = |at: usize, kind, content: &[u8]| {
        let mut file = whole.clone();
        file.splice(at..at, chunk(kind, content));
        decoded(&file).into_raw() == [4, 5, 6, 1, 2, 3]
    };
    let hexadecimal: String = exif(3).iter().map(|byte| format!("{byte:02x}")).collect();
    let raw = format!("Raw profile type exif\0\nexif\n      30\n{hexadecimal}\n");
    assert!(turned(33, b"tEXt", raw.as_bytes()));
    let xmp = b"XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation=\"3\"/>";
    assert!(turned(33, b"iTXt", xmp));
    // The last chunk has 12 bytes.
    assert!(turned(whole.len() - 12, b"eXIf", &exif(3)));
    assert!(!turned(33, b"tEXt", b"Raw profile type exif\0damaged"));
}

#[test]
fn hostile_chunks_of_png_are_refused() {
    use std::io::Write;
    let whole = raw_png(1, 1, 2, 0, &[0, 1, 2, 3]);
    let with = |kind, content: &[u8]| {
        let mut file = whole.clone();
        file.splice(33..33, chunk(kind, content));
        file
    };
    let mut bomb =
        flate2::write::ZlibEncoder::new(b"Comment\0\0".to_vec(), flate2::Compression::best());
    bomb.write_all(&vec![b' '; 2 << 20]).unwrap();
    assert_eq!(
        reason(&with(b"zTXt", &bomb.finish().unwrap())),
        "it contains a text that unpacks to more than 1048576 bytes"
    );
    assert_eq!(
        reason(&with(b"iCCP", b"name\0\x07profile")),
        "its colour profile is compressed by an unknown method"
    );
    // Damage in what is not looked at is no reason to lose the picture.
    assert_eq!(decoded(&with(b"zTXt", b"Comment\0\0damaged")).into_raw(), [1, 2, 3]);
}
