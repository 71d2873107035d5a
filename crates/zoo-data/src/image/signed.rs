//! PNG files that say what has written them.

use std::{fs::File, io::BufReader, path::Path};

use super::Image;

/// The keyword under which a PNG file names the program that has written it, and ours.
const SOFTWARE: (&str, &str) = ("Software", "Burn Zoo");

/// The content of a PNG file of `image`, signed.
pub(super) fn signed_png(image: &Image) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, image.width as u32, image.height as u32);
    encoder.set_color(if image.channels == 1 {
        png::ColorType::Grayscale
    } else {
        png::ColorType::Rgb
    });
    let (keyword, text) = SOFTWARE;
    encoder
        .add_text_chunk(keyword.to_owned(), text.to_owned())
        .and_then(|()| encoder.write_header()?.write_image_data(&image.pixels))
        .expect("an Image has all its pixels, and memory takes what is written");
    bytes
}

/// Whether [`Image::save_png`] has written the file at `path`.
pub fn is_saved_here(path: &Path) -> bool {
    let Ok(file) = File::open(path) else {
        return false;
    };
    let Ok(reader) = png::Decoder::new(BufReader::new(file)).read_info() else {
        return false;
    };
    let texts = &reader.info().uncompressed_latin1_text;
    texts.iter().any(|text| (&text.keyword[..], &text.text[..]) == SOFTWARE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_known_again() {
        let folder = tempfile::tempdir().unwrap();
        let [ours, other] = ["ours.png", "other.png"].map(|name| folder.path().join(name));
        let image = Image::new(2, 1, 1, vec![7, 200]);
        image.save_png(&ours).unwrap();
        std::fs::write(&other, image.to_png()).unwrap();
        assert_eq!(Image::open(&ours).unwrap(), Image::open(&other).unwrap());
        assert!(is_saved_here(&ours));
        assert!(!is_saved_here(&other));
        assert!(!is_saved_here(folder.path()));
    }
}
