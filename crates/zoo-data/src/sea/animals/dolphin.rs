//! A dolphin from its side: beak, curved dorsal fin, flukes; arched as in a leap.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::{Figure, Ink};
use crate::sea::path::{P, bent, smooth};

const BODY: [P; 16] = [
    (1.02, 0.03),
    (0.98, -0.02),
    (0.8, -0.05),
    (0.72, -0.15),
    (0.55, -0.24),
    (0.2, -0.28),
    (-0.2, -0.23),
    (-0.55, -0.11),
    (-0.85, -0.04),
    (-0.85, 0.03),
    (-0.55, 0.07),
    (-0.2, 0.16),
    (0.2, 0.2),
    (0.5, 0.16),
    (0.75, 0.08),
    (0.95, 0.07),
];
const BELLY: [P; 6] =
    [(0.98, 0.06), (0.6, 0.05), (0.1, 0.08), (-0.5, 0.03), (-0.2, 0.3), (0.5, 0.3)];
const DORSAL: [P; 6] =
    [(0.2, -0.25), (0.02, -0.42), (-0.2, -0.56), (-0.2, -0.56), (-0.13, -0.4), (-0.14, -0.2)];
const FLIPPER: [P; 6] =
    [(0.45, 0.1), (0.32, 0.3), (0.12, 0.44), (0.12, 0.44), (0.16, 0.28), (0.22, 0.12)];
const FLUKES: [P; 8] = [
    (-0.76, -0.03),
    (-0.93, -0.12),
    (-1.18, -0.2),
    (-1.18, -0.2),
    (-1.0, 0.03),
    (-1.12, 0.26),
    (-1.12, 0.26),
    (-0.9, 0.12),
];

pub(super) fn draw(rng: &mut ChaCha8Rng, ink: &Ink) -> Figure {
    let (head, tail) = (rng.random_range(0.1..0.3), rng.random_range(0.1..0.45));
    let outline = |points: &[P]| smooth(&bent(points, head, tail));
    let mut figure = Figure::default();
    figure.solid(outline(&FLUKES), ink.body);
    figure.solid(outline(&DORSAL), ink.body);
    figure.solid(outline(&BODY), ink.body);
    figure.mark(outline(&BELLY), ink.belly);
    figure.solid(outline(&FLIPPER), ink.pattern);
    figure.eye((0.66, -0.05 + 0.44 * head), 0.035, ink);
    figure
}
