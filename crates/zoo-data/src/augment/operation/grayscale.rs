//! Images without colours.

use super::Operation;
use crate::Image;

/// Replaces colours by their luma; the number of channels stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grayscale;

impl Operation for Grayscale {
    fn apply(&self, image: Image) -> Image {
        let channels = image.channels();
        image.with_channels(1).with_channels(channels)
    }

    fn caption(&self) -> String {
        "grayscale".to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_become_equal() {
        let pixels = Image::new(2, 1, 3, vec![255, 0, 0, 9, 9, 9]);
        assert_eq!(Grayscale.apply(pixels).pixels(), [76, 76, 76, 9, 9, 9]);
        assert_eq!(Grayscale.apply(Image::filled(2, 1, &[7])), Image::filled(2, 1, &[7]));
    }
}
