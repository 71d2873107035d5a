//! A classifier whose type the verbs need not know.

use std::path::Path;

use burn::{
    module::{ModuleVisitor, Param},
    store::{ApplyResult, ModuleAdapter, ModuleSnapshot, SafetensorsStore},
    tensor::{Device, Tensor},
};
use sha2::{Digest, Sha256};
use zoo_data::{Batch, Loader};
use zoo_kernels::nn::Conv2d;

use super::{Classifier, WeightsInfo, registry::count_params, save_weights};
use crate::{
    Error,
    bench::{self, StepTimes},
    explain::{self, Record, Slopes},
    parity::{self, Trace},
    pretrained::Lazy,
    training::{self, Plan, RangePoint, RangeTest, TrainSettings, Trained, fine_tune::BeforeHead},
};

/// The dyn-safe face of every [`Classifier`]: what the verbs need, with the type erased.
pub trait AnyClassifier {
    /// Class scores: `[batch, channels, height, width]` to `[batch, num_classes]`.
    fn logits(&self, images: Tensor<4>) -> Tensor<2>;

    /// Number of parameters.
    fn num_params(&self) -> usize;

    /// SHA-256 over all weights as little-endian f32, in the order of their paths.
    fn weight_hash(&self) -> String;

    /// Writes the weights, by the model's own parameter paths, as safetensors.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if the file cannot be written; a file already there is then as it was.
    fn save(&self, path: &Path, info: &WeightsInfo) -> Result<(), Error>;

    /// Takes weights from a safetensors file.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] unless the file holds exactly this network's parameters.
    fn load(&mut self, path: &Path) -> Result<(), Error>;

    /// The weights by their paths, each read when it is asked for, as `adapter` has them.
    fn tensors(&self, adapter: Option<Box<dyn ModuleAdapter>>) -> Vec<Lazy>;

    /// Takes weights as far as they fit, and says which did.
    fn apply(&mut self, tensors: Vec<Lazy>, adapter: Option<Box<dyn ModuleAdapter>>)
    -> ApplyResult;

    /// Trains and returns what came of it.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if training could not go on.
    fn train(self: Box<Self>, plan: &Plan) -> Result<Trained, Error>;

    /// Trains with growing learning rates; see [`RangeTest::run`].
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if training could not go on.
    fn test_range(
        self: Box<Self>,
        test: RangeTest,
        settings: &TrainSettings,
        loader: &Loader,
        device: &Device,
    ) -> Result<Vec<RangePoint>, Error>;

    /// Milliseconds of each of `steps` training steps; see [`bench::time_training`].
    fn time_training(
        self: Box<Self>,
        batches: &[Batch],
        settings: &TrainSettings,
        steps: usize,
    ) -> Result<Vec<StepTimes>, Error>;

    /// What a step on each of `batches` computes; see [`parity::trace`].
    fn trace(self: Box<Self>, batches: &[Batch], settings: &TrainSettings) -> Result<Trace, Error>;

    /// Milliseconds of each of `steps` forward passes; see [`bench::time_inference`].
    fn time_inference(&self, batches: &[Batch], steps: usize) -> Vec<f64>;

    /// What every layer gives for one image, `[1, channels, height, width]`.
    fn record(&self, image: Tensor<4>) -> Record;

    /// What the head sees: `[batch, channels, height, width]` to `[batch, features]`.
    fn features(&self, images: Tensor<4>) -> Tensor<2>;

    /// How each image's deep maps speak for the class of its label; see [`explain::slopes`].
    fn slopes(&self, images: Tensor<4>, labels: &[usize]) -> Vec<Slopes>;

    /// The layers from the images to the head; see [`Classifier::layers`].
    fn layers(&self) -> Vec<Vec<String>>;

    /// The convolution that sees the pixels.
    fn first_convolution(&self) -> &Conv2d;
}

impl<M: Classifier> AnyClassifier for M {
    fn logits(&self, images: Tensor<4>) -> Tensor<2> {
        Classifier::forward(self, images)
    }

    fn num_params(&self) -> usize {
        count_params(self)
    }

    fn weight_hash(&self) -> String {
        let mut hash = WeightHash(Sha256::new());
        self.visit(&mut hash);
        format!("{:x}", hash.0.finalize())
    }

    fn save(&self, path: &Path, info: &WeightsInfo) -> Result<(), Error> {
        save_weights(self, path, info)
    }

    fn load(&mut self, path: &Path) -> Result<(), Error> {
        let mut store = SafetensorsStore::from_file(path).allow_partial(false);
        let refuse = |message: String| Error::run(path, message);
        let applied = self.load_from(&mut store).map_err(|error| refuse(error.to_string()))?;
        match applied.unused.first() {
            Some(name) => Err(refuse(format!("holds `{name}`, which this network does not have"))),
            None => Ok(()),
        }
    }

    fn tensors(&self, adapter: Option<Box<dyn ModuleAdapter>>) -> Vec<Lazy> {
        self.collect(None, adapter, false)
    }

    fn apply(
        &mut self,
        tensors: Vec<Lazy>,
        adapter: Option<Box<dyn ModuleAdapter>>,
    ) -> ApplyResult {
        ModuleSnapshot::apply(self, tensors, None, adapter, false)
    }

    fn train(self: Box<Self>, plan: &Plan) -> Result<Trained, Error> {
        training::train(*self, plan)
    }

    fn test_range(
        self: Box<Self>,
        test: RangeTest,
        settings: &TrainSettings,
        loader: &Loader,
        device: &Device,
    ) -> Result<Vec<RangePoint>, Error> {
        test.run(*self, settings, loader, device)
    }

    fn time_training(
        self: Box<Self>,
        batches: &[Batch],
        settings: &TrainSettings,
        steps: usize,
    ) -> Result<Vec<StepTimes>, Error> {
        bench::time_training(*self, batches, settings, steps)
    }

    fn trace(self: Box<Self>, batches: &[Batch], settings: &TrainSettings) -> Result<Trace, Error> {
        parity::trace(*self, batches, settings)
    }

    fn time_inference(&self, batches: &[Batch], steps: usize) -> Vec<f64> {
        bench::time_inference(self, batches, steps)
    }

    fn record(&self, image: Tensor<4>) -> Record {
        let mut record = Record::default();
        self.forward_tapped(image, &mut record);
        record
    }

    fn features(&self, images: Tensor<4>) -> Tensor<2> {
        let mut tap = BeforeHead::default();
        self.forward_tapped(images, &mut tap);
        tap.features()
    }

    fn slopes(&self, images: Tensor<4>, labels: &[usize]) -> Vec<Slopes> {
        explain::slopes(self, images, labels)
    }

    fn layers(&self) -> Vec<Vec<String>> {
        Classifier::layers(self)
    }

    fn first_convolution(&self) -> &Conv2d {
        Classifier::first_convolution(self)
    }
}

struct WeightHash(Sha256);

impl ModuleVisitor for WeightHash {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        for value in param.val().into_data().iter::<f32>() {
            self.0.update(value.to_le_bytes());
        }
    }
}
