//! The nearest right word to a wrong one.

/// The candidate that a user most likely meant by `word`, if any is near enough.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(similarity, _)| *similarity > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// Serde's words for an unknown key or name, with the nearest right one added.
///
/// Serde says ``unknown field `a`, expected one of `b`, `c` `` (or `variant`): the first quoted word
/// is what was found, the others are what it would have taken.
pub fn explain(message: &str) -> String {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let (Some(kind), [found, expected @ ..]) = (kind(message), quoted.as_slice()) else {
        return message.to_string();
    };
    let hint = match nearest(found, expected.iter().copied()) {
        Some(right) => format!(", did you mean `{right}`?"),
        None => String::from("."),
    };
    match expected {
        [] => format!("unknown {kind} `{found}`{hint} None is known here."),
        _ => format!("unknown {kind} `{found}`{hint} Known: {}.", expected.join(", ")),
    }
}

fn kind(message: &str) -> Option<&'static str> {
    if message.starts_with("unknown field") {
        Some("key")
    } else if message.starts_with("unknown variant") {
        Some("name")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_key_is_suggested() {
        assert_eq!(
            explain("unknown field `optimiser`, expected one of `data`, `optimizer`, `model`"),
            "unknown key `optimiser`, did you mean `optimizer`? Known: data, optimizer, model."
        );
        assert_eq!(
            explain("unknown variant `xyz`, expected `cnn` or `vit`"),
            "unknown name `xyz`. Known: cnn, vit."
        );
    }

    #[test]
    fn other_messages_pass_untouched() {
        assert_eq!(explain("invalid type: string `a`"), "invalid type: string `a`");
    }
}
