//! Trains a Vision Transformer on the built-in dataset, with Burn and plain crates: no runner, no
//! config file.
//!
//! ```sh
//! cargo run --release --example train
//! ```

use burn::{
    module::Module, nn::loss::CrossEntropyLossConfig, optim::GradientsParams, tensor::Device,
};
use zoo_data::{Augmentation, DataConfig, Loader, LoaderConfig, SeaConfig};
use zoo_kernels::optim::AdamWConfig;
use zoo_vit::{Pooling, VitConfig, VitPreset};

const EPOCHS: usize = 12;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = Device::flex();
    let sea = DataConfig::Sea(SeaConfig::default()).open()?;
    let flip = Augmentation::RandomHorizontalFlip(Default::default());
    let batches = LoaderConfig { batch_size: 32, ..LoaderConfig::default() };
    let train =
        Loader::new(&sea.train, &sea.preprocess, &batches, &device).shuffled(42).augmented(&[flip]);
    let valid = Loader::new(&sea.valid, &sea.preprocess, &batches, &device);

    let config = VitConfig::preset(VitPreset::Mini).with_num_classes(sea.classes.len());
    let mut model = config.with_pooling(Pooling::Mean).init(&device.clone().autodiff());
    let mut optimizer = AdamWConfig::new().init();
    let loss =
        CrossEntropyLossConfig::new().with_smoothing(Some(0.1)).init(&device.clone().autodiff());
    for epoch in 0..EPOCHS {
        for batch in train.epoch(epoch, 0) {
            let batch = batch?;
            let loss = loss.forward(model.forward(batch.images), batch.targets);
            let gradients = GradientsParams::from_grads(loss.backward(), &model);
            model = optimizer.step(0.001, model, gradients);
        }
        let (model, mut right) = (model.valid(), 0);
        for batch in valid.epoch(0, 0) {
            let batch = batch?;
            let predicted = model.forward(batch.images).argmax(1).squeeze_dim::<1>(1);
            right += predicted.equal(batch.targets).int().sum().into_scalar::<i64>();
        }
        println!(
            "epoch {}: {:.1} % right",
            epoch + 1,
            100.0 * right as f64 / sea.valid.len() as f64
        );
    }
    Ok(())
}
