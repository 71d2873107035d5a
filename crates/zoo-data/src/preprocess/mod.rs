//! The fixed change of an image before a network sees it: channels, size, normalisation.

mod geometry;
mod interpolation;
mod normalize;
mod resize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zoo_settings::settings;

pub use geometry::CropOffset;
pub use interpolation::Interpolation;
pub use normalize::{MeanStd, Normalize};
pub(crate) use resize::cut_and_scale;
pub use resize::{Area, Resize};

use crate::{DataError, Image, range::check_within};

/// The longest side of a network's image, in pixels.
const MAX_IMAGE_SIZE: usize = 4096;

settings! {
    /// How images are prepared for the network, as a user writes it.
    pub struct PreprocessConfig {
        /// Side of the square image that the network sees, in pixels, 1 to 4096. By default the
        /// dataset's native size, and 224 for folders of photos.
        pub image_size: Option<usize>,
        /// How images of another size or shape are resized to `image_size`.
        pub resize: Resize,
        /// How much of the scaled image is seen, side by side: 0.1 to 1. The image is scaled to
        /// `image_size / crop_ratio` pixels, its shorter side with `crop`, its longer one with
        /// `letterbox`, both with `squish`, and its middle is seen. timm's `crop_pct`.
        pub crop_ratio: f64 = 1.0,
        /// How to interpolate between pixels.
        pub interpolation: Interpolation,
        /// The mean and standard deviation for normalisation. By default the dataset's, and
        /// `imagenet` for folders of photos.
        pub normalize: Option<Normalize>,
    }
}

impl PreprocessConfig {
    /// Takes image size and normalisation from `weights` as far as this config leaves them open. Those
    /// of grey images do not serve for images in colour. True where the normalisation was taken.
    pub(crate) fn take_over(&mut self, weights: &Preprocess, channels: usize) -> bool {
        self.image_size.get_or_insert(weights.image_size);
        let is_taken = self.normalize.is_none() && weights.channels() >= channels;
        if is_taken {
            let figures = MeanStd { mean: weights.mean.clone(), std: weights.std.clone() };
            self.normalize = Some(Normalize::Custom(figures));
        }
        is_taken
    }
}

/// How images are made fit for one network: a [`PreprocessConfig`] with nothing left open. It
/// travels with the network's weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Preprocess {
    /// Side in pixels of the square image that the network sees, 1 to 4096.
    pub image_size: usize,
    /// How images of another size or shape are resized to `image_size`.
    pub resize: Resize,
    /// How much of the scaled image is seen, side by side: 0.1 to 1. The image is scaled to
    /// `image_size / crop_ratio` pixels, its shorter side with `crop`, its longer one with `letterbox`,
    /// both with `squish`, and its middle is seen.
    #[serde(default = "whole")]
    pub crop_ratio: f64,
    /// Which pixel the middle starts at where it falls between two.
    #[serde(default, skip_serializing_if = "CropOffset::is_even")]
    pub crop_offset: CropOffset,
    /// How to interpolate between pixels.
    #[serde(default)]
    pub interpolation: Interpolation,
    /// Mean of each channel, of pixel values scaled to 0 to 1. One number: the network sees grey.
    /// Three: RGB.
    pub mean: Vec<f32>,
    /// Standard deviation of each channel, above 0.
    pub std: Vec<f32>,
}

/// The ratio of weights that were saved without one.
fn whole() -> f64 {
    1.0
}

impl Preprocess {
    /// Square images of so many pixels a side, cropped where they are of another shape. `mean` and
    /// `std` have one figure for grey images, three for RGB, of pixel values scaled to 0 to 1.
    pub fn new(image_size: usize, mean: &[f32], std: &[f32]) -> Self {
        Self {
            image_size,
            resize: Resize::default(),
            crop_ratio: 1.0,
            crop_offset: CropOffset::default(),
            interpolation: Interpolation::default(),
            mean: mean.to_vec(),
            std: std.to_vec(),
        }
    }

