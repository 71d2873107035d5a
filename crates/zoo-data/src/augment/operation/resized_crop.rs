//! A region of an image, scaled to the network's size.

use super::Operation;
use crate::{
    Image,
    preprocess::{Area, cut_and_scale},
};

/// Cuts a part out and scales it to a square, smoothing before it makes smaller. What is outside of
/// the part has no influence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResizedCrop {
    /// The part.
    pub area: Area,
    /// Side in pixels of the square.
    pub size: usize,
}

impl Operation for ResizedCrop {
    fn apply(&self, image: Image) -> Image {
        cut_and_scale(&image, self.area, self.size)
    }

    fn caption(&self) -> String {
        format!("crop {}x{}", self.area.width, self.area.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_fills_the_square_and_its_surroundings_stay_out() {
        let image = Image::new(4, 3, 1, vec![0, 0, 0, 0, 0, 10, 30, 0, 0, 50, 70, 0]);
        let area = Area { left: 1, top: 1, width: 2, height: 2 };
        let crop = |size| ResizedCrop { area, size }.apply(image.clone()).pixels().to_vec();
        assert_eq!(crop(2), [10, 30, 50, 70]);
        assert_eq!(crop(1), [40]);
        assert_eq!(crop(4)[..4], [10, 15, 25, 30]);
    }
}
