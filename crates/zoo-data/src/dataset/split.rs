//! A part of a dataset, and how a whole is divided into parts.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::{ImageSource, Sample, SplitConfig, classes::Relabelled};
use crate::DataError;
use crate::rng::{Stream, permutation, rng};

/// A list of images of one source. A *position* counts within the split, an *index* within the
/// source. Cheap to clone.
#[derive(Clone)]
pub struct Split {
    source: Arc<dyn ImageSource>,
    indices: Arc<[usize]>,
}

impl Split {
    /// The images of `source` with the given indices.
    pub fn new(source: Arc<dyn ImageSource>, indices: impl Into<Arc<[usize]>>) -> Self {
        Self { source, indices: indices.into() }
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }

    /// Where the images come from.
    pub fn source(&self) -> &dyn ImageSource {
        &*self.source
    }

    /// Index in the source of the image at a position.
    ///
    /// # Panics
    /// If `position` is not below [`len`](Self::len); so do the methods below.
    pub fn index(&self, position: usize) -> usize {
        self.indices[position]
    }

    /// Label of the image at a position.
    pub fn label(&self, position: usize) -> usize {
        self.source.label(self.indices[position])
    }

    /// What to call the image at a position: its path, or something like `fashion-mnist test #17`.
    pub fn name(&self, position: usize) -> String {
        self.source.name(self.indices[position])
    }

    /// Reads the image at a position.
    ///
    /// # Errors
    /// If its file cannot be read or decoded; the error names it.
    pub fn sample(&self, position: usize) -> Result<Sample, DataError> {
        let index = self.indices[position];
        Ok(Sample { image: self.source.image(index)?, label: self.source.label(index), index })
    }

    /// The images at the given positions as a split of their own.
    pub fn slice(&self, positions: Range<usize>) -> Self {
        Self::new(self.source.clone(), &self.indices[positions])
    }

    /// A split of this many of the images, chosen by `seed` and kept in order; all if there are no
    /// more.
    pub fn choose(&self, images: usize, seed: u64) -> Self {
        let mut positions = permutation(self.len(), rng(seed, Stream::Choose, 0, 0));
        positions.truncate(images);
        positions.sort_unstable();
        let indices = positions.into_iter().map(|position| self.index(position));
        Self::new(self.source.clone(), indices.collect::<Vec<_>>())
    }

    /// The images as a split of their own, without those at positions of which `left_out` is true.
    pub(super) fn without(&self, left_out: impl Fn(usize) -> bool) -> Self {
        let kept = (0..self.len()).filter(|&position| !left_out(position));
        Self::new(
            self.source.clone(),
            kept.map(|position| self.index(position)).collect::<Vec<_>>(),
        )
    }

    /// The images that `labels` has a label for, in the place of their own.
    pub(super) fn relabelled(&self, labels: &Arc<[Option<usize>]>) -> Self {
        let source = Relabelled::new(self.source.clone(), labels.clone());
        let indices = self.indices.iter().copied();
        let indices: Vec<usize> = indices.filter(|&index| source.find(index).is_some()).collect();
        Self::new(Arc::new(source), indices)
    }

    /// Number of images of each of `num_classes` classes.
    ///
    /// # Panics
    /// If a label is not below `num_classes`.
    pub fn class_counts(&self, num_classes: usize) -> Vec<usize> {
        let mut counts = vec![0; num_classes];
        for position in 0..self.len() {
            counts[self.label(position)] += 1;
        }
        counts
    }
}

impl fmt::Debug for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Split of {} images", self.len())
    }
}

/// Indices of the images of each split, ascending.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts {
    pub train: Vec<usize>,
    pub valid: Vec<usize>,
    pub test: Vec<usize>,
}

