//! What a draw depends on besides chance.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::operation::{Interpolation, Sampling};
use crate::preprocess::Preprocess;

/// The image that something is drawn for, as far as draws depend on it.
#[derive(Clone, Copy, Debug)]
pub struct Canvas<'a> {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// What the network is to see.
    pub preprocess: &'a Preprocess,
}

/// The colour outside the image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Background {
    /// Black.
    #[default]
    Zeros,
    /// The mean colour of the preprocessing, which normalisation turns into 0.
    Mean,
}

impl Canvas<'_> {
    /// The background's value in each channel.
    pub fn colour(&self, background: Background) -> Vec<u8> {
        match background {
            Background::Zeros => vec![0; self.preprocess.channels()],
            Background::Mean => self.preprocess.mean_colour(),
        }
    }

    /// How pixels outside the image are read.
    pub fn sampling(&self, interpolation: Interpolation, background: Background) -> Sampling {
        Sampling { interpolation, colour: self.colour(background) }
    }
}
