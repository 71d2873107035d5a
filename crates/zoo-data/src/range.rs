//! Ranges of settings.

use std::{fmt::Display, ops::RangeInclusive};

use crate::DataError;

/// Refuses a value out of range. `unit` is a plural, or nothing.
pub(crate) fn check_within<T: PartialOrd + Display>(
    setting: &str,
    value: T,
    range: RangeInclusive<T>,
    unit: &str,
) -> Result<(), DataError> {
    if range.contains(&value) {
        return Ok(());
    }
    let (least, most) = range.into_inner();
    let expected = format!("{least} to {most} {unit}");
    Err(DataError::setting(setting, expected.trim_end(), value))
}
