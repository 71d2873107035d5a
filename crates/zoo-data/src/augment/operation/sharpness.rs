//! Sharpened images, and softened ones.

use super::Operation;
use crate::Image;

/// Mixes the image with a softened form of it. A factor of 0 is the softened form, 1 the image, 2
/// a sharper one. The outermost pixels stay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sharpness {
    /// 0 or more.
    pub factor: f32,
}

impl Operation for Sharpness {
    fn apply(&self, image: Image) -> Image {
        let (width, height, channels) = (image.width(), image.height(), image.channels());
        let mut sharpened = image.clone();
        if width < 3 {
            return sharpened;
        }
        for row in 1..height.max(1) - 1 {
            let rows = [image.row(row - 1), image.row(row), image.row(row + 1)];
            let inner = channels..(width - 1) * channels;
            for (place, target) in inner.clone().zip(&mut sharpened.row_mut(row)[inner]) {
                let column = |place: usize| rows.map(|row| u32::from(row[place]));
                let around = [place - channels, place, place + channels].map(column);
                let value = around[1][1];
                let sum = around.as_flattened().iter().sum::<u32>() + 4 * value;
                let soft = (sum as f32 / 13.0).round();
                let value = value as f32;
                *target = (value + (1.0 - self.factor) * (soft - value)) as u8;
            }
        }
        sharpened
    }

    fn caption(&self) -> String {
        format!("sharpness {:.2}", self.factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_is_spread_or_raised() {
        let dot = Image::new(3, 3, 1, vec![0, 0, 0, 0, 130, 0, 0, 0, 0]);
        let middle = |factor| Sharpness { factor }.apply(dot.clone()).pixels()[4];
        // The softened dot is 130 * 5 / 13 = 50.
        assert_eq!([0.0, 0.5, 1.0, 1.5, 3.0].map(middle), [50, 90, 130, 170, 255]);
        let slope = Image::new(4, 3, 1, vec![0, 0, 0, 9, 13, 0, 26, 9, 0, 39, 0, 9]);
        // (13 + 26 + 39) / 13 = 6 and (39 + 9 + 9 + 9 + 5 * 26) / 13 = 15.
        assert_eq!(
            Sharpness { factor: 0.0 }.apply(slope).pixels(),
            [0, 0, 0, 9, 13, 6, 15, 9, 0, 39, 0, 9]
        );
    }

    #[test]
    fn images_without_a_middle_stay() {
        for (width, height) in [(2, 3), (3, 2), (1, 1)] {
            let image = Image::filled(width, height, &[1, 2, 3]);
            assert_eq!(Sharpness { factor: 0.0 }.apply(image.clone()), image);
        }
    }
}
