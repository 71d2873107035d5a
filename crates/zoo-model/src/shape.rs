//! The shape of data.

use zoo_data::Dataset;

/// What a data set asks of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataShape {
    /// Number of classes.
    pub num_classes: usize,
    /// Channels of an image, 1 or 3.
    pub channels: usize,
    /// Width and height of an image in pixels.
    pub image_size: usize,
}

impl DataShape {
    /// The keys in JSON under which the settings of every network have these.
    pub const KEYS: [&str; 3] = ["num_classes", "channels", "image_size"];

    /// The shape that `data` has once it is preprocessed.
    pub fn of(data: &Dataset) -> Self {
        Self {
            num_classes: data.classes.len(),
            channels: data.preprocess.channels(),
            image_size: data.preprocess.image_size,
        }
    }

    /// The values, in the order of [`KEYS`](Self::KEYS).
    pub(super) fn values(self) -> [usize; 3] {
        [self.num_classes, self.channels, self.image_size]
    }
}
