//! The words in which unknown names and wrong settings are refused: one grammar for all of them.

/// The candidate that a user most likely meant by `word`, if any is near enough.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(similarity, _)| *similarity > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// What follows an unknown word: `` , did you mean `vit`? `` or, where nothing is near, a full stop.
pub fn hint<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    match nearest(word, candidates) {
        Some(right) => format!(", did you mean `{right}`?"),
        None => String::from("."),
    }
}

/// Refuses `word` as an unknown `kind` of thing: with the nearest right word and all known ones.
pub fn unknown<'a>(
    kind: &str,
    word: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> String {
    let hint = hint(word, known.clone());
    let known: Vec<&str> = known.into_iter().collect();
    match known.is_empty() {
        true => format!("unknown {kind} `{word}`{hint} None is known here."),
        false => format!("unknown {kind} `{word}`{hint} Known: {}.", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_word_is_refused_with_the_nearest_and_all_known_ones() {
        assert_eq!(
            unknown("backend", "flexx", ["flex", "wgpu"]),
            "unknown backend `flexx`, did you mean `flex`? Known: flex, wgpu."
        );
        assert_eq!(unknown("name", "xyz", ["cnn"]), "unknown name `xyz`. Known: cnn.");
        assert_eq!(unknown("key", "xyz", []), "unknown key `xyz`. None is known here.");
    }
}
