//! Marine animals, drawn: ten classes, any size, no files.
//!
//! A drawing is a function of its arguments. The picture is the same at every size but for the
//! grain of the sensor's noise; bits may differ between machines whose floating-point libraries
//! differ.

mod animals;
mod canvas;
mod path;
mod scenery;
mod water;

use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

use animals::ANIMALS;
use canvas::{Layer, mix};
use water::Water;

/// Names of the classes; a name's place is its label.
pub const CLASSES: [&str; ANIMALS.len()] = {
    let mut names = [""; ANIMALS.len()];
    let mut label = 0;
    while label < names.len() {
        names[label] = ANIMALS[label].name;
        label += 1;
    }
    names
};

/// A picture of one animal, and where the animal is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawing {
    /// Width and height in pixels.
    pub size: usize,
    /// Red, green and blue of each pixel, row by row (HWC): `3 * size * size` bytes.
    pub pixels: Vec<u8>,
    /// How much of each pixel the animal fills as seen, from 0 to 255: `size * size` bytes, at
    /// most a quarter of the picture in sum.
    pub mask: Vec<u8>,
}

/// Draws the picture `index` of the class `class` at `size` by `size` pixels.
///
/// # Panics
/// If `class` is not a place in [`CLASSES`], or `size` is 0 or beyond what memory holds.
pub fn draw(seed: u64, index: u64, class: usize, size: usize) -> Drawing {
    assert!(class < ANIMALS.len(), "class {class} of {}", ANIMALS.len());
    assert!(size > 0, "a drawing needs a size of at least 1");
    let mut rng = rng(seed, index, class);
    let water = Water::draw(&mut rng);
    let mut picture = water.paint(&mut rng, size);
    scenery::behind(&mut rng, &water, &mut picture);
    let animal = animals::paint(&mut rng, &ANIMALS[class], &water, size);
    let mut front = Layer::new(size);
    scenery::in_front(&mut rng, &water, &mut front);
    // More than half of the pictures are sharp.
    let blur = rng.random_range(-0.015f32..0.01).max(0.0) * size as f32;
    let noise = rng.random_range(0.0..0.05);
    let (mut light, mask) = compose(&water, &picture, &animal, &front, size);
    soften(&mut light, size, blur);
    let pixels = expose(&mut rng, &light, water.light, noise);
    Drawing { size, pixels, mask }
}

/// A generator for each picture: its key is the arguments themselves.
fn rng(seed: u64, index: u64, class: usize) -> ChaCha8Rng {
    let mut key = *b"........................zoo sea\n";
    for (bytes, word) in key.chunks_exact_mut(8).zip([seed, index, class as u64]) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

/// The layers over one another, the animal shaded and hazed by the water: colours from 0 to 255,
/// and the mask.
fn compose(
    water: &Water,
    picture: &Layer,
    animal: &Layer,
    front: &Layer,
    size: usize,
) -> (Vec<[f32; 3]>, Vec<u8>) {
    let layers = [picture, animal, front].map(|layer| layer.pixmap.data().chunks_exact(4));
    let [picture, animal, front] = layers;
    let mut light = Vec::with_capacity(size * size);
    let mut mask = Vec::with_capacity(size * size);
    for (i, ((back, animal), front)) in picture.zip(animal).zip(front).enumerate() {
        let y = (i / size) as f32 / size as f32;
        let cover = f32::from(animal[3]) / 255.0;
        let seen = 1.0 - f32::from(front[3]) / 255.0;
        let shade = 1.1 - water.shade * y;
        let body = [0, 1, 2].map(|c| f32::from(animal[c]) * shade);
        let haze = water.at(y).map(|c| c * 255.0 * cover);
        let body = mix(body, haze, water.haze);
        light.push(std::array::from_fn(|c| {
            (f32::from(back[c]) * (1.0 - cover) + body[c]) * seen + f32::from(front[c])
        }));
        mask.push((cover * seen * 255.0 + 0.5) as u8);
    }
    (light, mask)
}

/// Blurs by about `radius` pixels: a first-order filter run both ways along rows and columns.
fn soften(light: &mut [[f32; 3]], size: usize, radius: f32) {
    if radius == 0.0 {
        return;
    }
    let keep = (-1.0 / radius).exp();
    let follow = |from: [f32; 3], to: &mut [f32; 3]| *to = mix(*to, from, keep);
    for row in light.chunks_exact_mut(size) {
        for x in 1..size {
            follow(row[x - 1], &mut row[x]);
        }
        for x in (1..size).rev() {
            follow(row[x], &mut row[x - 1]);
        }
    }
    for i in size..light.len() {
        follow(light[i - size], &mut light[i]);
    }
    for i in (size..light.len()).rev() {
        follow(light[i], &mut light[i - size]);
    }
}

/// Bytes from light: brightness times `gain`, and noise of about `noise` of the full range.
fn expose(rng: &mut ChaCha8Rng, light: &[[f32; 3]], gain: f32, noise: f32) -> Vec<u8> {
    let mut grain = vec![0; light.len() * 6];
    rng.fill_bytes(&mut grain);
    let values = light.as_flattened().iter();
    values
        .zip(grain.chunks_exact(2))
        .map(|(value, grain)| {
            let grain = f32::from(grain[0]) - f32::from(grain[1]);
            (value * gain + grain * noise + 0.5) as u8
        })
        .collect()
}

#[cfg(test)]
mod tests;
