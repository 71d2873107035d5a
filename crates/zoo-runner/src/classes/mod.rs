//! Lists of classes: in what two of them differ, and classes by their names.

pub mod names;

use std::collections::HashSet;

use zoo_data::{same_name, spelled};

/// So many classes of a side are named.
const NAMED: usize = 5;

/// Whose classes they are, as in "the weights", and the classes.
pub type Side<'a> = (&'a str, &'a [String]);

/// In what the classes of two sides differ, in words: which are on one side alone or, if there are
/// none, that their order differs. `None`: in nothing.
pub fn difference(one: Side<'_>, other: Side<'_>) -> Option<String> {
    let is_same = |(a, b): (&String, &String)| same_name(a, b);
    if one.1.len() == other.1.len() && one.1.iter().zip(other.1).all(is_same) {
        return None;
    }
    let alone = [(one, other), (other, one)].map(|((name, mine), (_, others))| {
        let others: HashSet<String> = others.iter().map(|class| spelled(class)).collect();
        let is_alone = |class: &&String| !others.contains(&spelled(class));
        let alone: Vec<&str> = mine.iter().filter(is_alone).map(String::as_str).collect();
        (!alone.is_empty()).then(|| format!("{} only in {name}", listed(&alone)))
    });
    let alone: Vec<String> = alone.into_iter().flatten().collect();
    let all = |(name, classes): Side<'_>| {
        let classes: Vec<&str> = classes.iter().map(String::as_str).collect();
        format!("{} in {name}", listed(&classes))
    };
    Some(match alone.is_empty() {
        false => alone.join(", "),
        true => format!(
            "they are the same in another order, {} and {}; `split.classes` gives data the order that \
             it names",
            all(one),
            all(other)
        ),
    })
}

/// The first few, and how many more there are.
fn listed(names: &[&str]) -> String {
    let first = names.iter().take(NAMED).map(|name| format!("`{name}`"));
    let first = first.collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_named_and_order_is_told() {
        let told = |weights: &[&str], data: &[&str]| {
            let owned = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
            let (weights, data): (Vec<String>, Vec<String>) = (owned(weights), owned(data));
            difference(("the weights", &weights), ("the data", &data)).unwrap_or_default()
        };
        assert_eq!(told(&["ant", "caf\u{e9}"], &["ant", "cafe\u{301}"]), "");
        assert_eq!(
            told(&["ant", "bee", "wasp"], &["fly", "ant", "bee"]),
            "`wasp` only in the weights, `fly` only in the data"
        );
        assert_eq!(
            told(&["ant", "bee"], &["ant", "bee", "a", "b", "c", "d", "e", "f"]),
            "`a`, `b`, `c`, `d`, `e` and 1 more only in the data"
        );
        assert_eq!(
            told(&["10", "9"], &["9", "10"]),
            "they are the same in another order, `10`, `9` in the weights and `9`, `10` in the data; \
             `split.classes` gives data the order that it names"
        );
    }
}
