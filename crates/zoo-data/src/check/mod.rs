//! Checks a dataset: what it contains, and what would make its figures misleading.

mod advice;
mod look;
mod twins;

use rayon::prelude::*;
use serde::Serialize;

use self::look::Look;
use crate::{Dataset, MeanStd, Split, SplitName, Unreadable};

/// From this ratio of the longer side to the shorter, an image is an odd one.
const ODD_RATIO: f64 = 3.0;

/// What is in a dataset. Made by [`Dataset::examine`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DataReport {
    /// Name in configs.
    pub dataset: &'static str,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// The splits that there are, with images that cannot be read among their images.
    pub splits: Vec<SplitCounts>,
    /// Train images of the largest class for one of the smallest.
    pub imbalance: f64,
    /// The images that cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// How large the images are. `None`: none can be read.
    pub sizes: Option<Sizes>,
    /// Mean and standard deviation of each channel over the train images as stored, scaled to 0 to 1.
    /// Every image counts the same.
    pub figures: Option<MeanStd>,
    /// Groups of images with the very same pixels.
    pub exact_duplicates: Vec<Twins>,
    /// Pairs of images that differ little: at most 4 bits of 64 in their difference hashes, and 4 of
    /// 255 in grey on average at 16x16 pixels.
    pub near_duplicates: Vec<Twins>,
    /// What to do about it, a sentence each.
    pub next_steps: Vec<String>,
}

/// How many images a split has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SplitCounts {
    /// Which.
    pub split: SplitName,
    /// All of them.
    pub images: usize,
    /// Those of each class.
    pub per_class: Vec<usize>,
}

/// How large images are, in pixels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sizes {
    /// The image of the fewest pixels.
    pub smallest: Size,
    /// The one in the middle, if all are sorted by their number of pixels.
    pub median: Size,
    /// The image of the most pixels.
    pub largest: Size,
    /// Those with one side three times as long as the other, or longer.
    pub odd_ratios: Vec<Size>,
}

/// How large an image is, in pixels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Size {
    /// What it is called.
    pub image: String,
    /// Number of columns.
    pub width: usize,
    /// Number of rows.
    pub height: usize,
}

/// Images that are the same, or nearly so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Twins {
    /// Two or more, those of the train split first.
    pub images: Vec<Place>,
    /// Bits in which their difference hashes differ.
    pub distance: u32,
}

/// Where an image is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// In which split.
    pub split: SplitName,
    /// Of which class.
    pub class: String,
    /// What it is called.
    pub image: String,
}

impl Twins {
    /// Whether a split knows images of another.
    pub fn is_leak(&self) -> bool {
        self.images.iter().any(|place| place.split != self.images[0].split)
    }

    /// Whether the same picture is said to show different things.
    pub fn is_contradiction(&self) -> bool {
        self.images.iter().any(|place| place.class != self.images[0].class)
    }
}

/// An image that has been looked at.
struct Seen<'a> {
    name: SplitName,
    split: &'a Split,
    position: usize,
    outcome: Result<Look, Unreadable>,
}

impl Dataset {
    /// Reads every image once, on all threads of rayon's pool, and reports what the dataset
    /// contains. `on_image` is called after each image.
    pub fn examine(&self, on_image: impl Fn() + Sync) -> DataReport {
        let seen: Vec<Seen> =
            self.splits().flat_map(|(name, split)| look_at(name, split, &on_image)).collect();
        let readable: Vec<(&Seen, &Look)> =
            seen.iter().filter_map(|seen| Some((seen, seen.outcome.as_ref().ok()?))).collect();
        let looks: Vec<&Look> = readable.iter().map(|(_, look)| *look).collect();
        let twins = |places: &[usize], distance| Twins {
            images: places.iter().map(|&place| readable[place].0.place(&self.classes)).collect(),
            distance,
        };
        let exact = twins::exact(&looks);
        let near = twins::near(&looks, &exact);
        let train = readable.iter().filter(|(seen, _)| seen.name == SplitName::Train);
        let mut report = DataReport {
            dataset: self.name,
            classes: self.classes.clone(),
            splits: self.splits().map(|(name, split)| self.counts(name, split)).collect(),
            imbalance: imbalance(&self.train.class_counts(self.classes.len())),
            unreadable: seen.iter().filter_map(|seen| seen.outcome.clone().err()).collect(),
            sizes: sizes(&readable),
            figures: figures(train.map(|(_, look)| *look)),
            exact_duplicates: exact.iter().map(|places| twins(places, 0)).collect(),
            near_duplicates: near.iter().map(|&(a, b, bits)| twins(&[a, b], bits)).collect(),
            next_steps: Vec::new(),
        };
        report.next_steps = advice::next_steps(&report, self.preprocess.image_size);
        report
    }

