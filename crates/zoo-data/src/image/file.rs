//! Which files are images.

use std::{fs::File, io::Read, path::Path};

/// What the names of image files end in. Those of formats that are not read are among them: whoever
/// has such files should hear of it.
const ENDINGS: [&str; 20] = [
    "avif", "bmp", "dib", "gif", "heic", "heif", "ico", "jfif", "jp2", "jpe", "jpeg", "jpg", "jxl",
    "pgm", "png", "ppm", "qoi", "tif", "tiff", "webp",
];
/// Files that systems leave behind in folders of photos.
const LEFTOVERS: [&str; 3] = ["Thumbs.db", "desktop.ini", "ehthumbs.db"];
/// Bytes from which a format is recognised.
const SIGNATURE: usize = 32;

/// Whether a file in a folder counts as an image: by its name or, failing that, by its first bytes.
/// Hidden files and system files do not count. Whether it can be decoded is a separate question. Only regular files are opened for that.
pub fn is_image_file(path: &Path) -> bool {
    !is_left_behind(path) && (has_image_ending(path) || begins_like_an_image(path))
}

/// Whether a file is hidden, or a leftover of a system.
pub(crate) fn is_left_behind(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.as_encoded_bytes().starts_with(b".") || LEFTOVERS.iter().any(|&leftover| name == leftover)
}

/// Whether a name ends as those of images do.
pub(super) fn has_image_ending(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default();
    ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known))
}

fn begins_like_an_image(path: &Path) -> bool {
    // A pipe would have the program wait for whoever writes into it.
    if !path.is_file() {
        return false;
    }
    let mut signature = Vec::with_capacity(SIGNATURE);
    let file = File::open(path).map(|file| file.take(SIGNATURE as u64));
    match file.and_then(|mut file| file.read_to_end(&mut signature)) {
        Ok(_) => image::guess_format(&signature).is_ok(),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_or_content_make_an_image() {
        let folder = tempfile::tempdir().unwrap();
        let is_image = |name: &str, content: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            is_image_file(&path)
        };
        let gif = b"GIF89a\x01\x00\x01\x00";
        assert!(is_image("a.JPG", b"text"));
        assert!(is_image("a.heic", b""));
        assert!(is_image("without ending", gif));
        assert!(is_image("picture.dat", gif));
        for (name, content) in [
            ("notes.txt", &b"text"[..]),
            ("empty", b""),
            (".hidden.jpg", gif),
            ("._a.jpg", gif),
            ("Thumbs.db", gif),
            ("desktop.ini", gif),
        ] {
            assert!(!is_image(name, content), "{name}");
        }
        assert!(!is_image_file(&folder.path().join("missing")));
    }
}
