//! Text files that people have written.

use std::fmt;

/// Where a text is no UTF-8.
#[derive(Debug, PartialEq, Eq)]
pub struct NotUtf8 {
    /// The line, from 1.
    pub line: usize,
    /// What is there.
    found: String,
    /// The encoding that it most likely has.
    encoding: &'static str,
}

impl fmt::Display for NotUtf8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, not UTF-8; save it as UTF-8, or convert it, as `iconv -f {} -t UTF-8` does",
            self.found, self.encoding
        )
    }
}

/// The text of a file, without a byte-order mark.
///
/// # Errors
/// [`NotUtf8`], with the first line that is not.
pub fn utf8(bytes: Vec<u8>) -> Result<String, NotUtf8> {
    // UTF-16, with its mark or with the zeros that every plain letter has in it.
    let is_wide = bytes.starts_with(&[0xff, 0xfe])
        || bytes.starts_with(&[0xfe, 0xff])
        || bytes.iter().take(2).any(|&byte| byte == 0);
    if is_wide {
        return Err(NotUtf8 { line: 1, found: String::from("it is UTF-16"), encoding: "UTF-16" });
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let start = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..start].iter().filter(|&&byte| byte == b'\n').count() + 1;
        let found = format!("it has the byte 0x{:02X}", error.as_bytes()[start]);
        NotUtf8 { line, found, encoding: "WINDOWS-1252" }
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_nothing_and_other_encodings_are_told_by_line() {
        assert_eq!(utf8(b"\xef\xbb\xbfant\n".to_vec()), Ok("ant\n".to_string()));
        assert_eq!(utf8(Vec::new()), Ok(String::new()));
        let refused = |bytes: &[u8]| {
            let error = utf8(bytes.to_vec()).unwrap_err();
            (error.line, error.found)
        };
        assert_eq!(refused(b"image\nk\xe4fer\n"), (2, "it has the byte 0xE4".to_string()));
        let wide: Vec<u8> = "\u{feff}a".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(refused(&wide), (1, "it is UTF-16".to_string()));
        assert_eq!(refused(&wide[2..]), (1, "it is UTF-16".to_string()));
    }
}
