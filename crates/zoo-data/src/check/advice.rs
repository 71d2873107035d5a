//! What to do about what was found.

use super::{DataReport, Twins};
use crate::{DATASETS, SplitName};

/// From this ratio of the largest class to the smallest, something should be done.
const IMBALANCE: f64 = 3.0;
/// Train images of a class that are few.
const FEW: usize = 100;

/// What to do next, what matters most first. `image_size` is the side of the network's images.
pub(super) fn next_steps(report: &DataReport, image_size: usize) -> Vec<String> {
    let twins = || report.exact_duplicates.iter().chain(&report.near_duplicates);
    let mut steps = Vec::new();
    if !report.unreadable.is_empty() {
        steps.push(String::from(
            "Replace or remove the images that cannot be read, or skip them with on_unreadable \"skip\".",
        ));
    }
    if twins().any(Twins::is_contradiction) {
        steps.push(String::from(
            "Look at the pictures that have two labels: at most one label is right.",
        ));
    }
    if twins().any(Twins::is_leak) {
        let or_group = match has_file_names(report) {
            true => ", or keep them together with split.group",
            false => "",
        };
        steps.push(format!(
            "Remove the duplicates across splits{or_group}: as it is, validation and test measure \
             memorised images.",
        ));
    }
    if report.imbalance >= IMBALANCE {
        steps.push(String::from(
            "Weight the classes with loss.cross-entropy.class_weights \"balanced\", or draw them \
             equally often with loader.sampler \"balanced\"; judge by the macro averages.",
        ));
    }
    if smallest_class(report) < FEW {
        steps.push(format!(
            "Use strong augmentation (zoo augment CONFIG), and start from pretrained weights if you \
             can: a class has fewer than {FEW} training images.",
        ));
    }
    if let Some(sizes) = &report.sizes {
        let side = sizes.median.width.min(sizes.median.height);
        if side * 2 <= image_size {
            steps.push(format!(
                "Lower preprocess.image_size from {image_size}: the images have about {side} \
                 pixels, and enlarging them costs time and adds nothing.",
            ));
        }
        if !sizes.odd_ratios.is_empty() {
            steps.push(String::from(
                "Keep preprocess.resize at \"letterbox\": a crop would cut much off images with \
                 unusual aspect ratios.",
            ));
        }
    }
    if steps.is_empty() {
        steps.push(String::from(
            "No problems found. Look at the augmented images (zoo augment CONFIG), then find a \
             learning rate (zoo lr-find CONFIG).",
        ));
    }
    steps
}

/// Whether the images are files, whose paths a pattern can group.
fn has_file_names(report: &DataReport) -> bool {
    DATASETS.iter().any(|info| info.name == report.dataset && info.classes.is_none())
}

/// Train images of the smallest class.
fn smallest_class(report: &DataReport) -> usize {
    let train = report.splits.iter().find(|counts| counts.split == SplitName::Train);
    train.and_then(|counts| counts.per_class.iter().min().copied()).unwrap_or(0)
}
