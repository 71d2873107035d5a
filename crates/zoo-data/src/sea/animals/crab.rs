//! A crab from the front: a wide carapace, two raised claws, three bent legs a side and eyes on
//! stalks.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::{Figure, Ink};
use crate::sea::path::{P, ellipse, limb, mirrored, smooth, spine};

const HALF_CARAPACE: [P; 5] = [(0.2, -0.3), (0.48, -0.24), (0.56, -0.04), (0.4, 0.2), (0.15, 0.3)];
/// A pincer pointing along +x, its wrist at the origin.
const CLAW: [P; 11] = [
    (-0.04, 0.0),
    (0.08, -0.18),
    (0.3, -0.24),
    (0.52, -0.12),
    (0.52, -0.12),
    (0.26, 0.0),
    (0.26, 0.0),
    (0.48, 0.12),
    (0.48, 0.12),
    (0.3, 0.18),
    (0.1, 0.14),
];

pub(super) fn draw(rng: &mut ChaCha8Rng, ink: &Ink) -> Figure {
    let mut figure = Figure::default();
    for side in [-1.0, 1.0] {
        let sided =
            |points: &[P]| -> Vec<P> { points.iter().map(|&(x, y)| (side * x, y)).collect() };
        let gait = rng.random_range(-0.15..0.15);
        for (i, y) in [-0.02, 0.1, 0.2].into_iter().enumerate() {
            let lift = -0.5 + 0.4 * i as f32 + gait;
            let leg = spine((0.4, y), 0.8, 4, |t| lift + 2.2 * t * t);
            figure.solid(limb(&sided(&leg), 0.065, 0.02), ink.pattern);
        }
        let arm = spine((0.42, -0.12), 0.42, 3, |t| -0.2 + gait - 1.2 * t);
        figure.solid(limb(&sided(&arm), 0.07, 0.07), ink.body);
        let (sin, cos) = rng.random_range(-2.1f32..-1.3).sin_cos();
        let (x, y) = arm[3];
        let claw = CLAW.map(|(u, v)| (x + u * cos - v * sin, y + u * sin + v * cos));
        figure.solid(smooth(&sided(&claw)), ink.body);
        let stalk = [(0.14, -0.25), (0.17, -0.42)];
        figure.solid(limb(&sided(&stalk), 0.035, 0.035), ink.body);
        figure.solid(ellipse((side * 0.17, -0.44), 0.06, 0.06), ink.eye);
    }
    figure.solid(smooth(&mirrored(&HALF_CARAPACE)), ink.body);
    figure.mark(ellipse((0.0, 0.2), 0.35, 0.12), ink.belly);
    for x in [-0.22, 0.0, 0.22] {
        figure.mark(ellipse((x, -0.08), 0.06, 0.05), ink.pattern);
    }
    figure
}