    fn splits(&self) -> impl Iterator<Item = (SplitName, &Split)> {
        SplitName::ALL.into_iter().filter_map(|name| Some((name, self.split(name)?)))
    }

    fn counts(&self, split: SplitName, images: &Split) -> SplitCounts {
        let per_class = images.class_counts(self.classes.len());
        SplitCounts { split, images: images.len(), per_class }
    }
}

impl Seen<'_> {
    fn name(&self) -> String {
        self.split.name(self.position)
    }

    fn place(&self, classes: &[String]) -> Place {
        Place {
            split: self.name,
            class: classes[self.split.label(self.position)].clone(),
            image: self.name(),
        }
    }
}

fn look_at<'a>(name: SplitName, split: &'a Split, on_image: &(impl Fn() + Sync)) -> Vec<Seen<'a>> {
    let look = |position: usize| {
        let image = split.source().image(split.index(position));
        let outcome = image
            .map(|image| Look::at(&image))
            .map_err(|error| Unreadable::new(split.name(position), error));
        on_image();
        Seen { name, split, position, outcome }
    };
    (0..split.len()).into_par_iter().map(look).collect()
}

/// Images of the largest class for one of the smallest.
fn imbalance(counts: &[usize]) -> f64 {
    let (smallest, largest) = (counts.iter().min(), counts.iter().max());
    match (smallest, largest) {
        (Some(&smallest), Some(&largest)) if smallest > 0 => largest as f64 / smallest as f64,
        _ => f64::INFINITY,
    }
}

fn sizes(readable: &[(&Seen, &Look)]) -> Option<Sizes> {
    let mut sorted: Vec<&(&Seen, &Look)> = readable.iter().collect();
    // A stable sort: of equal ones, the first in order of the splits.
    sorted.sort_by_key(|(_, look)| look.area());
    let size = |(seen, look): &(&Seen, &Look)| Size {
        image: seen.name(),
        width: look.width,
        height: look.height,
    };
    let is_odd = |look: &Look| {
        let (width, height) = (look.width as f64, look.height as f64);
        (width / height).max(height / width) >= ODD_RATIO
    };
    Some(Sizes {
        smallest: size(sorted.first()?),
        median: size(sorted[sorted.len() / 2]),
        largest: size(sorted.last()?),
        odd_ratios: readable.iter().filter(|(_, look)| is_odd(look)).map(size).collect(),
    })
}

/// Mean and deviation of each channel, every image counting the same.
fn figures<'a>(looks: impl Iterator<Item = &'a Look>) -> Option<MeanStd> {
    let mut sums: Vec<[f64; 2]> = Vec::new();
    let mut count = 0.0;
    for look in looks {
        sums.resize(look.moments.len(), [0.0; 2]);
        for (sum, moment) in sums.iter_mut().zip(&look.moments) {
            *sum = [sum[0] + moment[0], sum[1] + moment[1]];
        }
        count += 1.0;
    }
    let mean = |sum: &[f64; 2]| sum[0] / count;
    let std = |sum: &[f64; 2]| (sum[1] / count - mean(sum).powi(2)).max(0.0).sqrt();
    (count > 0.0).then(|| MeanStd {
        mean: sums.iter().map(|sum| mean(sum) as f32).collect(),
        std: sums.iter().map(|sum| std(sum) as f32).collect(),
    })
}

#[cfg(test)]
mod tests;
