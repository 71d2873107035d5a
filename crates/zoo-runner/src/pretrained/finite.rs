//! Weights with which nothing can be computed.

use burn::store::bridge::to_data;

use super::{layout::few, source::Lazy};

/// Refuses tensors that hold infinities or what is not a number, each by its name and with how many of
/// its numbers are so.
///
/// # Errors
///
/// Those tensors, or one that cannot be read.
pub fn check_finite<'a>(tensors: impl Iterator<Item = (&'a str, &'a Lazy)>) -> Result<(), String> {
    let mut found = Vec::new();
    for (name, tensor) in tensors {
        let unreadable = |error: String| format!("`{name}` cannot be read: {error}");
        let data = to_data(tensor).map_err(|error| unreadable(error.to_string()))?.convert::<f32>();
        let values = data.as_slice::<f32>().map_err(|error| unreadable(format!("{error:?}")))?;
        let count = values.iter().filter(|value| !value.is_finite()).count();
        if count > 0 {
            found.push(format!("`{name}` ({count} of {})", values.len()));
        }
    }
    match found.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "holds NaN or infinite numbers, with which nothing can be computed: {}",
            few(&found)
        )),
    }
}
