//! Classes by their names, of which several may have the same: ImageNet has two cranes.

use std::collections::HashMap;

use zoo_training::words::hint;

/// The label of the class that is asked for: by its name, or by the label itself.
///
/// # Errors
///
/// If there is no such class, or several have the name.
pub fn find(asked: &str, classes: &[String]) -> Result<usize, String> {
    let named: Vec<usize> = (0..classes.len()).filter(|&label| classes[label] == asked).collect();
    match (named.as_slice(), asked.parse::<usize>()) {
        ([label], _) => Ok(*label),
        ([], Ok(label)) if label < classes.len() => Ok(label),
        ([], Ok(_)) => Err(format!(
            "the network knows no class of this name, and its labels are 0 to {}",
            classes.len() - 1
        )),
        ([], _) => {
            let hint = hint(asked, classes.iter().map(String::as_str));
            Err(format!("the network knows no such class{hint}"))
        }
        (several, _) => {
            let labels: Vec<String> = several.iter().map(usize::to_string).collect();
            Err(format!(
                "the network knows {} classes of this name: give the label, {}",
                several.len(),
                labels.join(" or ")
            ))
        }
    }
}

/// A class as people are told of it: its name, with the label where other classes have the same.
pub fn told(label: usize, classes: &[String]) -> String {
    let name = &classes[label];
    match is_shared(classes, name) {
        true => format!("{name} ({label})"),
        false => name.clone(),
    }
}

/// Whether several classes have this name.
pub fn is_shared(classes: &[String], name: &str) -> bool {
    classes.iter().filter(|class| *class == name).nth(1).is_some()
}

/// Every class as people are [told] of it.
pub fn all_told(classes: &[String]) -> Vec<String> {
    let mut counts = HashMap::new();
    classes.iter().for_each(|name| *counts.entry(name).or_insert(0) += 1);
    let told = |(label, name): (usize, &String)| match counts[name] {
        1 => name.clone(),
        _ => format!("{name} ({label})"),
    };
    classes.iter().enumerate().map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_class_is_found_by_its_name_or_label_and_never_guessed() {
        let classes = classes(&["crane", "heron", "crane", "7"]);
        assert_eq!(find("heron", &classes), Ok(1));
        assert_eq!(find("2", &classes), Ok(2));
        assert_eq!(find("7", &classes), Ok(3));
        let refused = |asked| find(asked, &classes).unwrap_err();
        assert_eq!(
            refused("crane"),
            "the network knows 2 classes of this name: give the label, 0 or 2"
        );
        assert_eq!(refused("hero"), "the network knows no such class, did you mean `heron`?");
        assert_eq!(
            refused("4"),
            "the network knows no class of this name, and its labels are 0 to 3"
        );
    }

    #[test]
    fn classes_of_one_name_are_told_apart() {
        let classes = classes(&["crane", "heron", "crane"]);
        assert_eq!(all_told(&classes), ["crane (0)", "heron", "crane (2)"]);
        assert_eq!((told(0, &classes), told(1, &classes)), ("crane (0)".into(), "heron".into()));
    }
}