/// Divides images 0, 1, 2, .. by their labels: of each class the fractions asked for. What is left over
/// when they are rounded down goes to the classes that lost most by that, so that the splits as a whole
/// have the fractions too; every class keeps an image to train on.
///
/// # Errors
/// [`DataError::NoTrainImage`] and [`DataError::EmptySplit`].
pub(super) fn stratified(
    labels: impl Iterator<Item = usize>,
    classes: &[String],
    config: &SplitConfig,
) -> Result<Parts, DataError> {
    let mut of_class = vec![Vec::new(); classes.len()];
    let mut images = 0;
    for (index, label) in labels.enumerate() {
        of_class[label].push(index);
        images += 1;
    }
    let counts: Vec<usize> = of_class.iter().map(Vec::len).collect();
    if let Some(label) = counts.iter().position(|&count| count == 0) {
        return Err(DataError::NoTrainImage { class: classes[label].clone(), images: 0 });
    }
    let mut order = permutation(classes.len(), rng(config.seed, Stream::Split, 1, 0));
    let floor_of_test = Quotas::new(&counts, config.test).floors;
    let room = |label: usize, taken: usize| counts[label].saturating_sub(1 + taken);
    let room_for_valid = |label: usize| room(label, floor_of_test[label]);
    let for_valid = Quotas::new(&counts, config.valid).rounded(&order, room_for_valid);
    // From the other end: of equal classes, not the same ones give up an image to both splits.
    order.reverse();
    let room_for_test = |label: usize| room(label, for_valid[label]);
    let for_test = Quotas::new(&counts, config.test).rounded(&order, room_for_test);
    let (mut train, mut valid, mut test) = (Vec::new(), Vec::new(), Vec::new());
    for (label, indices) in of_class.iter().enumerate() {
        let order = permutation(indices.len(), rng(config.seed, Stream::Split, 0, label as u64));
        let mut shuffled = order.into_iter().map(|position| indices[position]);
        valid.extend(shuffled.by_ref().take(for_valid[label]));
        test.extend(shuffled.by_ref().take(for_test[label]));
        train.extend(shuffled);
    }
    for (split, indices, fraction) in
        [("valid", &valid, config.valid), ("test", &test, config.test)]
    {
        if indices.is_empty() && fraction > 0.0 {
            return Err(DataError::EmptySplit { split, fraction, images });
        }
    }
    for indices in [&mut train, &mut valid, &mut test] {
        indices.sort_unstable();
    }
    Ok(Parts { train, valid, test })
}

/// A product that should be whole may come out a little lower.
const SLACK: f64 = 1e-9;

/// The images of each class that are a split's share, as far as they are whole.
struct Quotas {
    floors: Vec<usize>,
    /// What is lost by rounding down.
    remainders: Vec<f64>,
    /// How many images the whole split has.
    total: usize,
}

impl Quotas {
    fn new(counts: &[usize], fraction: f64) -> Self {
        let quotas = counts.iter().map(|&count| count as f64 * fraction + SLACK);
        let images: usize = counts.iter().sum();
        Self {
            floors: quotas.clone().map(|quota| quota as usize).collect(),
            remainders: quotas.map(f64::fract).collect(),
            total: (images as f64 * fraction + SLACK).round() as usize,
        }
    }

