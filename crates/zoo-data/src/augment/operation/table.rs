//! Changes that map every byte to a new value, independently of its neighbours.

use super::Operation;
use crate::Image;

/// Every value becomes its opposite: 255 less it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invert;

/// Keeps the highest bits of every value, and clears the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posterize {
    /// How many bits are kept, 0 to 8. 8 changes nothing.
    pub bits: u32,
}

/// Values from a threshold on become their opposites, as in an overexposed film.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Solarize {
    /// The smallest value that is inverted, 0 to 255. Above 255, none is.
    pub threshold: f64,
}

impl Operation for Invert {
    fn apply(&self, image: Image) -> Image {
        look_up(image, |value| 255 - value)
    }

    fn caption(&self) -> String {
        "invert".to_string()
    }
}

impl Operation for Posterize {
    fn apply(&self, image: Image) -> Image {
        let mask = !(0xff_u32 >> self.bits) as u8;
        look_up(image, |value| value & mask)
    }

    fn caption(&self) -> String {
        format!("posterize {}", self.bits)
    }
}

impl Operation for Solarize {
    fn apply(&self, image: Image) -> Image {
        look_up(image, |value| match f64::from(value) >= self.threshold {
            true => 255 - value,
            false => value,
        })
    }

    fn caption(&self) -> String {
        format!("solarize {:.0}", self.threshold)
    }
}

/// The image with each value replaced by what `change` makes of it.
pub(super) fn look_up(mut image: Image, change: impl Fn(u8) -> u8) -> Image {
    let table: [u8; 256] = std::array::from_fn(|value| change(value as u8));
    image.pixels_mut().iter_mut().for_each(|value| *value = table[usize::from(*value)]);
    image
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(operation: impl Operation) -> Vec<u8> {
        operation.apply(Image::new(5, 1, 1, vec![0, 100, 128, 200, 255])).pixels().to_vec()
    }

    #[test]
    fn values_change_each_by_itself() {
        assert_eq!(applied(Invert), [255, 155, 127, 55, 0]);
        assert_eq!(applied(Posterize { bits: 1 }), [0, 0, 128, 128, 128]);
        assert_eq!(applied(Posterize { bits: 3 }), [0, 96, 128, 192, 224]);
        assert_eq!(applied(Posterize { bits: 0 }), [0; 5]);
        assert_eq!(applied(Posterize { bits: 8 }), [0, 100, 128, 200, 255]);
        assert_eq!(applied(Solarize { threshold: 128.0 }), [0, 100, 127, 55, 0]);
        assert_eq!(applied(Solarize { threshold: 256.0 }), [0, 100, 128, 200, 255]);
    }
}
