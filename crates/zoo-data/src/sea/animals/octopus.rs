//! An octopus: a tall round mantle with two eyes over eight tapered, curling arms.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::{Figure, Ink};
use crate::sea::path::{P, ellipse, limb, mirrored, smooth, spine};

const HALF_MANTLE: [P; 6] =
    [(0.12, -1.0), (0.36, -0.84), (0.42, -0.55), (0.3, -0.25), (0.3, 0.0), (0.14, 0.14)];

pub(super) fn draw(rng: &mut ChaCha8Rng, ink: &Ink) -> Figure {
    let mut figure = Figure::default();
    let curl = rng.random_range(0.8..2.2);
    for i in 0..8 {
        // From far right (0) round below to far left (1).
        let fan = i as f32 / 7.0;
        let side = if i < 4 { -1.0 } else { 1.0 };
        let heading = 0.15 + 2.84 * fan + rng.random_range(-0.12..0.12);
        let length = rng.random_range(0.8..1.05);
        let turn = side * curl * rng.random_range(0.6..1.2);
        let root = (0.22 - 0.44 * fan, 0.0);
        let arm = spine(root, length, 6, |t| heading - 0.4 * turn * t + 1.8 * turn * t * t);
        figure.solid(limb(&arm, 0.12, 0.02), if i % 2 == 0 { ink.body } else { ink.pattern });
    }
    figure.solid(smooth(&mirrored(&HALF_MANTLE)), ink.body);
    for _ in 0..rng.random_range(0..6) {
        let spot = (rng.random_range(-0.3..0.3), rng.random_range(-0.9..-0.4));
        figure.mark(ellipse(spot, 0.06, 0.06), ink.pattern);
    }
    for x in [-0.16, 0.16] {
        figure.mark(ellipse((x, -0.14), 0.1, 0.1), [0.95; 3]);
        figure.eye((x, -0.12), 0.055, ink);
    }
    figure
}
