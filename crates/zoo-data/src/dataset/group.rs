//! Dividing images that belong together, such as the photos of one dive: a group is in one split.

use std::{collections::BTreeMap, path::Path};

use regex_lite::Regex;

use super::{SplitConfig, split::Parts};
use crate::{
    DataError, SplitError,
    rng::{Stream, permutation, rng},
    shown,
};

/// The pattern that finds the group of an image in its path.
#[derive(Debug)]
pub(super) struct Pattern(Regex);

impl Pattern {
    /// Reads a regular expression with one capture group.
    ///
    /// # Errors
    /// [`DataError::Setting`].
    pub fn new(pattern: &str) -> Result<Self, DataError> {
        let refused = |found: String| {
            let expected = "a regular expression with one capture group, as in \"(dive[0-9]+)_\"";
            Err(DataError::setting("split.group", expected, found))
        };
        match Regex::new(pattern) {
            Err(error) => refused(format!("{pattern:?} ({error})")),
            // The whole match counts as a capture.
            Ok(regex) if regex.captures_len() != 2 => {
                refused(format!("{pattern:?}, which has {}", regex.captures_len() - 1))
            }
            Ok(regex) => Ok(Self(regex)),
        }
    }

    /// The group of an image: what the capture group matches in its path below the root, in which
    /// folders are parted by `/`.
    ///
    /// # Errors
    /// [`SplitError::NoGroup`].
    pub fn group_of(&self, path: &Path) -> Result<String, DataError> {
        let parts: Vec<String> = path.iter().map(|part| shown(Path::new(part))).collect();
        let text = parts.join("/");
        let capture = self.0.captures(&text).and_then(|captures| captures.get(1));
        match capture.map(|capture| capture.as_str().to_owned()) {
            Some(group) => Ok(group),
            None => Err(SplitError::NoGroup {
                image: path.to_owned(),
                pattern: self.0.as_str().to_owned(),
            }
            .into()),
        }
    }
}

/// A split while it is filled.
struct Part {
    indices: Vec<usize>,
    /// Images of each class that it has yet to get; below 0, those that it has too many of.
    wanted: Vec<f64>,
}

/// Divides images by their labels, keeping groups whole: each class as close to the requested
/// fractions as the groups allow. `groups` holds a name for each image.
///
/// Groups go, the largest first and equal ones in the order of the seed, to the split that is furthest
/// from having its share of the group's classes.
///
/// # Errors
/// [`SplitError::NoTrainImage`] and [`SplitError::FewGroups`].
pub(super) fn grouped(
    labels: &[usize],
    groups: &[String],
    classes: &[String],
    config: &SplitConfig,
) -> Result<Parts, DataError> {
    let mut images = vec![0.0; classes.len()];
    labels.iter().for_each(|&label| images[label] += 1.0);
    let part = |fraction: f64| Part {
        indices: Vec::new(),
        wanted: images.iter().map(|images| images * fraction).collect(),
    };
    let mut parts = [part(1.0 - config.valid - config.test), part(config.valid), part(config.test)];
    let members = members(groups, config.seed);
    for indices in &members {
        let mut counts = vec![0.0; classes.len()];
        indices.iter().for_each(|&index| counts[labels[index]] += 1.0);
        // A class weighs the same, whether it is large or small.
        let need = |part: &Part| -> f64 {
            let classes = counts.iter().zip(&part.wanted).zip(&images);
            classes
                .filter(|(_, images)| **images > 0.0)
                .map(|((count, wanted), images)| count * wanted / (images * images))
                .sum()
        };
        let [train, valid, test] = &mut parts;
        let mut neediest = train;
        for part in [valid, test] {
            if need(part) > need(neediest) {
                neediest = part;
            }
        }
        neediest.indices.extend(indices);
        neediest.wanted.iter_mut().zip(&counts).for_each(|(wanted, count)| *wanted -= count);
    }
    let [train, valid, test] = parts.map(|mut part| {
        part.indices.sort_unstable();
        part.indices
    });
    let parts = Parts { train, valid, test };
    check(&parts, labels, classes, members.len(), config)?;
    Ok(parts)
}

/// Indices of the images of each group: the largest group first, equal ones in the order of the seed.
fn members(groups: &[String], seed: u64) -> Vec<Vec<usize>> {
    let mut members: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, group) in groups.iter().enumerate() {
        members.entry(group).or_default().push(index);
    }
    let mut members: Vec<Option<Vec<usize>>> = members.into_values().map(Some).collect();
    let order = permutation(members.len(), rng(seed, Stream::Group, 0, 0));
    let mut shuffled: Vec<Vec<usize>> =
        order.into_iter().filter_map(|place| members[place].take()).collect();
    shuffled.sort_by_key(|indices| std::cmp::Reverse(indices.len()));
    shuffled
}

