//! Turned, moved, scaled and slanted images.

use super::{
    Operation, Sampling,
    warp::{Matrix, warp},
};
use crate::Image;

/// Slants, scales and turns the image about a point, then moves it. Straight lines stay straight and
/// parallel ones parallel.
#[derive(Clone, Debug, PartialEq)]
pub struct Affine {
    /// Degrees, clockwise.
    pub rotate: f64,
    /// Pixels to the right and down.
    pub translate: [f64; 2],
    /// Factor of both sides, above 0.
    pub scale: f64,
    /// Degrees by which vertical and horizontal lines are slanted, between -90 and 90.
    pub shear: [f64; 2],
    /// The fixed point, apart from `translate`, as a fraction of width and height.
    pub centre: [f64; 2],
    /// What is read between pixels and beyond the image.
    pub sampling: Sampling,
}

impl Affine {
    /// What changes nothing, about the middle of the image.
    pub fn identity(sampling: Sampling) -> Self {
        Self {
            rotate: 0.0,
            translate: [0.0; 2],
            scale: 1.0,
            shear: [0.0; 2],
            centre: [0.5; 2],
            sampling,
        }
    }

    /// From the new image back to the old one.
    fn matrix(&self, width: f64, height: f64) -> Matrix {
        let [shear_x, shear_y] = self.shear.map(f64::to_radians);
        let rotate = self.rotate.to_radians();
        let (sin, cos) = ((rotate - shear_y).sin(), (rotate - shear_y).cos());
        // Rotation and shear; their determinant is 1.
        let (a, c) = (cos / shear_y.cos(), sin / shear_y.cos());
        let (b, d) = (-a * shear_x.tan() - rotate.sin(), -c * shear_x.tan() + rotate.cos());
        let [a, b, c, d] = [a, b, c, d].map(|value| value / self.scale);
        let centre = [self.centre[0] * width, self.centre[1] * height];
        let from = [centre[0] + self.translate[0], centre[1] + self.translate[1]];
        [
            [d, -b, centre[0] - d * from[0] + b * from[1]],
            [-c, a, centre[1] + c * from[0] - a * from[1]],
            [0.0, 0.0, 1.0],
        ]
    }
}

impl Operation for Affine {
    fn apply(&self, image: Image) -> Image {
        let matrix = self.matrix(image.width() as f64, image.height() as f64);
        warp(&image, &matrix, &self.sampling)
    }

    fn caption(&self) -> String {
        let mut words = Vec::new();
        if self.rotate != 0.0 {
            words.push(format!("rotate {:.0}", self.rotate));
        }
        if self.translate != [0.0; 2] {
            words.push(format!("move {:.0} {:.0}", self.translate[0], self.translate[1]));
        }
        if self.scale != 1.0 {
            words.push(format!("scale {:.2}", self.scale));
        }
        if self.shear != [0.0; 2] {
            words.push(format!("shear {:.0} {:.0}", self.shear[0], self.shear[1]));
        }
        words.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::super::Interpolation;
    use super::*;

    /// Three columns, two rows.
    fn changed(change: impl FnOnce(&mut Affine)) -> Vec<u8> {
        let image = Image::new(3, 3, 1, vec![1, 2, 3, 4, 5, 6, 7, 8, 9]);
        let sampling = Sampling { interpolation: Interpolation::Nearest, colour: vec![0] };
        let mut affine = Affine::identity(sampling);
        change(&mut affine);
        affine.apply(image).pixels().to_vec()
    }

    #[test]
    fn a_quarter_turn_is_clockwise() {
        assert_eq!(changed(|affine| affine.rotate = 90.0), [7, 4, 1, 8, 5, 2, 9, 6, 3]);
    }

    #[test]
    fn moves_are_to_the_right_and_down() {
        assert_eq!(changed(|affine| affine.translate = [1.0, 0.0]), [0, 1, 2, 0, 4, 5, 0, 7, 8]);
        assert_eq!(changed(|affine| affine.translate = [0.0, -1.0]), [4, 5, 6, 7, 8, 9, 0, 0, 0]);
    }

    #[test]
    fn half_a_scale_halves_the_sides_about_the_middle() {
        assert_eq!(changed(|affine| affine.scale = 3.0), [5; 9]);
        assert_eq!(changed(|affine| affine.scale = 0.5), [0, 0, 0, 0, 5, 0, 0, 0, 0]);
    }

    #[test]
    fn shear_moves_rows_by_their_distance_from_the_centre() {
        assert_eq!(changed(|affine| affine.shear = [45.0, 0.0]), [0, 1, 2, 4, 5, 6, 8, 9, 0]);
        assert_eq!(changed(|affine| affine.shear = [0.0, 45.0]), [0, 2, 6, 1, 5, 9, 4, 8, 0]);
        let about_the_first_row = |affine: &mut Affine| {
            (affine.shear, affine.centre) = ([45.0, 0.0], [0.0, 1.0 / 6.0]);
        };
        assert_eq!(changed(about_the_first_row), [1, 2, 3, 5, 6, 0, 9, 0, 0]);
    }

    #[test]
    fn captions_tell_what_changes() {
        let sampling = Sampling { interpolation: Interpolation::Nearest, colour: vec![0] };
        let affine = Affine { rotate: -12.3, scale: 0.9, ..Affine::identity(sampling) };
        assert_eq!(affine.caption(), "rotate -12, scale 0.90");
    }
}
