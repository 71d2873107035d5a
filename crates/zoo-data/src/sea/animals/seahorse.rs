//! A seahorse: snout, crest, a belly with rings and a tail that curls forward.

use std::f32::consts::FRAC_PI_2;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::{Figure, Ink};
use crate::sea::path::{P, ellipse, limb, smooth, spine, tube};

/// Down the body from the neck, with the half widths there.
const BODY: [(f32, f32, f32); 6] = [
    (0.02, -0.72, 0.12),
    (-0.1, -0.5, 0.13),
    (-0.04, -0.25, 0.2),
    (0.04, 0.0, 0.24),
    (0.0, 0.25, 0.17),
    (-0.1, 0.48, 0.11),
];
const BACK_FIN: [P; 5] =
    [(-0.12, -0.12), (-0.42, -0.16), (-0.46, 0.02), (-0.4, 0.16), (-0.12, 0.18)];
const CREST: [P; 7] = [
    (-0.1, -0.72),
    (-0.2, -0.9),
    (-0.08, -0.88),
    (-0.02, -1.06),
    (0.05, -0.9),
    (0.16, -1.0),
    (0.14, -0.8),
];

pub(super) fn draw(rng: &mut ChaCha8Rng, ink: &Ink) -> Figure {
    let mut figure = Figure::default();
    let curl = rng.random_range(3.6..5.2);
    let nod = rng.random_range(-0.05..0.55);
    let tail = spine((-0.09, 0.42), 0.95, 8, |t| FRAC_PI_2 + 0.35 - curl * t * t.sqrt());
    figure.solid(smooth(&BACK_FIN), ink.belly);
    figure.solid(smooth(&CREST), ink.pattern);
    figure.solid(limb(&tail, 0.11, 0.025), ink.body);
    let body: Vec<P> = BODY.iter().map(|&(x, y, _)| (x, y)).collect();
    figure.solid(tube(&body, |i| BODY[i].2), ink.body);
    figure.solid(ellipse((0.06, -0.78), 0.2, 0.16), ink.body);
    let snout = spine((0.12, -0.76), 0.48, 3, |_| nod);
    figure.solid(tube(&snout, |i| [0.1, 0.06, 0.055, 0.075][i]), ink.body);
    figure.mark(ellipse((0.2, 0.0), 0.1, 0.3), ink.belly);
    for i in 0..5 {
        let y = -0.34 + 0.16 * i as f32;
        figure.mark(limb(&[(-0.25, y), (0.3, y + 0.04)], 0.016, 0.016), ink.pattern);
    }
    figure.eye((0.12, -0.81), 0.045, ink);
    figure
}
