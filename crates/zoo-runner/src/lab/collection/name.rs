//! Names that become folders.

use zoo_data::spelled;

/// The longest name, in characters.
const LONGEST: usize = 60;
/// What no system's file names may have, or shells would take for something else.
const UNFIT: [char; 12] = ['/', '\\', ':', '*', '?', '"', '<', '>', '|', '$', '`', '\''];

/// A name as it is used for a folder: without blanks around it, in one spelling.
///
/// # Errors
///
/// What is wrong with it; `what` says whose name it is.
pub fn checked(what: &str, name: &str) -> Result<String, String> {
    let name = spelled(name.trim());
    if name.is_empty() {
        return Err(format!("{what} wants a name"));
    }
    if name.chars().count() > LONGEST {
        return Err(format!("{what}: expected a name of at most {LONGEST} characters"));
    }
    if let Some(unfit) = name.chars().find(|c| UNFIT.contains(c) || c.is_control()) {
        return Err(format!("{what} {name:?}: a name that becomes a folder cannot have {unfit:?}"));
    }
    if name.starts_with(['.', '-', '~']) || name.ends_with('.') {
        return Err(format!(
            "{what} {name:?}: a name that becomes a folder cannot begin with a dot, `-` or `~`, or end \
             with a dot"
        ));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_cannot_be_folders_are_refused() {
        let check = |name: &str| checked("the class", name);
        assert_eq!(check("  honey bee "), Ok(String::from("honey bee")));
        assert_eq!(check("cafe\u{301}"), Ok(String::from("caf\u{e9}")));
        assert_eq!(check(" "), Err(String::from("the class wants a name")));
        assert_eq!(
            check("../a"),
            Err(String::from(r#"the class "../a": a name that becomes a folder cannot have '/'"#))
        );
        for wrong in ["..", ".a", "-a", "a.", "a\\b", "a\nb", "c:", &"x".repeat(61)] {
            assert!(check(wrong).is_err(), "{wrong:?}");
        }
    }
}
