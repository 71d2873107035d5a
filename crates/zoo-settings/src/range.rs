//! Ranges of settings, and the message for a value outside of its range.

use std::fmt::Display;

/// Largest size or count of a network, so that no sum of them overflows.
const LARGEST: usize = 65_536;

/// A setting that is out of its range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{setting}`: expected {expected}, found {found}")]
pub struct OutOfRange {
    /// The setting's name.
    pub setting: String,
    /// The values allowed.
    pub expected: &'static str,
    /// The value given.
    pub found: String,
}

impl From<OutOfRange> for String {
    fn from(error: OutOfRange) -> Self {
        error.to_string()
    }
}

/// Refuses a count of 0.
pub fn at_least_one(name: &str, count: usize) -> Result<(), OutOfRange> {
    require(count > 0, name, "at least 1", count)
}

/// Refuses a value that is not above 0.
pub fn above_zero(name: &str, value: f64) -> Result<(), OutOfRange> {
    require(value.is_finite() && value > 0.0, name, "a number above 0", value)
}

/// Refuses a value that is not at least 0.
pub fn from_zero(name: &str, value: f64) -> Result<(), OutOfRange> {
    require(value.is_finite() && value >= 0.0, name, "a number of at least 0", value)
}

/// Refuses a value outside 0 to 1.
pub fn fraction(name: &str, value: f64) -> Result<(), OutOfRange> {
    require((0.0..=1.0).contains(&value), name, "0 to 1", value)
}

/// Refuses a value that is not at least 0 and below 1.
pub fn below_one(name: &str, value: f64) -> Result<(), OutOfRange> {
    require((0.0..1.0).contains(&value), name, "0 to below 1", value)
}

/// Refuses a size or count of a network that is 0, or beyond anything that fits in memory.
pub fn size(name: &str, size: usize) -> Result<(), OutOfRange> {
    require((1..=LARGEST).contains(&size), name, "1 to 65536", size)
}

/// As [`size`], where 0 is allowed.
pub fn count(name: &str, count: usize) -> Result<(), OutOfRange> {
    require(count <= LARGEST, name, "0 to 65536", count)
}

/// Refuses images that are neither grey nor RGB.
pub fn channels(channels: usize) -> Result<(), OutOfRange> {
    require([1, 3].contains(&channels), "channels", "1 (grey) or 3 (RGB)", channels)
}

fn require(
    is_good: bool,
    setting: &str,
    expected: &'static str,
    found: impl Display,
) -> Result<(), OutOfRange> {
    match is_good {
        true => Ok(()),
        false => Err(OutOfRange { setting: setting.into(), expected, found: found.to_string() }),
    }
}
