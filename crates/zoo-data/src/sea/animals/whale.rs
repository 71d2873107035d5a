//! A whale from its side: a huge blunt head, no dorsal fin, and the flukes lifted so that both are
//! seen.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::{Figure, Ink};
use crate::sea::path::{P, bent, limb, smooth};

const BODY: [P; 15] = [
    (0.98, -0.02),
    (0.94, -0.26),
    (0.7, -0.42),
    (0.3, -0.44),
    (-0.1, -0.35),
    (-0.45, -0.18),
    (-0.8, -0.05),
    (-0.95, -0.02),
    (-0.93, 0.05),
    (-0.75, 0.1),
    (-0.4, 0.24),
    (0.0, 0.36),
    (0.4, 0.4),
    (0.75, 0.34),
    (0.94, 0.18),
];
const BELLY: [P; 7] =
    [(1.0, 0.08), (0.7, 0.1), (0.3, 0.14), (-0.1, 0.2), (-0.4, 0.2), (0.0, 0.5), (0.9, 0.5)];
const FLIPPER: [P; 6] =
    [(0.42, 0.2), (0.34, 0.42), (0.1, 0.58), (0.06, 0.56), (0.1, 0.4), (0.22, 0.2)];
const FLUKES: [P; 10] = [
    (-0.86, 0.05),
    (-1.08, 0.06),
    (-1.4, -0.1),
    (-1.4, -0.1),
    (-1.15, -0.16),
    (-0.98, -0.12),
    (-0.94, -0.34),
    (-0.72, -0.5),
    (-0.72, -0.5),
    (-0.8, -0.2),
];

pub(super) fn draw(rng: &mut ChaCha8Rng, ink: &Ink) -> Figure {
    let (head, tail) = (rng.random_range(-0.05..0.1), rng.random_range(-0.5..-0.15));
    let outline = |points: &[P]| smooth(&bent(points, head, tail));
    let mut figure = Figure::default();
    figure.solid(outline(&FLUKES), ink.body);
    figure.solid(outline(&BODY), ink.body);
    figure.mark(outline(&BELLY), ink.belly);
    for y in [0.18, 0.24, 0.3] {
        let groove = bent(&[(0.95, y - 0.04), (0.6, y), (0.25, y + 0.03)], head, tail);
        figure.mark(limb(&groove, 0.012, 0.006), ink.pattern);
    }
    figure.solid(outline(&FLIPPER), ink.pattern);
    figure.eye((0.68, 0.02 + 0.46 * head), 0.04, ink);
    figure
}
