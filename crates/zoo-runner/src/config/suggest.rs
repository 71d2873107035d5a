//! Serde's refusals in the words of this program.

use zoo_training::words::unknown;

/// Serde's message about an unknown key or name, plus the nearest known one.
///
/// Serde says ``unknown field `a`, expected one of `b`, `c` `` (or `variant`): the first quoted word
/// is what was found, the others are what it would have taken.
pub fn explain(message: &str) -> String {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match (kind(message), quoted.as_slice()) {
        (Some(kind), [found, known @ ..]) => unknown(kind, found, known.iter().copied()),
        _ => message.to_string(),
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
