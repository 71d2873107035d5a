//! What the settings of augmentations have in common: ranges, and chances.

use std::ops::RangeInclusive;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::{Draw, operation::Operation};
use crate::DataError;
pub(crate) use crate::range::check_within;

/// Refuses a value that is not a probability.
pub(crate) fn check_probability(setting: &str, probability: f64) -> Result<(), DataError> {
    check_within(setting, probability, 0.0..=1.0, "")
}

/// Refuses ends of a range that are out of range themselves, or in the wrong order.
pub(super) fn check_ends(
    setting: &str,
    [low, high]: [f64; 2],
    range: RangeInclusive<f64>,
) -> Result<(), DataError> {
    if range.contains(&low) && range.contains(&high) && low <= high {
        return Ok(());
    }
    let (least, most) = range.into_inner();
    let expected = format!("two numbers from {least} to {most}, the smaller first");
    Err(DataError::setting(setting, expected, format!("[{low}, {high}]")))
}

/// The operation with a probability, else nothing.
pub(super) fn sometimes(
    probability: f64,
    rng: &mut ChaCha8Rng,
    operation: impl Operation + 'static,
) -> Draw {
    match rng.random_bool(probability) {
        true => vec![Box::new(operation)],
        false => Vec::new(),
    }
}
