//! Trains a Burn module of one's own by the zoo's loop: with its metrics, checkpoints, schedules and
//! exact resume.
//!
//! ```sh
//! cargo run --release --example custom_model
//! ```

use std::path::Path;

use burn::{
    module::Module,
    nn::{Linear, LinearConfig},
    tensor::{Device, Tensor, activation::relu},
};
use zoo_data::{DataConfig, Loader, LoaderConfig, SeaConfig};
use zoo_model::{Classifier, Tap};
use zoo_training::{
    Checkpoints, Identity, Plan, Ranks, Stop, TrainConfig, TrainSettings,
    progress::Show,
    run_dir::{Existing, RunDir},
    train,
};

/// Two dense layers that look at the pixels, without any convolution.
#[derive(Module, Debug)]
struct TwoLayers {
    hidden: Linear,
    head: Linear,
}

impl Classifier for TwoLayers {
    fn forward_tapped(&self, images: Tensor<4>, tap: &mut impl Tap) -> Tensor<2> {
        let hidden = tap.layer("hidden", relu(self.hidden.forward(images.flatten(1, 3))));
        tap.layer("head", self.head.forward(hidden))
    }

    fn layers(&self) -> Vec<Vec<String>> {
        vec![vec![String::from("hidden")], vec![String::from("head")]]
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = Device::flex();
    let sea = DataConfig::Sea(SeaConfig::default()).open()?;
    let batches = LoaderConfig::default();
    let config = TrainConfig { epochs: 3, ..TrainConfig::default() };
    let run_dir = RunDir::open(Path::new("runs/two-layers"), Existing::Overwrite)?;
    let identity = Identity::new(&"two layers of 256", sea.fingerprint());
    let plan = Plan {
        checkpoints: Some(Checkpoints::open(
            run_dir.checkpoints(),
            identity,
            config.checkpoint.clone(),
        )?),
        settings: TrainSettings::new(sea.train.len(), batches.batch_size, config),
        train: Loader::new(&sea.train, &sea.preprocess, &batches, &device).shuffled(0),
        valid: Loader::new(&sea.valid, &sea.preprocess, &batches, &device),
        run_dir: Some(run_dir.clone()),
        info: None,
        device: device.clone(),
        resume: None,
        show: Show::on_stderr(false),
        stop: Stop::default(),
        live: None,
        ranks: Ranks::Alone,
    };
    let pixels = 3 * sea.preprocess.image_size.pow(2);
    let model = TwoLayers {
        hidden: LinearConfig::new(pixels, 256).init(&device),
        head: LinearConfig::new(256, sea.classes.len()).init(&device),
    };
    let trained = train(model, &plan)?;
    let accuracy = trained.progress.best_accuracy.unwrap_or_default();
    println!("{:.1} % of the valid split, see {}", 100.0 * accuracy, run_dir.path().display());
    Ok(())
}
