//! The processor of transformers' ConvNeXt, which Microsoft's ResNets have, too.

use zoo_data::Resize;

use super::settings::Settings;

/// Its name.
pub const NAME: &str = "ConvNextImageProcessor";
/// What it alone is told.
pub const KNOWN: [&str; 1] = ["crop_pct"];
/// Images of this size and more are squeezed to a square instead of cut.
const UNCUT: usize = 384;

/// How images become squares of `size` pixels, their side, and how much of a scaled image is seen.
///
/// # Errors
///
/// What cannot be done here, by its name.
pub fn geometry(settings: Settings, size: usize) -> Result<(Resize, usize, f64), String> {
    let ratio = settings.number("crop_pct")?.unwrap_or(224.0 / 256.0);
    if size >= UNCUT {
        return Ok((Resize::Squish, size, 1.0));
    }
    if !(ratio > 0.0 && ratio <= 1.0) {
        return Err(settings.refuse("crop_pct", "a number above 0, at most 1"));
    }
    let scaled = (size as f64 / ratio) as usize;
    Ok((Resize::Crop, size, size as f64 / scaled as f64))
}
