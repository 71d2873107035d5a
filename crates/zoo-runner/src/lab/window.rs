//! The window behind one number of a convolution, worked out.

use serde::Serialize;

/// Channels whose numbers are written out; of the others only their sums.
const WRITTEN: usize = 6;

/// Maps, and the kernel that runs over them for one output channel.
pub struct Weighed<'a> {
    /// Map by map, row by row (CHW).
    pub values: &'a [f32],
    /// Rows and columns of a map.
    pub size: [usize; 2],
    /// The first map that the kernel sees; those of its group follow.
    pub first: usize,
    /// `[channels, rows, columns]` of the kernel, row by row.
    pub weights: &'a [f32],
    /// Rows and columns of the kernel.
    pub kernel: [usize; 2],
    /// Rows and columns from one window to the next.
    pub stride: [usize; 2],
    /// Rows above and columns left of the maps.
    pub padding: [usize; 2],
}

/// One number of a convolution before bias, normalisation and activation.
#[derive(Debug, Serialize)]
pub struct Sum {
    /// Row and column of the window's first place; negative in the padding.
    pub top: isize,
    /// See `top`.
    pub left: isize,
    /// Rows and columns of the window.
    pub kernel: [usize; 2],
    /// The channels that add most, largest first.
    pub channels: Vec<Channel>,
    /// How many channels there are.
    pub all_channels: usize,
    /// What the channels add that are not listed.
    pub others: f64,
    /// All products, added up.
    pub sum: f64,
}

/// What one channel adds.
#[derive(Debug, Serialize)]
pub struct Channel {
    /// Which channel.
    pub channel: usize,
    /// The values under the window, row by row; none in the padding.
    pub values: Vec<Option<f32>>,
    /// The weights over them.
    pub weights: Vec<f32>,
    /// Value times weight; 0 in the padding.
    pub products: Vec<f64>,
    /// The products, added up.
    pub sum: f64,
}

impl Weighed<'_> {
    /// The number at `row` and `column` of the output, by a plain loop in double precision.
    pub fn sum_at(&self, row: usize, column: usize) -> Sum {
        let [top, left] = [0, 1].map(|axis| {
            ([row, column][axis] * self.stride[axis]) as isize - self.padding[axis] as isize
        });
        let area = self.kernel[0] * self.kernel[1];
        let mut channels: Vec<Channel> = (self.weights.chunks(area).enumerate())
            .map(|(place, weights)| self.channel(self.first + place, weights, top, left))
            .collect();
        let (all_channels, sum) = (channels.len(), channels.iter().map(|one| one.sum).sum());
        if channels.len() > WRITTEN {
            channels.sort_by(|a, b| b.sum.abs().total_cmp(&a.sum.abs()));
        }
        let others = channels.iter().skip(WRITTEN).map(|one| one.sum).sum();
        channels.truncate(WRITTEN);
        Sum { top, left, kernel: self.kernel, channels, all_channels, others, sum }
    }

    fn channel(&self, channel: usize, weights: &[f32], top: isize, left: isize) -> Channel {
        let [height, width] = self.size;
        let map = &self.values[channel * height * width..][..height * width];
        let value = |place: usize| {
            let row = usize::try_from(top + (place / self.kernel[1]) as isize).ok()?;
            let column = usize::try_from(left + (place % self.kernel[1]) as isize).ok()?;
            (row < height && column < width).then(|| map[row * width + column])
        };
        let values: Vec<Option<f32>> = (0..weights.len()).map(value).collect();
        let product = |(value, weight): (&Option<f32>, &f32)| {
            f64::from(value.unwrap_or(0.0)) * f64::from(*weight)
        };
        let products: Vec<f64> = values.iter().zip(weights).map(product).collect();
        let sum = products.iter().sum();
        Channel { channel, values, weights: weights.to_vec(), products, sum }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_at_the_corner_reaches_into_the_padding() {
        let values: Vec<f32> = (1..=9).map(|value| value as f32).collect();
        let weights = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
        let weighed = Weighed {
            values: &values,
            size: [3, 3],
            first: 0,
            weights: &weights,
            kernel: [3, 3],
            stride: [2, 2],
            padding: [1, 1],
        };
        let first = weighed.sum_at(0, 0);
        assert_eq!((first.top, first.left), (-1, -1));
        let none = None;
        let expected = [none, none, none, none, Some(1.0), Some(2.0), none, Some(4.0), Some(5.0)];
        assert_eq!(first.channels[0].values, expected);
        assert_eq!(first.sum, 5.0 + 12.0 + 32.0 + 45.0);
        assert_eq!(weighed.sum_at(1, 1).sum, 5.0 + 12.0 + 32.0 + 45.0);
    }

    #[test]
    fn channels_that_add_little_are_summed_up() {
        let (values, weights) = (vec![1.0; 8], [0.0, 1.0, -9.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
        let weighed = Weighed {
            values: &values,
            size: [1, 1],
            first: 0,
            weights: &weights,
            kernel: [1, 1],
            stride: [1, 1],
            padding: [0, 0],
        };
        let sum = weighed.sum_at(0, 0);
        let listed: Vec<usize> = sum.channels.iter().map(|channel| channel.channel).collect();
        assert_eq!((listed, sum.others, sum.sum), (vec![2, 7, 6, 5, 4, 3], 1.0, 17.0));
    }
}
