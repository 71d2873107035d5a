//! The means and standard deviations by which images are normalised.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::DataError;

/// How pixel values become network inputs: `(value / 255 - mean) / std`, with each channel's own
/// mean and standard deviation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Normalize {
    /// ImageNet's values, which torchvision and DeiT use. RGB.
    Imagenet,
    /// 0.5 and 0.5 for RGB, as Google's Vision Transformers were trained.
    Inception,
    /// CLIP's values. RGB.
    Clip,
    /// CIFAR-10's training images. RGB.
    Cifar10,
    /// CIFAR-100's training images. RGB.
    Cifar100,
    /// MNIST's training images. Grey.
    Mnist,
    /// Fashion-MNIST's training images. Grey.
    FashionMnist,
    /// 0.5 and 0.5 for grey and RGB alike: inputs from -1 to 1.
    Half,
    /// Your own values.
    Custom(MeanStd),
}

/// Means and standard deviations of pixel values scaled to 0 to 1: one of each for grey, three for
/// RGB.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeanStd {
    /// Mean of each channel.
    pub mean: Vec<f32>,
    /// Standard deviation of each channel, above 0.
    pub std: Vec<f32>,
}

impl Normalize {
    /// The figures for images stored with `channels` channels (1 or 3).
    ///
    /// RGB figures for grey images are allowed: the images are then fed as RGB, which pretrained
    /// networks need.
    ///
    /// # Errors
    /// Grey figures for RGB images (the colours would silently be lost), or `custom` figures that
    /// are not 1 or 3 numbers each.
    pub(crate) fn mean_std(&self, channels: usize) -> Result<MeanStd, DataError> {
        let figures = match self {
            Self::Imagenet => rgb([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
            Self::Inception => rgb([0.5; 3], [0.5; 3]),
            Self::Clip => {
                rgb([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.2613026, 0.2757771])
            }
            Self::Cifar10 => rgb([0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616]),
            Self::Cifar100 => rgb([0.5071, 0.4867, 0.4408], [0.2675, 0.2565, 0.2761]),
            Self::Mnist => equal(1, 0.1307, 0.3081),
            Self::FashionMnist => equal(1, 0.2860, 0.3530),
            Self::Half => equal(channels, 0.5, 0.5),
            Self::Custom(figures) => figures.clone(),
        };
        figures.check("preprocess.normalize")?;
        if figures.mean.len() < channels {
            return Err(DataError::setting(
                "preprocess.normalize",
                "figures for RGB images",
                "figures for grey images",
            ));
        }
        Ok(figures)
    }
}

impl MeanStd {
    /// Refuses other than 1 or 3 finite figures each, and a standard deviation of 0 or less.
    pub(crate) fn check(&self, setting: &str) -> Result<(), DataError> {
        let Self { mean, std } = self;
        if mean.len() != std.len() || !matches!(mean.len(), 1 | 3) {
            return Err(DataError::setting(
                setting,
                "1 or 3 means and as many standard deviations",
                format!("{} and {}", mean.len(), std.len()),
            ));
        }
        if !mean.iter().chain(std).all(|figure| figure.is_finite())
            || std.iter().any(|&std| std <= 0.0)
        {
            return Err(DataError::setting(
                setting,
                "finite numbers, each standard deviation above 0",
                format!("{mean:?} and {std:?}"),
            ));
        }
        Ok(())
    }
}

fn rgb(mean: [f32; 3], std: [f32; 3]) -> MeanStd {
    MeanStd { mean: mean.to_vec(), std: std.to_vec() }
}

fn equal(channels: usize, mean: f32, std: f32) -> MeanStd {
    MeanStd { mean: vec![mean; channels], std: vec![std; channels] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_say_how_many_channels_the_network_gets() {
        let channels = |normalize: Normalize, channels| {
            normalize.mean_std(channels).map(|figures| figures.mean.len())
        };
        assert_eq!(channels(Normalize::Mnist, 1).unwrap(), 1);
        assert_eq!(channels(Normalize::Imagenet, 1).unwrap(), 3);
        assert_eq!(channels(Normalize::Imagenet, 3).unwrap(), 3);
        assert_eq!(channels(Normalize::Half, 1).unwrap(), 1);
        assert_eq!(channels(Normalize::Half, 3).unwrap(), 3);
    }

    #[test]
    fn grey_figures_for_rgb_are_refused() {
        let error = Normalize::FashionMnist.mean_std(3).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`preprocess.normalize`: expected figures for RGB images, found figures for grey images"
        );
    }

    #[test]
    fn json_is_a_name_or_custom_figures() {
        let read = |json| serde_json::from_str::<Normalize>(json);
        assert_eq!(read(r#""fashion-mnist""#).unwrap(), Normalize::FashionMnist);
        let custom = read(r#"{"custom": {"mean": [0.5], "std": [0.25]}}"#).unwrap();
        assert_eq!(custom, Normalize::Custom(equal(1, 0.5, 0.25)));
        assert!(read(r#"{"custom": {"mean": [0.5], "std": [0.25], "var": [1]}}"#).is_err());
        assert!(read(r#""imagnet""#).is_err());
    }

    #[test]
    fn custom_figures_are_checked() {
        let check = |mean: &[f32], std: &[f32]| {
            let (mean, std) = (mean.to_vec(), std.to_vec());
            Normalize::Custom(MeanStd { mean, std }).mean_std(1)
        };
        assert!(check(&[0.1], &[0.2]).is_ok());
        for (mean, std) in [
            (&[][..], &[][..]),
            (&[0.1; 2], &[0.2; 2]),
            (&[0.1], &[0.2; 3]),
            (&[0.1], &[0.0]),
            (&[f32::NAN], &[1.0]),
        ] {
            assert!(matches!(check(mean, std), Err(DataError::Setting { .. })), "{mean:?} {std:?}");
        }
    }
}
