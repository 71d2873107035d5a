//! What a user says about weights of another library.

use zoo_data::{Interpolation, Resize};

/// What a user says about a weights file; anything left open comes from the file, from the JSON
/// files beside it, or from the library's defaults.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// The network that it must be.
    pub model: Option<String>,
    /// The library that wrote it.
    pub layout: Option<String>,
    /// Attention heads.
    pub num_heads: Option<usize>,
    /// Mean of each channel, of pixel values from 0 to 1.
    pub mean: Option<Vec<f32>>,
    /// Standard deviation of each channel.
    pub std: Option<Vec<f32>>,
    /// Side of the square image that the network shall see, in pixels.
    pub image_size: Option<usize>,
    /// How images of another shape become square.
    pub resize: Option<Resize>,
    /// How much of the scaled image is seen, side by side.
    pub crop_ratio: Option<f64>,
    /// How to interpolate between pixels.
    pub interpolation: Option<Interpolation>,
    /// Class names in the order of the logits.
    pub classes: Option<Vec<String>>,
    /// Whether a new head will take the place of the file's, which then may have none, or one of
    /// another kind.
    pub new_head: bool,
    /// Whether positions stay as the file has them, for whoever brings them to another number of patches
    /// later: doing it twice would blur them.
    pub keep_positions: bool,
}
