//! Augmentation: random changes of train images, so that a network sees each image differently in
//! each epoch.
//!
//! An augmentation only draws its parameters; [`operation`] applies them. To add one, write its
//! file beside this one (a config struct that implements [`Augment`]), or a line in `sometimes.rs`
//! if it has no setting but how often, and add a line to `augmentations!` below. Mixing the images
//! of a batch is separate: see [`MixConfig`](crate::MixConfig).

mod affine;
mod canvas;
mod color_jitter;
mod cutout;
mod gaussian_blur;
pub mod operation;
mod perspective;
mod policy;
mod posterize;
mod random_crop;
mod random_erasing;
mod random_resized_crop;
mod rotation;
mod settings;
mod sharpness;
mod solarize;
mod sometimes;

use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use affine::RandomAffine;
pub use canvas::{Background, Canvas};
pub use color_jitter::ColorJitter;
pub use cutout::Cutout;
pub use gaussian_blur::RandomGaussianBlur;
pub use operation::Operation;
pub use perspective::RandomPerspective;
pub use policy::{AutoAugment, AutoAugmentPolicy, RandAugment, TrivialAugmentWide};
pub use posterize::RandomPosterize;
pub use random_crop::RandomCrop;
pub use random_erasing::{ErasingFill, RandomErasing};
pub use random_resized_crop::RandomResizedCrop;
pub use rotation::RandomRotation;
pub(crate) use settings::check_probability;
pub use sharpness::RandomSharpness;
pub use solarize::RandomSolarize;
pub use sometimes::{
    RandomAutoContrast, RandomEqualize, RandomGrayscale, RandomHorizontalFlip, RandomInvert,
    RandomVerticalFlip,
};

use crate::{DataError, Image, preprocess::Preprocess};

/// A kind of random change. It draws what to do, and leaves it to an [`Operation`] to do it, so that
/// either can be tested by itself.
pub trait Augment {
    /// Refuses settings out of range, for a network that sees images of `image_size` pixels a side.
    ///
    /// # Errors
    /// [`DataError::Setting`].
    fn check(&self, image_size: usize) -> Result<(), DataError>;

    /// Draws what to do with an image: some operations, in their order, or none.
    fn draw(&self, canvas: &Canvas, rng: &mut ChaCha8Rng) -> Draw;

    /// Whether it brings images of any size to the network's. Such a one takes the place of the
    /// preprocessing's `resize`, and must be the first.
    fn resizes(&self) -> bool {
        false
    }
}

/// What was drawn at random: all that is done to an image.
pub type Draw = Vec<Box<dyn Operation>>;

/// Builds the registry: the config enum, its names, and the only place where a name becomes a
/// change.
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
            /// The name in configs.
            fn name(&self) -> &'static str {
                match self {
                    $(Self::$kind(_) => $name,)*
                }
            }

            fn as_augment(&self) -> &dyn Augment {
                match self {
                    $(Self::$kind(augment) => augment,)*
                }
            }
        }
    };
}

augmentations! {
    "random-resized-crop" = RandomResizedCrop: "Cuts out a region of random size and shape and \
                                                scales it to the network's size.",
    "random-crop" = RandomCrop: "Pads the image and crops it to its own size, which shifts it.",
    "horizontal-flip" = RandomHorizontalFlip: "Mirrors the image left to right.",
    "vertical-flip" = RandomVerticalFlip: "Mirrors the image top to bottom.",
    "rotation" = RandomRotation: "Rotates the image about its centre.",
    "affine" = RandomAffine: "Rotates, translates, scales and shears the image.",
    "perspective" = RandomPerspective: "Shows the image like a picture on a wall seen from the side.",
    "color-jitter" = ColorJitter: "Changes brightness, contrast, saturation and hue, in random order.",
    "grayscale" = RandomGrayscale: "Removes the colour.",
    "gaussian-blur" = RandomGaussianBlur: "Blurs the image.",
    "sharpness" = RandomSharpness: "Sharpens or softens the image.",
    "posterize" = RandomPosterize: "Keeps the highest bits of every value.",
    "solarize" = RandomSolarize: "Inverts bright values.",
    "invert" = RandomInvert: "Inverts all values.",
    "equalize" = RandomEqualize: "Makes all values equally frequent.",
    "auto-contrast" = RandomAutoContrast: "Stretches the values to the full range from black to white.",
    "random-erasing" = RandomErasing: "Covers a rectangle of random size and shape.",
    "cutout" = Cutout: "Covers squares of one size.",
    "auto-augment" = AutoAugment: "Applies a pair of operations from a learned policy.",
    "rand-augment" = RandAugment: "Applies several random operations, all at the same magnitude.",
    "trivial-augment-wide" = TrivialAugmentWide: "Applies one random operation at a random magnitude.",
}

/// The random changes of train images, in the order in which they are done.
pub type AugmentConfig = Vec<Augmentation>;

/// Refuses settings out of range, and orders that make no sense, for a network that sees images of
/// `image_size` pixels a side.
///
/// # Errors
/// [`DataError::Setting`].
pub fn check(changes: &[Augmentation], image_size: usize) -> Result<(), DataError> {
    for (place, change) in changes.iter().enumerate() {
        change.as_augment().check(image_size)?;
        if place > 0 && change.as_augment().resizes() {
            return Err(DataError::setting(
                change.name(),
                "to be the first augmentation",
                format!("number {} of {}", place + 1, changes.len()),
            ));
        }
    }
    Ok(())
}

/// What a network sees of a train image: brought to the network's channels and size, then changed
/// at random. The same `rng` gives the same image.
///
/// # Panics
/// If `changes` do not pass [`check`].
pub fn augment(
    image: Image,
    preprocess: &Preprocess,
    changes: &[Augmentation],
    rng: &mut ChaCha8Rng,
) -> Image {
    walk(image, preprocess, changes, rng, |_| ())
}

/// As [`augment`], and the [captions](Operation::caption) of all that was done.
pub(crate) fn augment_with_captions(
    image: Image,
    preprocess: &Preprocess,
    changes: &[Augmentation],
    rng: &mut ChaCha8Rng,
) -> (Image, Vec<String>) {
    let mut captions = Vec::new();
    let image = walk(image, preprocess, changes, rng, |done| captions.push(done.caption()));
    (image, captions)
}

/// Draws and applies all changes, one after the other, and calls `done` for each operation.
fn walk(
    image: Image,
    preprocess: &Preprocess,
    changes: &[Augmentation],
    rng: &mut ChaCha8Rng,
    mut done: impl FnMut(&dyn Operation),
) -> Image {
    let resizes = changes.first().is_some_and(|first| first.as_augment().resizes());
    let mut image = match resizes {
        true => image.with_channels(preprocess.channels()),
        false => preprocess.apply(image),
    };
    for change in changes {
        let canvas = Canvas { width: image.width(), height: image.height(), preprocess };
        for operation in change.as_augment().draw(&canvas, rng) {
            image = operation.apply(image);
            done(&*operation);
        }
    }
    image
}

#[cfg(test)]
mod tests;
