//! A jellyfish: a wide bell with a scalloped rim over thin trailing tentacles.

use std::f32::consts::{FRAC_PI_2, TAU};

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::{Figure, Ink};
use crate::sea::path::{P, ellipse, limb, mirrored, smooth, spine};

const HALF_BELL: [P; 9] = [
    (0.18, -0.9),
    (0.45, -0.78),
    (0.64, -0.5),
    (0.7, -0.12),
    (0.7, -0.12),
    (0.5, -0.04),
    (0.42, -0.14),
    (0.24, -0.03),
    (0.14, -0.13),
];

pub(super) fn draw(rng: &mut ChaCha8Rng, ink: &Ink) -> Figure {
    let mut figure = Figure::default();
    // The bell's pulse: wide and flat, or drawn together.
    let pulse = rng.random_range(0.85..1.1);
    let (wave, phase) = (rng.random_range(0.2..0.6), rng.random_range(0.0..TAU));
    let drift = rng.random_range(-0.3..0.3);
    let trail = |root: f32, length: f32| {
        spine((root * pulse, -0.15), length, 7, |t| {
            FRAC_PI_2 + drift * t + wave * (7.0 * t + phase + root).sin()
        })
    };
    for i in 0..7 {
        let root = (i as f32 / 3.0 - 1.0) * 0.58;
        let length = rng.random_range(0.9..1.4);
        figure.solid(limb(&trail(root, length), 0.032, 0.016), ink.body);
    }
    for root in [-0.16, 0.05, 0.2] {
        let length = rng.random_range(0.6..0.9);
        figure.solid(limb(&trail(root, length), 0.1, 0.03), ink.belly);
    }
    let bell: Vec<P> = mirrored(&HALF_BELL).iter().map(|&(x, y)| (x * pulse, y / pulse)).collect();
    figure.solid(smooth(&bell), ink.body);
    figure.mark(ellipse((0.0, -0.1), 0.8, 0.14), ink.belly);
    for x in [-0.3, -0.1, 0.1, 0.3] {
        figure.mark(ellipse((x * pulse, -0.5), 0.06, 0.15), ink.pattern);
    }
    figure
}
