//! What is in the water besides the animal: rocks, corals and small fish behind it, kelp, bubbles
//! and plankton in front.

use std::f32::consts::{PI, TAU};

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use tiny_skia::Transform;

use super::{
    canvas::{Layer, Rgb, hsl, mix},
    path::{ellipse, joined, limb, ring, smooth, spine},
    water::Water,
};

/// Rocks, corals and small fish, seen through some water.
pub(super) fn behind(rng: &mut ChaCha8Rng, water: &Water, layer: &mut Layer) {
    let far = water.haze + rng.random_range(0.1..0.4);
    for _ in 0..rng.random_range(0..3) {
        let colour = mix(any_colour(rng, 0.3), water.at(0.9), far);
        rock(rng, colour, layer);
    }
    for _ in 0..rng.random_range(0..3) {
        let colour = mix(any_colour(rng, 0.6), water.at(0.9), far);
        coral(rng, colour, layer);
    }
    if rng.random_bool(0.4) {
        let colour = mix(any_colour(rng, 0.5), water.at(0.5), far);
        school(rng, colour, layer);
    }
}

/// Kelp, bubbles and plankton.
pub(super) fn in_front(rng: &mut ChaCha8Rng, water: &Water, layer: &mut Layer) {
    if rng.random_bool(0.3) {
        let green = hsl(rng.random_range(0.15..0.4), 0.4, rng.random_range(0.15..0.45));
        for _ in 0..rng.random_range(1..3) {
            kelp(rng, mix(green, water.at(0.7), 0.2), layer);
        }
    }
    if rng.random_bool(0.4) {
        for _ in 0..rng.random_range(1..5) {
            bubble(rng, layer);
        }
    }
    for _ in 0..rng.random_range(0..6) {
        let at = (rng.random_range(0.0..1.0), rng.random_range(0.0..1.0));
        let radius = rng.random_range(0.004..0.012);
        let alpha = rng.random_range(0.2..0.7);
        layer.fill(&ring(at, radius, radius, 4, |_| 1.0), water.at(0.0).map(|c| c + 0.3), alpha);
    }
}

fn any_colour(rng: &mut ChaCha8Rng, saturation: f32) -> Rgb {
    let saturation = saturation * rng.random_range(0.3..1.0);
    hsl(rng.random_range(0.0..1.0), saturation, rng.random_range(0.2..0.6))
}

fn rock(rng: &mut ChaCha8Rng, colour: Rgb, layer: &mut Layer) {
    let at = (rng.random_range(0.0..1.0), rng.random_range(0.92..1.05));
    let (rx, ry) = (rng.random_range(0.08..0.25), rng.random_range(0.06..0.2));
    let path = ring(at, rx, ry, 9, |_| rng.random_range(0.8..1.2));
    layer.fill(&path, colour, 1.0);
}

fn coral(rng: &mut ChaCha8Rng, colour: Rgb, layer: &mut Layer) {
    let root = (rng.random_range(0.0..1.0), 1.0);
    let height = rng.random_range(0.12..0.3);
    let branches = (0..rng.random_range(3..6)).map(|_| {
        let heading = rng.random_range(-2.4..-0.7);
        let turn = rng.random_range(-0.8..0.8);
        limb(&spine(root, height, 3, |t| heading + turn * t), 0.02, 0.012)
    });
    layer.fill(&joined(branches), colour, 1.0);
}

/// A few small fish, all going the same way.
fn school(rng: &mut ChaCha8Rng, colour: Rgb, layer: &mut Layer) {
    let fish = smooth(&[
        (1.0, 0.0),
        (0.4, -0.38),
        (-0.5, -0.1),
        (-1.0, -0.4),
        (-0.85, 0.0),
        (-1.0, 0.4),
        (-0.5, 0.1),
        (0.4, 0.38),
    ]);
    let length = rng.random_range(0.03..0.06);
    let way = if rng.random_bool(0.5) { 1.0 } else { -1.0 };
    let (x, y) = (rng.random_range(0.1..0.9), rng.random_range(0.1..0.8));
    for _ in 0..rng.random_range(2..6) {
        let (dx, dy) = (rng.random_range(-0.2..0.2), rng.random_range(-0.15..0.15));
        let place = Transform::from_row(way * length, 0.0, 0.0, length, x + dx, y + dy);
        layer.fill_at(&fish, colour, place);
    }
}

fn kelp(rng: &mut ChaCha8Rng, colour: Rgb, layer: &mut Layer) {
    let root = (rng.random_range(0.0..1.0), 1.05);
    let (wave, phase) = (rng.random_range(0.1..0.5), rng.random_range(0.0..TAU));
    let length = rng.random_range(0.4..1.1);
    let stem = spine(root, length, 7, |t| -PI / 2.0 + wave * (6.0 * t + phase).sin());
    let leaves = stem.iter().enumerate().skip(1).map(|(i, &joint)| {
        let heading = if i % 2 == 0 { -0.6 } else { -PI + 0.6 };
        limb(&spine(joint, 0.09, 2, |t| heading - wave * t), 0.014, 0.004)
    });
    let plant = joined(leaves.chain([limb(&stem, rng.random_range(0.012..0.024), 0.006)]));
    layer.fill(&plant, colour, 1.0);
}

fn bubble(rng: &mut ChaCha8Rng, layer: &mut Layer) {
    let (x, y) = (rng.random_range(0.0..1.0), rng.random_range(0.0..1.0));
    let radius = rng.random_range(0.012..0.04);
    layer.fill(&ellipse((x, y), radius, radius), [0.9; 3], 0.35);
    let glint = (x - radius * 0.35, y - radius * 0.35);
    layer.fill(&ellipse(glint, radius * 0.35, radius * 0.35), [1.0; 3], 0.8);
}
