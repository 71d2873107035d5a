//! How much each place of an image matters.

use burn::tensor::{
    Tensor, TensorData,
    module::interpolate,
    ops::{InterpolateMode, InterpolateOptions},
};
use zoo_data::Image;

use super::colour::magma;
use crate::backend::host;

/// The share of the colour in a pixel where heat covers a picture.
const COVER: f32 = 0.6;

/// How much each place of an image matters: 0 or more, in a unit of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatMap {
    /// Rows and columns.
    pub size: [usize; 2],
    /// Row by row.
    pub values: Vec<f32>,
}

impl HeatMap {
    /// A map of the positive of `values`, row by row.
    ///
    /// # Panics
    /// If their number is not that of the places.
    pub fn new(size: [usize; 2], values: impl IntoIterator<Item = f32>) -> Self {
        let values: Vec<f32> = values.into_iter().map(|value| value.max(0.0)).collect();
        assert_eq!(values.len(), size[0] * size[1], "values of a heat map of {size:?}");
        Self { size, values }
    }

    /// The map with other numbers of rows and columns, bilinear between the centres of places.
    pub fn resized(&self, size: [usize; 2]) -> Self {
        let [height, width] = self.size;
        let data = TensorData::new(self.values.clone(), [1, 1, height, width]);
        let options = InterpolateOptions::new(InterpolateMode::Bilinear)
            .with_align_corners(false)
            .with_output_size(size);
        let resized = interpolate(Tensor::<4>::from_data(data, &host()), options);
        Self::new(size, resized.into_data().iter::<f32>())
    }

    /// The largest value.
    pub fn largest(&self) -> f32 {
        self.values.iter().copied().fold(0.0, f32::max)
    }

    /// The map in parts of its largest value; zeros stay.
    pub fn scaled(&self) -> Self {
        let largest = self.largest();
        let factor = if largest > 0.0 { largest.recip() } else { 0.0 };
        Self::new(self.size, self.values.iter().map(|value| value * factor))
    }

    /// Row and column of the largest value, the first of equal ones.
    pub fn hottest(&self) -> [usize; 2] {
        let largest = self.largest();
        let place = self.values.iter().position(|&value| value >= largest).unwrap_or(0);
        [place / self.size[1], place % self.size[1]]
    }

    /// The share of the heat that falls on `mask`, which says from 0 to 255 how much of each pixel
    /// belongs to an object; the map is resized to it. `None` without heat.
    ///
    /// # Panics
    /// If the mask is not square.
    pub fn share_on(&self, mask: &[u8]) -> Option<f64> {
        let side = mask.len().isqrt();
        assert_eq!(mask.len(), side * side, "pixels of a square mask");
        let heat = self.resized([side, side]);
        let total: f64 = heat.values.iter().copied().map(f64::from).sum();
        let pixels = heat.values.iter().zip(mask);
        let on: f64 = pixels.map(|(&heat, &part)| f64::from(heat) * f64::from(part) / 255.0).sum();
        (total > 0.0).then(|| on / total)
    }

    /// The map in the colours of `magma`, as large as itself.
    pub fn picture(&self) -> Image {
        let [height, width] = self.size;
        let pixels = self.scaled().values.into_iter().flat_map(magma).collect();
        Image::new(width, height, 3, pixels)
    }

    /// The map over a picture in grey, as large as the picture.
    pub fn over(&self, picture: &Image) -> Image {
        let (width, height) = (picture.width(), picture.height());
        let heat = self.resized([height, width]).picture();
        let grey = picture.clone().with_channels(1).with_channels(3);
        let mix = |(&heat, &grey): (&u8, &u8)| {
            (COVER * f32::from(heat) + (1.0 - COVER) * f32::from(grey)).round() as u8
        };
        let pixels = heat.pixels().iter().zip(grey.pixels()).map(mix).collect();
        Image::new(width, height, 3, pixels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heat_is_bilinear_between_the_centres_of_places() {
        let map = HeatMap::new([1, 2], [0.0, 4.0]);
        assert_eq!(map.resized([1, 4]).values, [0.0, 1.0, 3.0, 4.0]);
        assert_eq!(map.resized([2, 2]).values, [0.0, 4.0, 0.0, 4.0]);
    }

    #[test]
    fn negative_values_are_cold() {
        let map = HeatMap::new([2, 2], [-3.0, 1.0, 4.0, 2.0]);
        assert_eq!(map.scaled().values, [0.0, 0.25, 1.0, 0.5]);
        assert_eq!(map.hottest(), [1, 0]);
        let cold = HeatMap::new([1, 1], [-1.0]);
        assert_eq!((cold.scaled().values, cold.share_on(&[255])), (vec![0.0], None));
    }

    #[test]
    fn heat_on_a_mask_is_counted_by_its_pixels() {
        let map = HeatMap::new([2, 2], [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(map.share_on(&[0, 255, 0, 255]), Some(0.6));
        assert_eq!(map.share_on(&[255, 0, 51, 0]), Some(0.16));
    }

    #[test]
    fn heat_lies_over_a_grey_picture() {
        let picture = Image::filled(2, 1, &[100, 100, 100]);
        let over = HeatMap::new([1, 2], [0.0, 1.0]).over(&picture);
        // Black and the lightest colour, each by three fifths.
        assert_eq!(over.pixels(), [40, 40, 42, 191, 192, 155]);
    }
}
