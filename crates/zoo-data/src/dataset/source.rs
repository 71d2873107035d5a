//! Where a dataset's images come from.

use sha2::Sha256;

use crate::{DataError, Image};

/// Where images come from: memory, disk, or a drawing. Images are identified by an index from 0.
pub trait ImageSource: Send + Sync {
    /// The label of an image.
    ///
    /// # Panics
    /// If there is no such image.
    fn label(&self, index: usize) -> usize;

    /// Reads an image, as stored.
    ///
    /// # Errors
    /// If its file cannot be read or decoded; the error names it.
    ///
    /// # Panics
    /// If there is no such image.
    fn image(&self, index: usize) -> Result<Image, DataError>;

    /// Checks whether an image can be read, which is always the case if it is in memory or drawn.
    ///
    /// # Errors
    /// Those of [`image`](Self::image).
    ///
    /// # Panics
    /// If there is no such image.
    fn check(&self, _index: usize) -> Result<(), DataError> {
        Ok(())
    }

    /// What to call an image before people: its path, or something like `fashion-mnist test #17`.
    fn name(&self, index: usize) -> String;

    /// How much of each pixel of an image belongs to the object that its label names, from 0 to
    /// 255, row by row; `None` if unknown.
    ///
    /// # Panics
    /// If there is no such image.
    fn mask(&self, _index: usize) -> Option<Vec<u8>> {
        None
    }

    /// Feeds the hasher with what distinguishes this source from one with other images.
    fn stamp(&self, hasher: &mut Sha256);
}

/// An image with its label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The image, as stored.
    pub image: Image,
    /// What it shows: an index into the dataset's classes.
    pub label: usize,
    /// Index of the image in its [`ImageSource`].
    pub index: usize,
}
