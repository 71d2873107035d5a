//! The water: its colours from the surface down, rays of light, and the sea bed.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::{
    canvas::{Layer, Rgb, hsl, mix},
    path::{P, smooth},
};

/// Colours and light of one scene.
pub(super) struct Water {
    top: Rgb,
    bottom: Rgb,
    /// How much of the water's colour covers distant objects, 0..=1.
    pub(super) haze: f32,
    /// What all brightness is multiplied by at the end.
    pub(super) light: f32,
    /// How much darker than its top an animal is at the bottom of the frame, 0..=1.
    pub(super) shade: f32,
}

impl Water {
    /// One of five kinds of water, varied.
    pub(super) fn draw(rng: &mut ChaCha8Rng) -> Self {
        // Hue, saturation and lightness: tropical, open sea, murky green, dusk, and the milky grey
        // of a harbour.
        let (hue, saturation, lightness) = match rng.random_range(0..5) {
            0 => (0.50, 0.60, 0.60),
            1 => (0.57, 0.65, 0.42),
            2 => (0.36, 0.35, 0.38),
            3 => (0.70, 0.40, 0.32),
            _ => (0.48, 0.12, 0.50),
        };
        let hue = hue + rng.random_range(-0.05..0.05);
        let saturation = saturation * rng.random_range(0.7..1.2);
        let lightness = lightness * rng.random_range(0.8..1.2);
        let drop = rng.random_range(0.35..0.95);
        Self {
            top: hsl(hue, saturation, lightness * 1.15),
            bottom: hsl(hue + rng.random_range(-0.02..0.06), saturation, lightness * drop),
            haze: rng.random_range(0.0..0.3),
            light: rng.random_range(0.75..1.15),
            shade: rng.random_range(0.0..0.4),
        }
    }

    /// The water's colour at the height `y` of the frame, 0 at the top to 1 at the bottom.
    pub(super) fn at(&self, y: f32) -> Rgb {
        mix(self.top, self.bottom, y)
    }

    /// The open water with its rays, and a sea bed in about half of the scenes.
    pub(super) fn paint(&self, rng: &mut ChaCha8Rng, size: usize) -> Layer {
        let mut layer = Layer::new(size);
        for (y, row) in layer.pixmap.data_mut().chunks_exact_mut(4 * size).enumerate() {
            let [r, g, b] = self.at((y as f32 + 0.5) / size as f32).map(|c| (c * 255.0) as u8);
            for pixel in row.chunks_exact_mut(4) {
                pixel.copy_from_slice(&[r, g, b, 255]);
            }
        }
        if rng.random_bool(0.5) {
            rays(rng, &mut layer);
        }
        if rng.random_bool(0.5) {
            self.bed(rng, &mut layer);
        }
        layer
    }

    /// Sand or rock along the bottom of the frame.
    fn bed(&self, rng: &mut ChaCha8Rng, layer: &mut Layer) {
        let hue = rng.random_range(0.03..0.16);
        let colour = hsl(hue, rng.random_range(0.1..0.45), rng.random_range(0.2..0.7));
        let height = rng.random_range(0.75..0.93);
        let rough = rng.random_range(0.01..0.06);
        let mut edge: Vec<P> = (0..=8)
            .map(|i| (i as f32 / 6.0 - 0.17, height + rng.random_range(-rough..rough)))
            .collect();
        edge.extend([(1.3, 1.3), (-0.3, 1.3)]);
        let colour = mix(colour, self.at(1.0), self.haze + 0.15);
        layer.fill(&smooth(&edge), colour, 1.0);
    }
}

/// Slanted beams from the surface, wider and weaker with depth.
fn rays(rng: &mut ChaCha8Rng, layer: &mut Layer) {
    let slant = rng.random_range(-0.5..0.5);
    for _ in 0..rng.random_range(2..5) {
        let (x, width) = (rng.random_range(-0.2..1.2), rng.random_range(0.03..0.12));
        let depth = rng.random_range(0.5..1.1);
        let (left, right) = (x + slant * depth - width, x + slant * depth + width);
        let corners =
            [(x - width / 2.0, -0.1), (x + width / 2.0, -0.1), (right, depth), (left, depth)];
        let beam: Vec<P> = corners.iter().flat_map(|&p| [p, p]).collect();
        let alpha = rng.random_range(0.05..0.2);
        layer.fill(&smooth(&beam), [1.0; 3], alpha);
    }
}
