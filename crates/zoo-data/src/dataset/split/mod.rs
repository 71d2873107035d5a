//! A part of a dataset, and how a whole is divided into parts.

use std::{fmt, ops::Range, sync::Arc};

use super::{ImageSource, Sample, SplitConfig, classes::Relabelled};
use crate::{
    DataError, SplitError,
    rng::{Stream, permutation, rng},
};

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
/// [`SplitError::NoTrainImage`] and [`SplitError::EmptySplit`].
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
        return Err(SplitError::NoTrainImage { class: classes[label].clone(), images: 0 }.into());
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
            return Err(SplitError::EmptySplit { split, fraction, images }.into());
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
mod tests;
