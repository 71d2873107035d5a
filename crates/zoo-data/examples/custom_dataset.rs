//! A dataset of one's own: anything that gives images and labels becomes splits, augmented batches,
//! and contact sheets.
//!
//! ```sh
//! cargo run --release --example custom_dataset
//! ```

use std::sync::Arc;

use burn::tensor::Device;
use sha2::Digest;
use zoo_data::{
    Augmentation, DataError, Image, ImageSource, Loader, LoaderConfig, Preprocess, Sha256, Split,
};

/// Squares and discs on a black ground, drawn when they are asked for.
struct Shapes;

impl ImageSource for Shapes {
    fn label(&self, index: usize) -> usize {
        index % 2
    }

    fn image(&self, index: usize) -> Result<Image, DataError> {
        let radius = 4 + (index / 2 % 8) as i32;
        let is_inside = |x: i32, y: i32| match self.label(index) {
            0 => x.abs().max(y.abs()) <= radius,
            _ => x * x + y * y <= radius * radius,
        };
        let pixels = (0..32 * 32).map(|place| (place % 32 - 16, place / 32 - 16));
        let grey = pixels.map(|(x, y)| if is_inside(x, y) { 255 } else { 0 });
        Ok(Image::new(32, 32, 1, grey.collect()))
    }

    fn name(&self, index: usize) -> String {
        format!("shape #{index}")
    }

    fn stamp(&self, hasher: &mut Sha256) {
        hasher.update(b"shapes, version 1");
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let split = Split::new(Arc::new(Shapes), (0..100).collect::<Vec<usize>>());
    let preprocess = Preprocess::new(28, &[0.5], &[0.5]);
    let rotation = Augmentation::RandomRotation(Default::default());
    let loader = Loader::new(&split, &preprocess, &LoaderConfig::default(), &Device::flex())
        .shuffled(7)
        .augmented(&[rotation]);
    for batch in loader.epoch(0, 0) {
        let batch = batch?;
        println!("{:?}, labels {}", batch.images.dims(), batch.targets.into_data());
    }
    Ok(())
}
