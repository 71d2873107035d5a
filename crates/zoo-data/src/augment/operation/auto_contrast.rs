//! Images that use all values from black to white.

use super::{Operation, channel};
use crate::Image;

/// Stretches each channel so that its smallest value becomes 0 and its largest 255. A channel of
/// one value stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AutoContrast;

impl Operation for AutoContrast {
    fn apply(&self, mut image: Image) -> Image {
        let channels = image.channels();
        for number in 0..channels {
            let least = channel(&image, number).min().unwrap_or(0);
            let most = channel(&image, number).max().unwrap_or(0);
            if least == most {
                continue;
            }
            let range = u16::from(most - least);
            for value in image.pixels_mut().iter_mut().skip(number).step_by(channels) {
                *value = (u16::from(*value - least) * 255 / range) as u8;
            }
        }
        image
    }

    fn caption(&self) -> String {
        "auto-contrast".to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_channel_is_stretched_by_itself() {
        let image = Image::new(3, 1, 3, vec![100, 7, 0, 125, 7, 10, 150, 7, 255]);
        assert_eq!(AutoContrast.apply(image).pixels(), [0, 7, 0, 127, 7, 10, 255, 7, 255]);
    }
}
