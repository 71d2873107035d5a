//! A network whose kind the verbs need not know.

use std::path::Path;

use burn::{
    module::{Module, ModuleVisitor, Param},
    store::{ApplyResult, ModuleAdapter, ModuleSnapshot, SafetensorsStore, burn_pack},
    tensor::{Device, Tensor},
};
use sha2::{Digest, Sha256};
use zoo_kernels::nn::Conv2d;

use super::{AnyModel, Classifier, Explainable, WeightsInfo, save_weights};
use crate::Error;

/// A tensor whose values are read on request.
pub type Lazy = burn_pack::Tensor;

impl AnyModel {
    /// Class scores.
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]`
    /// - returns: `[batch, num_classes]`
    pub fn logits(&self, images: Tensor<4>) -> Tensor<2> {
        on_model!(self, model => Classifier::forward(model, images))
    }

    /// Where its parameters lie.
    ///
    /// # Panics
    ///
    /// If it has none.
    pub fn device(&self) -> Device {
        on_model!(self, model => model.devices())
            .into_iter()
            .next()
            .expect("a network has parameters")
    }

    /// Number of parameters that training changes.
    pub fn num_params(&self) -> usize {
        on_model!(self, model => count_params(model))
    }

    /// SHA-256 over all weights as little-endian f32, in the order of their paths.
    pub fn weight_hash(&self) -> String {
        let mut hash = WeightHash(Sha256::new());
        on_model!(self, model => model.visit(&mut hash));
        format!("{:x}", hash.0.finalize())
    }

    /// Writes the weights, by the model's own parameter paths, as safetensors.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if the file cannot be written; a file already there is then as it was.
    pub fn save(&self, path: &Path, info: &WeightsInfo) -> Result<(), Error> {
        on_model!(self, model => save_weights(model, path, Some(info)))
    }

    /// Takes weights from a safetensors file.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] unless the file holds exactly this network's parameters.
    pub fn load(&mut self, path: &Path) -> Result<(), Error> {
        self.load_from(SafetensorsStore::from_file(path), path)
    }

    /// The same of a file that is in memory; `path` is what to call it.
    ///
    /// # Errors
    ///
    /// Those of [`load`](Self::load).
    pub fn load_bytes(&mut self, bytes: Vec<u8>, path: &Path) -> Result<(), Error> {
        self.load_from(SafetensorsStore::from_bytes(Some(bytes)), path)
    }

    fn load_from(&mut self, store: SafetensorsStore, path: &Path) -> Result<(), Error> {
        let mut store = store.allow_partial(false);
        let refuse = |message: String| Error::run(path, message);
        let applied = on_model!(self, model => model.load_from(&mut store));
        match applied.map_err(|error| refuse(error.to_string()))?.unused.first() {
            Some(name) => Err(refuse(format!("holds `{name}`, which this network does not have"))),
            None => Ok(()),
        }
    }

    /// The weights by their paths, each read on request, as `adapter` converts them.
    pub fn tensors(&self, adapter: Option<Box<dyn ModuleAdapter>>) -> Vec<Lazy> {
        on_model!(self, model => model.collect(None, adapter, false))
    }

    /// Takes weights as far as they fit, and says which did.
    pub fn apply(
        &mut self,
        tensors: Vec<Lazy>,
        adapter: Option<Box<dyn ModuleAdapter>>,
    ) -> ApplyResult {
        on_model!(self, model => ModuleSnapshot::apply(model, tensors, None, adapter, false))
    }

    /// The layers from the images to the head; see [`Classifier::layers`].
    pub fn layers(&self) -> Vec<Vec<String>> {
        on_model!(self, model => Classifier::layers(model))
    }

    /// The convolution that sees the pixels.
    pub fn first_convolution(&self) -> &Conv2d {
        on_model!(self, model => Explainable::first_convolution(model))
    }
}

/// Number of parameters that training changes; Burn's own count holds the running statistics of
/// batch-norm too, which the field does not call parameters.
fn count_params<M: Module>(model: &M) -> usize {
    let mut count = Count { path: Vec::new(), sum: 0 };
    model.visit(&mut count);
    count.sum
}

struct Count {
    path: Vec<String>,
    sum: usize,
}

impl ModuleVisitor for Count {
    keep_path!();

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if !self.path.last().is_some_and(|name| name.starts_with("running_")) {
            self.sum += param.lazy_shape().num_elements();
        }
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
