//! Paths as people write and read them.

use std::{
    ffi::OsString,
    path::{MAIN_SEPARATOR, Path, PathBuf},
};

/// Length of an escaped byte: `\xE9`.
const ESCAPED: usize = 4;

/// A path as text, for people and for JSON; no two paths have the same.
///
/// UTF-8 stays as it is. In a path that holds anything else, each byte of that is written `\xE9`, with
/// two upper-case hexadecimal digits, and each backslash `\x5C`; so it is in a path that by chance looks
/// as if that had been done.
pub fn shown(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes();
    let is_plain = |text: &&str| MAIN_SEPARATOR == '\\' || !has_escape(text);
    match std::str::from_utf8(bytes).ok().filter(is_plain) {
        Some(text) => text.to_owned(),
        None => bytes.utf8_chunks().fold(String::new(), |text, chunk| {
            let valid = match MAIN_SEPARATOR {
                '\\' => chunk.valid().to_owned(),
                _ => chunk.valid().replace('\\', r"\x5C"),
            };
            let invalid = chunk.invalid().iter().map(|byte| format!(r"\x{byte:02X}"));
            text + &valid + &invalid.collect::<String>()
        }),
    }
}

/// The same path, with the user's home folder for a `~` at its start.
pub fn home(path: &Path) -> PathBuf {
    let home = std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
    match (path.strip_prefix("~"), home) {
        // Joined with nothing, a path would end in a separator.
        (Ok(below), Some(home)) if below.as_os_str().is_empty() => home,
        (Ok(below), Some(home)) => home.join(below),
        _ => path.to_owned(),
    }
}

/// The file that a config or a table means, which cannot hold all paths there are: `~` at the start is
/// the [home] folder and, unless there is a file of that very name, what [`shown`] escapes are bytes.
pub fn meant(path: &Path) -> PathBuf {
    let path = home(path);
    match unescaped(&path) {
        Some(bytes) if path.symlink_metadata().is_err() => bytes,
        _ => path,
    }
}

/// What [`shown`] made this path of, if it escaped anything.
pub(crate) fn unescaped(path: &Path) -> Option<PathBuf> {
    let text = path.to_str().filter(|text| has_escape(text))?;
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let byte = escaped_byte(rest);
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &rest[ESCAPED..] } else { tail };
    }
    from_bytes(bytes).map(PathBuf::from)
}

fn has_escape(text: &str) -> bool {
    text.as_bytes().windows(ESCAPED).any(|bytes| escaped_byte(bytes).is_some())
}

/// The byte that stands escaped at the start.
fn escaped_byte(bytes: &[u8]) -> Option<u8> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    match bytes {
        [b'\\', b'x', high, low, ..] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    }
}

#[cfg(unix)]
fn from_bytes(bytes: Vec<u8>) -> Option<OsString> {
    Some(std::os::unix::ffi::OsStringExt::from_vec(bytes))
}

#[cfg(not(unix))]
fn from_bytes(bytes: Vec<u8>) -> Option<OsString> {
    String::from_utf8(bytes).ok().map(OsString::from)
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_escaped_and_come_back() {
        for (bytes, text) in [
            (&b"ant/1.png"[..], "ant/1.png"),
            ("Käfer/一 ü.png".as_bytes(), "Käfer/一 ü.png"),
            // A backslash is a letter like any other.
            (b"a\\b.png", "a\\b.png"),
            (b"a\\xfe.png", "a\\xfe.png"),
            (b"caf\xE9/\xE4\xF6.png", "caf\\xE9/\\xE4\\xF6.png"),
            (b"\xE9\\1.png", "\\xE9\\x5C1.png"),
            // What looks like an escape is escaped, so that the two can be told apart.
            (b"caf\\xE9", "caf\\x5CxE9"),
            // The start of a letter, cut off.
            (b"\xE4\xB8", "\\xE4\\xB8"),
        ] {
            let path = Path::new(OsStr::from_bytes(bytes));
            assert_eq!(shown(path), text);
            assert_eq!(meant(Path::new(text)), path);
        }
    }

    #[test]
    fn a_file_of_the_very_name_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("caf\\xE9");
        assert_ne!(meant(&path), path);
        std::fs::write(&path, "").unwrap();
        assert_eq!(meant(&path), path);
    }

    #[test]
    fn a_tilde_at_the_start_is_home() {
        let folder = std::env::home_dir().expect("tests run with a home folder");
        let at_home = |path: &str| home(Path::new(path));
        assert_eq!(at_home("~/photos/ant"), folder.join("photos/ant"));
        assert_eq!(at_home("~").as_os_str(), folder.as_os_str());
        for other in ["~ant/photos", "photos/~/ant", "./~", "~.png"] {
            assert_eq!(at_home(other), Path::new(other));
        }
    }
}
