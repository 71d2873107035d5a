//! The ten animals. Another one is a file with its `draw`, and a line in the table.

mod crab;
mod dolphin;
mod jellyfish;
mod octopus;
mod ray;
mod sea_turtle;
mod seahorse;
mod shark;
mod starfish;
mod whale;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use tiny_skia::{Path, Transform};

use super::{
    canvas::{Layer, Rgb, hsl, mix},
    path::{P, area, ellipse},
    water::Water,
};

/// A kind of animal.
pub(super) struct Animal {
    /// The class's name.
    pub(super) name: &'static str,
    /// Draws one in its own coordinates: heading right if it swims level, upright if it does not.
    draw: fn(&mut ChaCha8Rng, &Ink) -> Figure,
    /// How far it may be turned either way, in degrees.
    tilt: f32,
}

const fn animal(
    name: &'static str,
    draw: fn(&mut ChaCha8Rng, &Ink) -> Figure,
    tilt: f32,
) -> Animal {
    Animal { name, draw, tilt }
}

/// Every animal; its place in the table is its label.
pub(super) const ANIMALS: [Animal; 10] = [
    animal("dolphin", dolphin::draw, 30.0),
    animal("sea-turtle", sea_turtle::draw, 50.0),
    animal("whale", whale::draw, 25.0),
    animal("shark", shark::draw, 30.0),
    animal("octopus", octopus::draw, 35.0),
    animal("jellyfish", jellyfish::draw, 35.0),
    animal("starfish", starfish::draw, 180.0),
    animal("seahorse", seahorse::draw, 25.0),
    animal("crab", crab::draw, 35.0),
    animal("ray", ray::draw, 50.0),
];

/// The most of the frame that an animal may cover: less than the promised quarter, as anti-aliasing
/// rounds up.
const LARGEST_SHARE: f32 = 0.22;

/// The colours of one animal, drawn in the same way for every class.
pub(super) struct Ink {
    body: Rgb,
    /// Paler than the body.
    belly: Rgb,
    /// Darker than the body, of a hue close to its own.
    pattern: Rgb,
    eye: Rgb,
}

impl Ink {
    fn draw(rng: &mut ChaCha8Rng, water: &Water) -> Self {
        let hue = rng.random_range(0.0..1.0);
        let saturation = rng.random_range(0.05..0.65);
        // Clearly lighter or darker than the water, or nobody could recognise it.
        let behind = luminance(water.at(0.5));
        let step = rng.random_range(0.25..0.4);
        let lighter = behind < 0.35 || (behind < 0.6 && rng.random_bool(0.7));
        let lightness = if lighter { behind + step } else { behind - step };
        let lightness = lightness.clamp(0.1, 0.9);
        let body = hsl(hue, saturation, lightness);
        let other = hue + rng.random_range(-0.15..0.15);
        Self {
            body,
            belly: mix(body, [1.0; 3], rng.random_range(0.2..0.6)),
            pattern: hsl(other, saturation, lightness * rng.random_range(0.4..0.75)),
            eye: [0.04; 3],
        }
    }
}

fn luminance([r, g, b]: Rgb) -> f32 {
    0.3 * r + 0.59 * g + 0.11 * b
}

/// An animal's painted parts, from the back to the front.
#[derive(Default)]
struct Figure {
    parts: Vec<Part>,
}

struct Part {
    path: Path,
    colour: Rgb,
    solid: bool,
}

impl Figure {
    /// Adds a part of the body.
    fn solid(&mut self, path: Path, colour: Rgb) {
        self.parts.push(Part { path, colour, solid: true });
    }

    /// Adds a marking, seen only where it lies on the parts added before.
    fn mark(&mut self, path: Path, colour: Rgb) {
        self.parts.push(Part { path, colour, solid: false });
    }

    /// Adds a round eye.
    fn eye(&mut self, centre: P, radius: f32, ink: &Ink) {
        self.mark(ellipse(centre, radius, radius), ink.eye);
    }

    fn body(&self) -> impl Iterator<Item = &Path> {
        self.parts.iter().filter(|part| part.solid).map(|part| &part.path)
    }

    /// The least and the largest x and y of the body once turned: `[left, top, right, bottom]`.
    fn bounds(&self, turn: Transform) -> [f32; 4] {
        let mut bounds = [f32::MAX, f32::MAX, f32::MIN, f32::MIN];
        for point in self.body().flat_map(|path| path.points()) {
            let mut p = *point;
            turn.map_point(&mut p);
            bounds =
                [bounds[0].min(p.x), bounds[1].min(p.y), bounds[2].max(p.x), bounds[3].max(p.y)];
        }
        bounds
    }

    fn paint(&self, layer: &mut Layer, place: Transform) {
        for part in &self.parts {
            if part.solid {
                layer.fill_at(&part.path, part.colour, place);
            } else {
                layer.mark_at(&part.path, part.colour, place);
            }
        }
    }
}

/// Draws an animal somewhere in the frame, on a layer of its own.
pub(super) fn paint(rng: &mut ChaCha8Rng, animal: &Animal, water: &Water, size: usize) -> Layer {
    let ink = Ink::draw(rng, water);
    let figure = (animal.draw)(rng, &ink);
    let place = place(rng, &figure, animal.tilt);
    let mut layer = Layer::new(size);
    figure.paint(&mut layer, place);
    layer
}

/// Where the figure goes: stretched, mirrored and turned, then scaled to a share of the frame that
/// it does not pass.
fn place(rng: &mut ChaCha8Rng, figure: &Figure, tilt: f32) -> Transform {
    let aspect: f32 = rng.random_range(0.88..1.14);
    let mirror = if rng.random_bool(0.5) { 1.0 } else { -1.0 };
    let turn = Transform::from_rotate(rng.random_range(-tilt..tilt))
        .pre_scale(mirror * aspect, 1.0 / aspect);
    let [left, top, right, bottom] = figure.bounds(turn);
    // Parts that overlap count twice here, so the share covered is at most the one drawn.
    let whole: f32 = figure.body().map(area).sum();
    let by_area = (rng.random_range(0.14..LARGEST_SHARE) / whole).sqrt();
    let by_length = rng.random_range(0.75..0.98) / (right - left).max(bottom - top);
    let scale = by_area.min(by_length);
    let mut along = |least: f32, most: f32| {
        // A little of it may be outside of the frame.
        let (first, last) = (-0.03 - least * scale, 1.03 - most * scale);
        first + (last - first) * rng.random_range(0.0..1.0)
    };
    let (x, y) = (along(left, right), along(top, bottom));
    turn.post_scale(scale, scale).post_translate(x, y)
}
