//! Images whose values are all equally frequent.

use super::{Operation, channel};
use crate::Image;

/// Gives each channel new values, in the order of the old, that are as evenly frequent as they can
/// be (histogram equalisation, as Pillow rounds it).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Equalize;

impl Operation for Equalize {
    fn apply(&self, mut image: Image) -> Image {
        let channels = image.channels();
        for number in 0..channels {
            let Some(table) = table(channel(&image, number)) else { continue };
            for value in image.pixels_mut().iter_mut().skip(number).step_by(channels) {
                *value = table[usize::from(*value)];
            }
        }
        image
    }

    fn caption(&self) -> String {
        "equalize".to_string()
    }
}

/// The new value of each old one. `None`: there are too few pixels, or too many of the greatest
/// value, to spread the values out.
fn table(values: impl Iterator<Item = u8>) -> Option<[u8; 256]> {
    let mut counts = [0_usize; 256];
    values.for_each(|value| counts[usize::from(value)] += 1);
    let greatest = counts.iter().rev().find(|&&count| count > 0)?;
    let step = (counts.iter().sum::<usize>() - greatest) / 255;
    if step == 0 {
        return None;
    }
    let mut below = step / 2;
    Some(counts.map(|count| {
        let value = (below / step).min(255) as u8;
        below += count;
        value
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_spread_by_how_many_are_below() {
        // 510 of 1020 pixels are below the greatest: a step is 2 pixels.
        let mut pixels = vec![10; 255];
        pixels.extend([20; 255]);
        pixels.extend([30; 510]);
        let equalized = Equalize.apply(Image::new(1020, 1, 1, pixels));
        assert_eq!([0, 255, 510].map(|place| equalized.pixels()[place]), [0, 128, 255]);
    }

    #[test]
    fn one_value_stays() {
        let plain = Image::filled(40, 40, &[9, 100, 255]);
        assert_eq!(Equalize.apply(plain.clone()), plain);
    }
}
