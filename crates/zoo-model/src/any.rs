//! A network whose kind the verbs need not know.

use std::path::Path;

use burn::{
    module::{Module, ModuleVisitor, Param},
    store::{ApplyResult, ModuleAdapter, ModuleSnapshot, ModuleStore, SafetensorsStore},
    tensor::{Device, Tensor},
};
use sha2::{Digest, Sha256};
use zoo_kernels::{
    Precision,
    nn::{Conv2d, held_in},
};

use super::{AnyModel, Classifier, Explainable, Lazy, WeightsInfo, save_weights, weights::tensors};
use crate::Error;

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

    /// The same network for whoever computes with it in `precision` alone: in bf16, on Flex, the weights of
    /// linear layers are held in bf16, to which products round them in any case. Scores have the same bits;
    /// such a network is neither to be trained nor to be saved.
    pub fn held_in(self, precision: Precision) -> Self {
        on_model!(self, model => held_in(model, precision).into())
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

    /// Takes weights from a safetensors file that the zoo wrote.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] or [`Error::Run`] unless the file holds exactly this network's parameters.
    pub fn load(&mut self, path: &Path) -> Result<(), Error> {
        self.take(tensors(path)?, path)
    }

    /// The same of a file that is in memory; `path` is what to call it.
    ///
    /// # Errors
    ///
    /// Those of [`load`](Self::load).
    pub fn load_bytes(&mut self, bytes: Vec<u8>, path: &Path) -> Result<(), Error> {
        let mut store = SafetensorsStore::from_bytes(Some(bytes));
        let tensors = store.get_all_tensors();
        let tensors = tensors.map_err(|error| Error::run(path, error.to_string()))?;
        self.take(tensors.values().cloned().collect(), path)
    }

    /// Takes weights that are exactly this network's, of the file `path`.
    fn take(&mut self, tensors: Vec<Lazy>, path: &Path) -> Result<(), Error> {
        let refuse = |message: String| Err(Error::run(path, message));
        let applied = self.apply(tensors, None);
        if let Some(error) = applied.errors.first() {
            return refuse(error.to_string());
        }
        if let Some((name, _)) = applied.missing.first() {
            return refuse(format!("lacks `{name}`, which this network has"));
        }
        match applied.unused.first() {
            Some(name) => refuse(format!("holds `{name}`, which this network does not have")),
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
