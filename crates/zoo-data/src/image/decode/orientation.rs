//! Which way up a picture is, as its metadata say.

use image::metadata::Orientation;

/// The orientation in the EXIF data; where they have none, that in the XMP data. Damaged data are
/// common and no reason to lose the picture: they say nothing.
pub(super) fn stated(exif: Option<&[u8]>, xmp: Option<&[u8]>) -> Orientation {
    exif.and_then(in_exif).or_else(|| xmp.and_then(in_xmp)).unwrap_or(Orientation::NoTransforms)
}

fn in_exif(exif: &[u8]) -> Option<Orientation> {
    // Some writers of WebP and PNG keep the prefix that EXIF data have in JPEG files.
    Orientation::from_exif_chunk(exif.strip_prefix(b"Exif\0\0").unwrap_or(exif))
}

/// `tiff:Orientation="6"` as an attribute, or `<tiff:Orientation>6<` as an element.
fn in_xmp(xmp: &[u8]) -> Option<Orientation> {
    let xmp = String::from_utf8_lossy(xmp);
    let (_, rest) = xmp.split_once("tiff:Orientation")?;
    let value = rest.strip_prefix("=\"").or_else(|| rest.strip_prefix('>'))?;
    Orientation::from_exif(value.chars().next()?.to_digit(10)? as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xmp_speaks_where_exif_is_silent() {
        let xmp = |text: &'static str| stated(Some(b"II*\0damaged"), Some(text.as_bytes()));
        assert_eq!(xmp(r#"<rdf tiff:Orientation="6"/>"#), Orientation::Rotate90);
        assert_eq!(xmp("<tiff:Orientation>3</tiff:Orientation>"), Orientation::Rotate180);
        assert_eq!(xmp("<tiff:Orientation>9</tiff:Orientation>"), Orientation::NoTransforms);
        assert_eq!(xmp("tiff:Orientation"), Orientation::NoTransforms);
        assert_eq!(stated(None, None), Orientation::NoTransforms);
    }
}
