//! Images small enough for a page of many.

use fast_image_resize::FilterType;

use super::{options, resample};
use crate::Image;

impl Image {
    /// The image with its longer side scaled down to `side` pixels, or unchanged if it is not
    /// longer. The aspect ratio is kept.
    ///
    /// # Panics
    /// If `side` is 0.
    pub fn thumbnail(&self, side: usize) -> Image {
        assert!(side > 0, "a thumbnail without pixels");
        let longer = self.width().max(self.height());
        if longer <= side {
            return self.clone();
        }
        let fit = |length: usize| ((length * side + longer / 2) / longer).max(1);
        self.stretched(fit(self.width()), fit(self.height()))
    }

    /// The whole image, scaled to these sides.
    ///
    /// # Panics
    /// If a side is 0.
    pub(crate) fn stretched(&self, width: usize, height: usize) -> Image {
        resample(self, options(FilterType::Bilinear), width, height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_side_is_scaled_down() {
        let size = |image: Image| (image.width(), image.height());
        assert_eq!(size(Image::filled(400, 100, &[9]).thumbnail(128)), (128, 32));
        assert_eq!(size(Image::filled(1, 1000, &[9, 9, 9]).thumbnail(128)), (1, 128));
        let small = Image::new(2, 1, 1, vec![1, 2]);
        assert_eq!(small.thumbnail(128), small);
        let halved = Image::new(4, 2, 1, vec![0, 0, 200, 200, 0, 0, 200, 200]).thumbnail(2);
        assert_eq!((halved.width(), halved.height()), (2, 1));
        assert!(halved.pixels()[0] < 50 && halved.pixels()[1] > 150, "{halved:?}");
    }
}
