//! What is known of a dataset without opening it.

use super::RemoteFile;
use crate::preprocess::Normalize;

/// What is known of a dataset without opening it.
#[derive(Debug)]
pub struct Info {
    /// Name in configs.
    pub name: &'static str,
    /// What it shows, in one sentence.
    pub about: &'static str,
    /// Number of classes. `None`: as many as there are folders or labels.
    pub classes: Option<usize>,
    /// Number of channels as stored: 1 for grey, 3 for RGB.
    pub channels: usize,
    /// Default side of the images in pixels. It is the native size if all images have the same
    /// size.
    pub image_size: usize,
    /// Whether it comes with a test split of its own.
    pub own_test: bool,
    /// Where the files come from.
    pub source: &'static str,
    /// The files that can be fetched, all that the dataset needs.
    pub files: &'static [RemoteFile],
    /// How its images are normalised by default.
    pub normalize: Normalize,
}
