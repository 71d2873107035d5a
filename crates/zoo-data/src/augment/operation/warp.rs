//! Moving pixels: what rotation, shear and perspective have in common.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Image;

/// What is read where no pixel is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sampling {
    /// Between pixels.
    pub interpolation: Interpolation,
    /// The value of each channel outside the image.
    pub colour: Vec<u8>,
}

/// What is read between pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Interpolation {
    /// The nearest pixel.
    Nearest,
    /// A mean of the four nearest, weighted by distance.
    #[default]
    Bilinear,
}

/// A change of coordinates, row by row: that of a point of the new image to the point of the old one
/// that it shows, `(x, y, 1)` to `(x * w, y * w, w)`. Pixel (0, 0) reaches from 0 to 1.
pub(super) type Matrix = [[f64; 3]; 3];

/// The image as seen through a change of coordinates.
pub(super) fn warp(image: &Image, matrix: &Matrix, sampling: &Sampling) -> Image {
    let mut warped = Image::filled(image.width(), image.height(), &sampling.colour);
    let channels = image.channels();
    for row in 0..image.height() {
        for (column, pixel) in warped.row_mut(row).chunks_exact_mut(channels).enumerate() {
            let point = [column as f64 + 0.5, row as f64 + 0.5, 1.0];
            let [x, y, w] = matrix.map(|line| line[0] * point[0] + line[1] * point[1] + line[2]);
            let (x, y) = (x / w - 0.5, y / w - 0.5);
            match sampling.interpolation {
                Interpolation::Nearest => nearest(image, x, y, pixel),
                Interpolation::Bilinear => bilinear(image, x, y, pixel),
            }
        }
    }
    warped
}

/// Reads the pixel nearest to a position, counted from the centre of pixel (0, 0). `pixel` stays
/// unchanged if there is none.
fn nearest(image: &Image, x: f64, y: f64, pixel: &mut [u8]) {
    let (x, y) = (x.round_ties_even(), y.round_ties_even());
    if let Some(found) = at(image, x, y) {
        pixel.copy_from_slice(found);
    }
}

/// Reads between the four pixels around a place; those that are missing count as what `pixel` holds.
fn bilinear(image: &Image, x: f64, y: f64, pixel: &mut [u8]) {
    let (left, top) = (x.floor(), y.floor());
    let (right_share, bottom_share) = (x - left, y - top);
    let corners = [
        (left, top, (1.0 - right_share) * (1.0 - bottom_share)),
        (left + 1.0, top, right_share * (1.0 - bottom_share)),
        (left, top + 1.0, (1.0 - right_share) * bottom_share),
        (left + 1.0, top + 1.0, right_share * bottom_share),
    ];
    let corners = corners.map(|(x, y, share)| (at(image, x, y), share as f32));
    for (channel, value) in pixel.iter_mut().enumerate() {
        let beyond = *value;
        let sum: f32 = corners
            .iter()
            .map(|(pixel, share)| share * f32::from(pixel.map_or(beyond, |pixel| pixel[channel])))
            .sum();
        *value = sum.round_ties_even() as u8;
    }
}

/// The pixel at a whole place, if the image reaches there.
fn at(image: &Image, x: f64, y: f64) -> Option<&[u8]> {
    let is_inside = x >= 0.0 && y >= 0.0 && x < image.width() as f64 && y < image.height() as f64;
    is_inside.then(|| {
        let channels = image.channels();
        &image.row(y as usize)[x as usize * channels..][..channels]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shifted(x: f64, interpolation: Interpolation) -> Vec<u8> {
        let image = Image::new(3, 2, 1, vec![10, 20, 30, 40, 50, 60]);
        let matrix = [[1.0, 0.0, x], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        warp(&image, &matrix, &Sampling { interpolation, colour: vec![200] }).pixels().to_vec()
    }

    #[test]
    fn whole_shifts_move_pixels() {
        for interpolation in [Interpolation::Nearest, Interpolation::Bilinear] {
            assert_eq!(shifted(0.0, interpolation), [10, 20, 30, 40, 50, 60]);
            assert_eq!(shifted(1.0, interpolation), [20, 30, 200, 50, 60, 200]);
            assert_eq!(shifted(-2.0, interpolation), [200, 200, 10, 200, 200, 40]);
        }
    }

    #[test]
    fn between_pixels_bilinear_mixes_and_nearest_chooses() {
        assert_eq!(shifted(0.25, Interpolation::Nearest), [10, 20, 30, 40, 50, 60]);
        assert_eq!(shifted(0.25, Interpolation::Bilinear), [12, 22, 72, 42, 52, 95]);
    }
}
