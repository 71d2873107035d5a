//! A starfish from above: five tapered arms with rows of dots.

use std::f32::consts::TAU;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::{Figure, Ink};
use crate::sea::path::{P, ellipse, smooth};

pub(super) fn draw(rng: &mut ChaCha8Rng, ink: &Ink) -> Figure {
    let mut figure = Figure::default();
    let inner = rng.random_range(0.28..0.38);
    let bend = rng.random_range(-0.25..0.25);
    let mut outline: Vec<P> = Vec::new();
    let mut dots: Vec<P> = Vec::new();
    for arm in 0..5 {
        let angle = arm as f32 / 5.0 * TAU + rng.random_range(-0.08..0.08);
        let reach = rng.random_range(0.9..1.1);
        let at = |radius: f32, turn: f32| polar(radius, angle + turn + bend * radius * radius);
        outline.extend([at(reach * 0.97, -0.07), at(reach * 0.97, 0.07)]);
        outline.push(polar(inner, (arm as f32 + 0.5) / 5.0 * TAU + bend * 0.2));
        dots.extend([at(0.3, 0.0), at(0.52, 0.0), at(0.72, 0.0)]);
    }
    figure.solid(smooth(&outline), ink.body);
    let dot = if rng.random_bool(0.5) { ink.belly } else { ink.pattern };
    for (i, &centre) in dots.iter().enumerate() {
        let radius = [0.08, 0.065, 0.045][i % 3];
        figure.mark(ellipse(centre, radius, radius), dot);
    }
    figure
}

fn polar(radius: f32, angle: f32) -> P {
    (radius * angle.cos(), radius * angle.sin())
}