/// Refuses a class without train image, and a split without images.
fn check(
    parts: &Parts,
    labels: &[usize],
    classes: &[String],
    groups: usize,
    config: &SplitConfig,
) -> Result<(), DataError> {
    let count =
        |indices: &[usize], label| indices.iter().filter(|&&index| labels[index] == label).count();
    if let Some(label) = (0..classes.len()).find(|&label| count(&parts.train, label) == 0) {
        let images = labels.iter().filter(|&&other| other == label).count();
        return Err(SplitError::NoTrainImage { class: classes[label].clone(), images }.into());
    }
    for (split, indices, fraction) in
        [("valid", &parts.valid, config.valid), ("test", &parts.test, config.test)]
    {
        if indices.is_empty() && fraction > 0.0 {
            return Err(SplitError::FewGroups { split, fraction, groups }.into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes() -> Vec<String> {
        vec!["ant".to_string(), "bee".to_string()]
    }

    fn config(valid: f64, test: f64, seed: u64) -> SplitConfig {
        SplitConfig { valid, test, seed, ..SplitConfig::default() }
    }

    /// Twenty groups of four images, the first half of ants, the other of bees.
    fn twenty() -> (Vec<usize>, Vec<String>) {
        let labels = (0..80).map(|index| usize::from(index >= 40)).collect();
        (labels, (0..80).map(|index| format!("dive{}", index / 4)).collect())
    }

    #[test]
    fn a_group_is_in_one_split_and_classes_keep_their_proportions() {
        let (labels, groups) = twenty();
        let parts = grouped(&labels, &groups, &classes(), &config(0.2, 0.1, 0)).unwrap();
        let of_class = |indices: &[usize], label| {
            indices.iter().filter(|&&index| labels[index] == label).count()
        };
        for label in 0..2 {
            assert_eq!(
                [&parts.train, &parts.valid, &parts.test].map(|indices| of_class(indices, label)),
                [28, 8, 4]
            );
        }
        for indices in [&parts.train, &parts.valid, &parts.test] {
            assert!(indices.chunks(4).all(|group| group[0] % 4 == 0 && group[3] == group[0] + 3));
        }
    }

    #[test]
    fn another_seed_divides_otherwise() {
        let (labels, groups) = twenty();
        let parts = |seed| grouped(&labels, &groups, &classes(), &config(0.2, 0.1, seed)).unwrap();
        assert_eq!(parts(1), parts(1));
        assert_ne!(parts(1), parts(0));
    }

    #[test]
    fn mixed_groups_go_where_they_fit_best() {
        // Groups a to d: of 6 ants; 2 bees; 2 ants and 2 bees; 2 ants and 6 bees.
        let counts = [("a", 6, 0), ("b", 0, 2), ("c", 2, 2), ("d", 2, 6)];
        let (mut labels, mut groups) = (Vec::new(), Vec::new());
        for (group, ants, bees) in counts {
            labels.extend([vec![0; ants], vec![1; bees]].concat());
            groups.extend(vec![group.to_owned(); ants + bees]);
        }
        let parts = grouped(&labels, &groups, &classes(), &config(0.2, 0.0, 0)).unwrap();
        // Group c has a fifth of both classes.
        assert_eq!(parts.valid, [8, 9, 10, 11]);
    }

    #[test]
    fn too_few_groups_are_refused() {
        let (labels, groups) = twenty();
        let message = |groups: &[String], valid| {
            grouped(&labels, groups, &classes(), &config(valid, 0.0, 0)).unwrap_err().to_string()
        };
        assert_eq!(
            message(&vec!["a".to_string(); 80], 0.2),
            "the valid split would be empty: no group is small enough for the fraction 0.2 \
             (split.group makes 1); raise split.valid, or make the groups smaller"
        );
        assert_eq!(
            message(&groups, 0.01),
            "the valid split would be empty: no group is small enough for the fraction 0.01 \
             (split.group makes 20); raise split.valid, or make the groups smaller"
        );
    }

    #[test]
    fn a_pattern_tells_the_group_from_the_path() {
        let group = |pattern: &str, path: &str| {
            Pattern::new(pattern)
                .unwrap()
                .group_of(Path::new(path))
                .map_err(|error| error.to_string())
        };
        assert_eq!(group("(dive[0-9]+)_", "ant/dive07_0001.jpg"), Ok("dive07".to_string()));
        assert_eq!(group("/([^/]+)/[^/]+$", "ant/dive07/0001.jpg"), Ok("dive07".to_string()));
        assert_eq!(
            group("(dive[0-9]+)_", "ant/1.jpg"),
            Err("ant/1.jpg has no group: \"(dive[0-9]+)_\" of split.group does not match it; change the \
                 pattern, or rename the image"
                .to_owned())
        );
    }

    #[test]
    fn a_pattern_has_one_capture_group() {
        let message = |pattern| Pattern::new(pattern).unwrap_err().to_string();
        let expected = "`split.group`: expected a regular expression with one capture group, as in \"(dive[0-9]+)_\"";
        assert_eq!(message("dive"), format!("{expected}, found \"dive\", which has 0"));
        assert_eq!(message("(a)(b)"), format!("{expected}, found \"(a)(b)\", which has 2"));
        assert!(message("(a").starts_with(&format!("{expected}, found \"(a\" (")));
    }
}
