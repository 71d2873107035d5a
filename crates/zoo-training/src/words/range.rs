//! Ranges of settings, and the messages for values outside them.

/// Refuses a count of 0.
pub fn at_least_one(name: &str, count: usize) -> Result<(), String> {
    require(count > 0, name, "at least 1", count)
}

/// Refuses a value that is not above 0.
pub fn above_zero(name: &str, value: f64) -> Result<(), String> {
    require(value.is_finite() && value > 0.0, name, "a number above 0", value)
}

/// Refuses a value that is not at least 0.
pub fn from_zero(name: &str, value: f64) -> Result<(), String> {
    require(value.is_finite() && value >= 0.0, name, "a number of at least 0", value)
}

/// Refuses a value outside 0 to 1.
pub fn fraction(name: &str, value: f64) -> Result<(), String> {
    require((0.0..=1.0).contains(&value), name, "0 to 1", value)
}

/// Refuses a value that is not at least 0 and below 1.
pub fn below_one(name: &str, value: f64) -> Result<(), String> {
    require((0.0..1.0).contains(&value), name, "0 to below 1", value)
}

fn require(
    is_good: bool,
    name: &str,
    expected: &str,
    found: impl std::fmt::Display,
) -> Result<(), String> {
    match is_good {
        true => Ok(()),
        false => Err(format!("`{name}`: expected {expected}, found {found}")),
    }
}
