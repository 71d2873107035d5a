//! Images seen from aside.

use super::{
    Operation, Sampling,
    warp::{Matrix, warp},
};
use crate::Image;

/// Moves the corners of the image, and what is between them as if it were a picture on a wall seen
/// from aside.
#[derive(Clone, Debug, PartialEq)]
pub struct Perspective {
    /// Where the top left, top right, bottom right and bottom left pixel go: `[x, y]`, in pixels.
    pub corners: [[f64; 2]; 4],
    /// What is read between pixels and beyond the image.
    pub sampling: Sampling,
}

impl Perspective {
    /// From the new image back to the old one.
    fn matrix(&self, width: usize, height: usize) -> Matrix {
        let (right, bottom) = (width as f64 - 1.0, height as f64 - 1.0);
        let old = [[0.0, 0.0], [right, 0.0], [right, bottom], [0.0, bottom]];
        // Two equations a corner: x = (a u + b v + c) / (g u + h v + 1), and so for y.
        let mut equations = [[0.0; 9]; 8];
        for (corner, ([u, v], [x, y])) in self.corners.into_iter().zip(old).enumerate() {
            equations[2 * corner] = [u, v, 1.0, 0.0, 0.0, 0.0, -u * x, -v * x, x];
            equations[2 * corner + 1] = [0.0, 0.0, 0.0, u, v, 1.0, -u * y, -v * y, y];
        }
        let [a, b, c, d, e, f, g, h] = solve(equations);
        [[a, b, c], [d, e, f], [g, h, 1.0]]
    }
}

impl Operation for Perspective {
    fn apply(&self, image: Image) -> Image {
        warp(&image, &self.matrix(image.width(), image.height()), &self.sampling)
    }

    fn caption(&self) -> String {
        "perspective".to_string()
    }
}

/// Solves eight equations of eight unknowns, each given as factors and right side, by Gaussian
/// elimination.
fn solve(mut equations: [[f64; 9]; 8]) -> [f64; 8] {
    for unknown in 0..8 {
        let size = |line: usize| equations[line][unknown].abs();
        let pivot = (unknown..8).max_by(|&a, &b| size(a).total_cmp(&size(b))).unwrap_or(unknown);
        equations.swap(unknown, pivot);
        let divisor = equations[unknown][unknown];
        let line = equations[unknown].map(|factor| factor / divisor);
        for (place, other) in equations.iter_mut().enumerate() {
            if place == unknown {
                *other = line;
            } else {
                let times = other[unknown];
                other.iter_mut().zip(line).for_each(|(factor, of)| *factor -= times * of);
            }
        }
    }
    equations.map(|line| line[8])
}

#[cfg(test)]
mod tests {
    use super::super::Interpolation;
    use super::*;

    fn nearest() -> Sampling {
        Sampling { interpolation: Interpolation::Nearest, colour: vec![0] }
    }

    #[test]
    fn corners_at_home_change_nothing() {
        let image = Image::new(3, 2, 1, vec![1, 2, 3, 4, 5, 6]);
        let corners = [[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [0.0, 1.0]];
        assert_eq!(Perspective { corners, sampling: nearest() }.apply(image.clone()), image);
    }

    #[test]
    fn corners_go_where_they_are_sent() {
        let corners = [[1.0, 0.0], [9.0, 1.0], [7.0, 8.0], [2.0, 9.0]];
        let matrix = Perspective { corners, sampling: nearest() }.matrix(10, 10);
        let old = corners.map(|[u, v]| {
            let [x, y, w] = matrix.map(|line| line[0] * u + line[1] * v + line[2]);
            [x / w, y / w].map(|value| (value * 1e9).round() / 1e9)
        });
        assert_eq!(old, [[0.0, 0.0], [9.0, 0.0], [9.0, 9.0], [0.0, 9.0]]);
    }
}
