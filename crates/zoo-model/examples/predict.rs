//! Classifies photos with weights that the zoo has trained or imported.
//!
//! ```sh
//! cargo run --release -- train configs/quickstart.json
//! cargo run --release --example predict -- runs/quickstart/model.safetensors docs/sea.png
//! ```

use std::path::Path;

use burn::tensor::Device;
use zoo_model::{Image, Predictor};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let weights = arguments.next().ok_or("usage: predict WEIGHTS IMAGE...")?;
    let network = Predictor::open(Path::new(&weights), &Device::flex())?;
    for path in arguments {
        let scores = network.predict(&[Image::open(Path::new(&path))?])?.remove(0);
        let best = scores.ranking()[0];
        let probability = 100.0 * scores.probabilities[best];
        println!("{path}: {} {probability:.1} %", network.info.classes[best]);
    }
    Ok(())
}
