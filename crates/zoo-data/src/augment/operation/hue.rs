//! Images with all colours moved round the colour circle.

use super::Operation;
use crate::Image;

/// Moves all hues round the colour circle; saturation and value (the largest channel) stay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hue {
    /// Which part of the circle, -0.5 to 0.5: from red, a third is green.
    pub shift: f32,
}

impl Operation for Hue {
    fn apply(&self, mut image: Image) -> Image {
        if image.channels() == 3 {
            for pixel in image.pixels_mut().chunks_exact_mut(3) {
                let moved = shifted([pixel[0], pixel[1], pixel[2]], self.shift);
                pixel.copy_from_slice(&moved);
            }
        }
        image
    }

    fn caption(&self) -> String {
        format!("hue {:+.2}", self.shift)
    }
}

/// To hue, saturation and value, and back (<https://doi.org/10.1145/800248.807361>).
fn shifted(rgb: [u8; 3], shift: f32) -> [u8; 3] {
    let [red, green, blue] = rgb.map(|value| f32::from(value) / 255.0);
    let (most, least) = (red.max(green).max(blue), red.min(green).min(blue));
    let range = most - least;
    if range == 0.0 {
        return rgb;
    }
    // In sixths of the circle.
    let hue = if most == red {
        (green - blue) / range
    } else if most == green {
        2.0 + (blue - red) / range
    } else {
        4.0 + (red - green) / range
    };
    let hue = (hue / 6.0 + shift).rem_euclid(1.0) * 6.0;
    let channel = |offset: f32| {
        // 0 where the channel is at its least, 1 where at its most; a sixth of slope on each side.
        let place = (hue + offset) % 6.0;
        let share = place.min(4.0 - place).clamp(0.0, 1.0);
        let value = most - range * share;
        // All bytes get an equal part of 0 to 1.
        (value * 255.999) as u8
    };
    [channel(5.0), channel(3.0), channel(1.0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_of_the_circle_turns_red_to_green_and_green_to_blue() {
        for (from, to) in [
            ([255, 0, 0], [0, 255, 0]),
            ([0, 255, 0], [0, 0, 255]),
            ([0, 0, 255], [255, 0, 0]),
            ([7, 7, 7], [7, 7, 7]),
        ] {
            assert_eq!(shifted(from, 1.0 / 3.0), to);
        }
        assert_eq!(shifted([200, 100, 50], 0.5), [50, 150, 200]);
    }
}