    /// Whole images for each class: the largest remainders are rounded up, equal ones in the given
    /// order of classes, as far as there is room for one more.
    fn rounded(self, order: &[usize], room: impl Fn(usize) -> usize) -> Vec<usize> {
        let Self { floors: mut images, remainders, total } = self;
        let missing = total.saturating_sub(images.iter().sum());
        let may_have_more =
            |&label: &usize| remainders[label] > 2.0 * SLACK && images[label] < room(label);
        let mut labels: Vec<usize> = order.iter().copied().filter(may_have_more).collect();
        // A stable sort.
        labels.sort_by(|&a, &b| remainders[b].total_cmp(&remainders[a]));
        labels.into_iter().take(missing).for_each(|label| images[label] += 1);
        images
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes() -> Vec<String> {
        vec!["ant".to_owned(), "bee".to_owned()]
    }

    fn config(valid: f64, test: f64, seed: u64) -> SplitConfig {
        SplitConfig { valid, test, seed, ..SplitConfig::default() }
    }

    /// Ten ants, then five bees.
    fn labels() -> impl Iterator<Item = usize> {
        (0..15).map(|index| usize::from(index >= 10))
    }

    #[test]
    fn every_class_is_divided_in_the_same_proportions() {
        let parts = stratified(labels(), &classes(), &config(0.2, 0.4, 0)).unwrap();
        let expected = Parts {
            train: vec![3, 5, 6, 9, 13, 14],
            valid: vec![0, 7, 11],
            test: vec![1, 2, 4, 8, 10, 12],
        };
        assert_eq!(parts, expected);
    }

    #[test]
    fn another_seed_divides_otherwise() {
        let parts = |seed| stratified(labels(), &classes(), &config(0.2, 0.4, seed)).unwrap();
        assert_eq!(parts(1), parts(1));
        assert_ne!(parts(1), parts(0));
    }

    /// Images of the train, valid and test split, for so many of each class.
    fn counts(classes: &[usize], valid: f64, test: f64) -> [Vec<usize>; 3] {
        let labels = classes.iter().enumerate().flat_map(|(label, &count)| vec![label; count]);
        let labels: Vec<usize> = labels.collect();
        let names = vec![String::new(); classes.len()];
        let parts = stratified(labels.iter().copied(), &names, &config(valid, test, 0)).unwrap();
        [parts.train, parts.valid, parts.test].map(|indices| {
            let mut counts = vec![0; classes.len()];
            indices.iter().for_each(|&index| counts[labels[index]] += 1);
            counts
        })
    }

    #[test]
    fn largest_remainders_are_rounded_up() {
        // 12.3, 9.4 and 4.5 of 26.2 images, rounded one by one, are 26 too.
        assert_eq!(counts(&[123, 94, 45], 0.1, 0.0)[1], [12, 9, 5]);
        // 1.4, 1.3 and 1.2 of 3.9 images are not 3, 1.8, 1.7 and 1.6 of 5.1 not 6.
        assert_eq!(counts(&[14, 13, 12], 0.1, 0.0)[1], [2, 1, 1]);
        assert_eq!(counts(&[18, 17, 16], 0.1, 0.0)[1], [2, 2, 1]);
        // 20 classes of 1.5 images have 30.
        let [train, valid, test] = counts(&[5; 20], 0.3, 0.3);
        assert_eq!([&valid, &test].map(|counts| counts.iter().sum::<usize>()), [30, 30]);
        assert_eq!(train, [2; 20]);
        assert!(valid.iter().zip(&test).all(|(valid, test)| valid + test == 3));
        // 30 classes of 0.4 images have 12 of them, beside 30 of each large one.
        let sizes: Vec<usize> = [300, 300].into_iter().chain([4; 30]).collect();
        let [_, valid, _] = counts(&sizes, 0.1, 0.0);
        assert_eq!(valid[..2], [30, 30]);
        assert_eq!(valid[2..].iter().sum::<usize>(), 12);
        assert!(valid[2..].iter().all(|&count| count <= 1));
        // 29 is not quite 100 * 0.29.
        assert_eq!(counts(&[100; 3], 0.29, 0.0)[1], [29; 3]);
    }

    #[test]
    fn a_class_keeps_an_image_to_train_on() {
        assert_eq!(counts(&[4, 1], 0.5, 0.0), [vec![2, 1], vec![2, 0], vec![0, 0]]);
        let [train, valid, test] = counts(&[2; 4], 0.3, 0.3);
        assert_eq!(train, [1; 4]);
        assert!(valid.iter().zip(&test).all(|(valid, test)| valid + test == 1), "{valid:?}");
    }

    #[test]
    fn a_class_without_train_image_is_refused() {
        let no_bee = [0, 0, 0, 0].into_iter();
        let error = stratified(no_bee, &classes(), &config(0.5, 0.0, 0)).unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"class "bee" has 0 images, and none is left for training; lower split.valid and split.test, or add images"#
        );
    }

    #[test]
    fn an_empty_split_is_refused() {
        let error = stratified(labels(), &classes(), &config(0.2, 0.01, 0)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the test split would be empty: the fraction 0.01 of 15 images comes to none; raise split.test, or add images"
        );
    }
}
