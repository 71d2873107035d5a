//! Images with a piece covered.

use super::Operation;
use crate::Image;

/// Covers a part of the image with a patch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erase {
    /// First column covered.
    pub left: usize,
    /// First row covered.
    pub top: usize,
    /// What covers it: an image of the same channels that ends inside of the one it is put on.
    pub patch: Image,
}

impl Operation for Erase {
    fn apply(&self, mut image: Image) -> Image {
        image.paste(&self.patch, self.left, self.top);
        image
    }

    fn caption(&self) -> String {
        format!("erase {}x{}", self.patch.width(), self.patch.height())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patch_covers_its_place_alone() {
        let image = Image::new(3, 3, 1, vec![1, 2, 3, 4, 5, 6, 7, 8, 9]);
        let erase = Erase { left: 1, top: 0, patch: Image::filled(2, 2, &[0]) };
        assert_eq!(erase.apply(image).pixels(), [1, 0, 0, 4, 0, 0, 7, 8, 9]);
        assert_eq!(erase.caption(), "erase 2x2");
    }
}
