//! Augmentation: random changes of train images, so that a network sees each image differently in
//! each epoch.
//!
//! They work on images that have the network's size already, and keep it. To add one, write its
//! file beside this one (a config struct that implements [`Augment`]) and give it a line in
//! `augmentations!` below. What mixes the images of a batch (such as MixUp) is none of
//! these: it belongs where batches are made, with randomness of its own.

mod flip;
mod random_crop;

use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use flip::{HorizontalFlip, VerticalFlip};
pub use random_crop::{Fill, RandomCrop};

use crate::{DataError, Image};

/// A kind of random change. Drawing what to do is apart from doing it, so that the latter can be
/// tested with numbers.
pub trait Augment {
    /// What was drawn at random: all that decides what becomes of an image.
    type Draw;

    /// Refuses settings out of range.
    ///
    /// # Errors
    /// [`DataError::Setting`].
    fn check(&self) -> Result<(), DataError>;

    /// Draws what to do with an image.
    fn draw(&self, rng: &mut ChaCha8Rng) -> Self::Draw;

    /// Does it. No randomness here; the result has the size and channels of `image`.
    fn apply(&self, image: Image, draw: Self::Draw) -> Image;
}

/// Makes the registry: the config enum, its names, and the one place where a name becomes a change.
macro_rules! augmentations {
    ($($name:literal = $kind:ident: $about:literal),* $(,)?) => {
        /// One random change in a list of them: `{"horizontal-flip": {"probability": 0.5}}`.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        pub enum Augmentation {
            $(
                #[doc = $about]
                #[serde(rename = $name)]
                $kind($kind),
            )*
        }

        /// Name of each augmentation, and what it does in one sentence.
        pub const AUGMENTATIONS: &[(&str, &str)] = &[$(($name, $about)),*];

        impl Augmentation {
            /// Refuses settings out of range.
            ///
            /// # Errors
            /// [`DataError::Setting`].
            pub fn check(&self) -> Result<(), DataError> {
                match self {
                    $(Self::$kind(augment) => augment.check(),)*
                }
            }

            /// Draws what to do, and does it.
            fn apply(&self, image: Image, rng: &mut ChaCha8Rng) -> Image {
                match self {
                    $(Self::$kind(augment) => augment.apply(image, augment.draw(rng)),)*
                }
            }
        }
    };
}

augmentations! {
    "random-crop" = RandomCrop: "Pads the image and cuts a part of its own size out, so that it is shifted.",
    "horizontal-flip" = HorizontalFlip: "Mirrors the image left to right.",
    "vertical-flip" = VerticalFlip: "Mirrors the image upside down.",
}

/// The random changes of train images, in the order in which they are done.
pub type AugmentConfig = Vec<Augmentation>;

/// Does all changes of a list, one after the other. The same `rng` gives the same image.
pub fn augment(image: Image, changes: &[Augmentation], rng: &mut ChaCha8Rng) -> Image {
    changes.iter().fold(image, |image, change| change.apply(image, rng))
}

/// Refuses what is no probability.
fn check_probability(setting: &str, probability: f64) -> Result<(), DataError> {
    if (0.0..=1.0).contains(&probability) {
        return Ok(());
    }
    Err(DataError::setting(setting, "0 to 1", probability))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Stream, rng};

    #[test]
    fn config_reads_strictly() {
        let read = |json: &str| serde_json::from_str::<AugmentConfig>(json);
        let list =
            read(r#"[{"random-crop": {"fill": "reflect"}}, {"vertical-flip": {}}]"#).unwrap();
        assert_eq!(
            list,
            [
                Augmentation::RandomCrop(RandomCrop { padding: 4, fill: Fill::Reflect }),
                Augmentation::VerticalFlip(VerticalFlip { probability: 0.5 }),
            ]
        );
        assert!(
            read(r#"[{"random-crop": {"pad": 4}}]"#)
                .unwrap_err()
                .to_string()
                .starts_with("unknown field `pad`")
        );
        assert!(
            read(r#"[{"rotate": {}}]"#)
                .unwrap_err()
                .to_string()
                .starts_with("unknown variant `rotate`")
        );
    }

    #[test]
    fn settings_are_checked() {
        let message = |json: &str| {
            serde_json::from_str::<Augmentation>(json)
                .unwrap()
                .check()
                .map_err(|error| error.to_string())
        };
        assert_eq!(message(r#"{"horizontal-flip": {"probability": 1}}"#), Ok(()));
        assert_eq!(
            message(r#"{"horizontal-flip": {"probability": 1.5}}"#),
            Err("horizontal-flip.probability must be 0 to 1, but it is 1.5".to_owned())
        );
        assert_eq!(
            message(r#"{"vertical-flip": {"probability": -1}}"#),
            Err("vertical-flip.probability must be 0 to 1, but it is -1".to_owned())
        );
        assert_eq!(
            message(r#"{"random-crop": {"padding": 0}}"#),
            Err("random-crop.padding must be 1 to 4096 pixels, but it is 0".to_owned())
        );
    }

    #[test]
    fn changes_follow_each_other() {
        let always = |json: &str| serde_json::from_str::<AugmentConfig>(json).unwrap();
        let both = always(
            r#"[{"horizontal-flip": {"probability": 1}}, {"vertical-flip": {"probability": 1}}]"#,
        );
        let image = Image::new(2, 2, 1, vec![1, 2, 3, 4]);
        let turned = augment(image, &both, &mut rng(0, Stream::Augment, 0, 0));
        assert_eq!(turned.pixels(), [4, 3, 2, 1]);
    }

    #[test]
    fn flips_happen_as_often_as_asked_for() {
        let flip = HorizontalFlip { probability: 0.25 };
        let flips =
            (0..1000).filter(|&index| flip.draw(&mut rng(0, Stream::Augment, 0, index))).count();
        assert_eq!(flips, 252);
    }
}
