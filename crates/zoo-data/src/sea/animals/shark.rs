//! A shark from its side: a straight body, a tall triangular dorsal fin and a tail whose upper lobe
//! is the longer.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::{Figure, Ink};
use crate::sea::path::{P, bent, limb, smooth};

const BODY: [P; 14] = [
    (1.05, -0.04),
    (1.05, -0.04),
    (0.8, -0.14),
    (0.45, -0.2),
    (0.1, -0.2),
    (-0.35, -0.13),
    (-0.85, -0.05),
    (-0.85, 0.02),
    (-0.35, 0.07),
    (0.1, 0.13),
    (0.45, 0.14),
    (0.75, 0.1),
    (0.88, 0.04),
    (0.95, 0.02),
];
const BELLY: [P; 6] =
    [(1.0, 0.01), (0.6, 0.04), (0.0, 0.04), (-0.6, 0.01), (-0.2, 0.3), (0.6, 0.3)];
const DORSAL: [P; 6] =
    [(0.32, -0.17), (0.14, -0.42), (-0.06, -0.62), (-0.06, -0.62), (-0.02, -0.36), (-0.1, -0.15)];
const SECOND_DORSAL: [P; 5] =
    [(-0.42, -0.1), (-0.58, -0.24), (-0.58, -0.24), (-0.55, -0.12), (-0.56, -0.06)];
const TAIL: [P; 9] = [
    (-0.76, -0.05),
    (-0.95, -0.25),
    (-1.2, -0.58),
    (-1.2, -0.58),
    (-1.02, -0.08),
    (-1.1, 0.3),
    (-1.1, 0.3),
    (-0.92, 0.1),
    (-0.78, 0.02),
];
const PECTORAL: [P; 6] =
    [(0.48, 0.06), (0.3, 0.3), (0.06, 0.46), (0.06, 0.46), (0.12, 0.24), (0.2, 0.08)];
const PELVIC: [P; 4] = [(-0.3, 0.05), (-0.48, 0.2), (-0.48, 0.2), (-0.46, 0.03)];

pub(super) fn draw(rng: &mut ChaCha8Rng, ink: &Ink) -> Figure {
    let (head, tail) = (rng.random_range(-0.1..0.1), rng.random_range(-0.15..0.15));
    let outline = |points: &[P]| smooth(&bent(points, head, tail));
    let mut figure = Figure::default();
    for fin in [&TAIL[..], &DORSAL, &SECOND_DORSAL, &PELVIC] {
        figure.solid(outline(fin), ink.body);
    }
    figure.solid(outline(&BODY), ink.body);
    figure.mark(outline(&BELLY), ink.belly);
    for x in [0.5, 0.57, 0.64] {
        let gill = bent(&[(x, -0.08), (x - 0.03, 0.06)], head, tail);
        figure.mark(limb(&gill, 0.012, 0.012), ink.pattern);
    }
    figure.solid(outline(&PECTORAL), ink.pattern);
    figure.eye((0.85, -0.06 + 0.72 * head), 0.03, ink);
    figure
}