    /// Refuses an image size or crop ratio out of range, and figures that are not 1 or 3 of each or not positive.
    ///
    /// # Errors
    /// [`DataError::Setting`].
    pub fn check(&self) -> Result<(), DataError> {
        if !(1..=MAX_IMAGE_SIZE).contains(&self.image_size) {
            return Err(DataError::setting(
                "preprocess.image_size",
                format!("1 to {MAX_IMAGE_SIZE} pixels"),
                self.image_size,
            ));
        }
        check_within("preprocess.crop_ratio", self.crop_ratio, 0.1..=1.0, "")?;
        let figures = MeanStd { mean: self.mean.clone(), std: self.std.clone() };
        figures.check("preprocess: mean and std")
    }

    /// Number of channels that the network sees: 1 for grey, 3 for RGB.
    pub fn channels(&self) -> usize {
        self.mean.len()
    }

    /// The colour that becomes 0 by normalisation, as near as bytes come.
    pub fn mean_colour(&self) -> Vec<u8> {
        self.mean.iter().map(|mean| (mean * 255.0).round_ties_even() as u8).collect()
    }

    /// Number of values of one image that the network sees.
    pub(crate) fn image_len(&self) -> usize {
        self.channels() * self.image_size * self.image_size
    }

    /// The image with the network's channels and size. One that has them already comes back
    /// untouched.
    pub fn apply(&self, image: Image) -> Image {
        self.square(image.with_channels(self.channels()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preprocess() -> Preprocess {
        Preprocess {
            image_size: 2,
            resize: Resize::Letterbox,
            crop_ratio: 1.0,
            crop_offset: CropOffset::Even,
            interpolation: Interpolation::Bilinear,
            mean: vec![0.5, 0.25, 0.0],
            std: vec![0.5, 0.25, 1.0],
        }
    }

    #[test]
    fn letterbox_bars_are_the_mean_colour() {
        let wide = Image::filled(2, 1, &[9, 9, 9]);
        let applied = preprocess().apply(wide);
        assert_eq!(applied.row(1), [128, 64, 0, 128, 64, 0]);
    }

    #[test]
    fn travels_as_json() {
        let json = serde_json::to_string(&preprocess()).unwrap();
        assert_eq!(
            json,
            r#"{"image_size":2,"resize":"letterbox","crop_ratio":1.0,"interpolation":"bilinear","mean":[0.5,0.25,0.0],"std":[0.5,0.25,1.0]}"#
        );
        assert_eq!(serde_json::from_str::<Preprocess>(&json).unwrap(), preprocess());
        let before_ratios = json.replace(r#""crop_ratio":1.0,"interpolation":"bilinear","#, "");
        assert_eq!(serde_json::from_str::<Preprocess>(&before_ratios).unwrap(), preprocess());
    }

    #[test]
    fn sizes_out_of_range_are_refused() {
        for image_size in [0, 4097] {
            let error = Preprocess { image_size, ..preprocess() }.check().unwrap_err();
            let expected =
                format!("`preprocess.image_size`: expected 1 to 4096 pixels, found {image_size}");
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn an_offset_that_differs_travels_too() {
        let down = Preprocess { crop_offset: CropOffset::Down, ..preprocess() };
        let json = serde_json::to_string(&down).unwrap();
        assert!(json.contains(r#""crop_offset":"down""#), "{json}");
        assert_eq!(serde_json::from_str::<Preprocess>(&json).unwrap(), down);
    }

    #[test]
    fn crop_ratios_are_checked() {
        let message = |crop_ratio| {
            Preprocess { crop_ratio, ..preprocess() }.check().map_err(|error| error.to_string())
        };
        assert_eq!(message(0.875), Ok(()));
        assert_eq!(
            message(1.5),
            Err("`preprocess.crop_ratio`: expected 0.1 to 1, found 1.5".to_string())
        );
    }
}
