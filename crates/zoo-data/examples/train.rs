//! Trains a small Vision Transformer on the built-in dataset, with Burn and plain crates: no runner,
//! no config file.
//!
//! ```sh
//! cargo run --release --example train
//! ```

use std::f64::consts::PI;

use burn::{
    module::Module, nn::loss::CrossEntropyLossConfig, optim::GradientsParams, tensor::Device,
};
use zoo_data::{Augmentation, DataConfig, Loader, LoaderConfig, SeaConfig};
use zoo_kernels::optim::AdamWConfig;
use zoo_vit::{Pooling, VitConfig, VitPreset};

const EPOCHS: usize = 20;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = Device::flex();
    let sea = DataConfig::Sea(SeaConfig::default()).open()?;
    let flip = Augmentation::RandomHorizontalFlip(Default::default());
    let train = Loader::new(&sea.train, &sea.preprocess, &LoaderConfig::default(), &device)
        .shuffled(42)
        .augmented(&[flip]);
    let valid = Loader::new(&sea.valid, &sea.preprocess, &LoaderConfig::default(), &device);

    let config = VitConfig {
        num_classes: sea.classes.len(),
        embed_dim: 64,
        depth: 3,
        mlp_dim: 128,
        pooling: Pooling::Mean,
        ..VitConfig::preset(VitPreset::Mini)
    };
    device.seed(42);
    let mut model = config.init(&device.clone().autodiff());
    let mut optimizer = AdamWConfig::new().init();
    let loss = CrossEntropyLossConfig::new().init(&device);
    let steps = EPOCHS * train.num_batches();
    for epoch in 0..EPOCHS {
        for (number, batch) in train.epoch(epoch, 0).enumerate() {
            let batch = batch?;
            let loss = loss.forward(model.forward(batch.images), batch.targets);
            let gradients = GradientsParams::from_grads(loss.backward(), &model);
            // Up over the first tenth of the steps, then down along half a cosine.
            let along = (epoch * train.num_batches() + number) as f64 / steps as f64;
            let rate = 0.002 * (10.0 * along).min(0.5 + 0.5 * (PI * along).cos());
            model = optimizer.step(rate, model, gradients);
        }
        let (seen, mut right) = (model.valid(), 0);
        for batch in valid.epoch(0, 0) {
            let batch = batch?;
            let predicted = seen.forward(batch.images).argmax(1).squeeze_dim::<1>(1);
            right += predicted.equal(batch.targets).int().sum().into_scalar::<i64>();
        }
        let accuracy = 100.0 * right as f64 / valid.num_images() as f64;
        println!("epoch {}: {accuracy:.1} % of the valid split", epoch + 1);
    }
    Ok(())
}
