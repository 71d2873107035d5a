//! A ray from above: wide pointed wings, a whip of a tail.

use std::f32::consts::{PI, TAU};

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::{Figure, Ink};
use crate::sea::path::{P, ellipse, limb, smooth, spine};

/// Along one wing from the nose to the root of the tail.
const WING: [P; 8] = [
    (0.58, 0.08),
    (0.42, 0.28),
    (0.2, 0.55),
    (-0.12, 0.95),
    (-0.12, 0.95),
    (-0.18, 0.6),
    (-0.3, 0.3),
    (-0.52, 0.09),
];

pub(super) fn draw(rng: &mut ChaCha8Rng, ink: &Ink) -> Figure {
    let mut figure = Figure::default();
    // A wing lifted towards the eye looks shorter.
    let (right, left) = (rng.random_range(0.7..1.0), rng.random_range(0.7..1.0));
    let outline = WING.iter().map(|&(x, y)| (x, y * right));
    let back = WING.iter().rev().map(|&(x, y)| (x, -y * left));
    let (wave, phase) = (rng.random_range(0.0..0.5), rng.random_range(0.0..TAU));
    let tail = spine((-0.45, 0.0), 0.95, 6, |t| PI + wave * (4.0 * t + phase).sin());
    figure.solid(limb(&tail, 0.06, 0.015), ink.body);
    figure.solid(smooth(&outline.chain(back).collect::<Vec<_>>()), ink.body);
    if rng.random_bool(0.6) {
        for _ in 0..rng.random_range(6..14) {
            let spot = (rng.random_range(-0.3..0.4), rng.random_range(-0.5..0.5));
            figure.mark(ellipse(spot, 0.05, 0.05), ink.belly);
        }
    } else {
        figure.mark(limb(&[(0.5, 0.0), (-0.5, 0.0)], 0.07, 0.03), ink.pattern);
    }
    figure.eye((0.42, 0.13), 0.035, ink);
    figure.eye((0.42, -0.13), 0.035, ink);
    figure
}
