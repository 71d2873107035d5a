//! A sea turtle from above: shell with scutes, long front flippers in mid-stroke, short hind
//! flippers.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::{Figure, Ink};
use crate::sea::{
    canvas::mix,
    path::{P, ellipse, limb, ring, smooth, spine},
};

const SHELL: [P; 10] = [
    (0.52, 0.0),
    (0.44, -0.25),
    (0.15, -0.42),
    (-0.2, -0.38),
    (-0.5, -0.18),
    (-0.62, 0.0),
    (-0.5, 0.18),
    (-0.2, 0.38),
    (0.15, 0.42),
    (0.44, 0.25),
];

pub(super) fn draw(rng: &mut ChaCha8Rng, ink: &Ink) -> Figure {
    let mut figure = Figure::default();
    // Near the body's colour: it is the one that stands out from the water.
    let shell = mix(ink.body, ink.pattern, 0.4);
    let scute = if rng.random_bool(0.5) { ink.belly } else { ink.pattern };
    let stroke = rng.random_range(1.25..1.75);
    for side in [-1.0, 1.0] {
        let stroke = stroke + rng.random_range(-0.15..0.15);
        let front = spine((0.3, side * 0.3), 0.8, 4, |t| side * (stroke - 0.5 + 1.3 * t));
        figure.solid(limb(&front, 0.15, 0.06), ink.body);
        let hind = spine((-0.42, side * 0.22), 0.4, 2, |t| side * (2.3 + 0.4 * t));
        figure.solid(limb(&hind, 0.1, 0.06), ink.body);
    }
    figure.solid(ellipse((0.7, 0.0), 0.22, 0.15), ink.body);
    figure.solid(smooth(&SHELL), shell);
    for x in [-0.36, -0.04, 0.28] {
        figure.mark(ring((x, 0.0), 0.13, 0.13, 6, |_| 1.0), scute);
    }
    for (x, y) in [(-0.22, 0.25), (0.12, 0.28)] {
        figure.mark(ellipse((x, y), 0.12, 0.08), scute);
        figure.mark(ellipse((x, -y), 0.12, 0.08), scute);
    }
    figure.eye((0.78, 0.08), 0.03, ink);
    figure.eye((0.78, -0.08), 0.03, ink);
    figure
}
