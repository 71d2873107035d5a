//! Everything that a few training steps compute, on the host.

use std::fmt::Display;

use burn::{
    module::{Module, ModuleVisitor, Param},
    optim::GradientsParams,
    tensor::Tensor,
};
use zoo_data::{Batch, DataError};
use zoo_kernels::nn::Tap;
use zoo_model::Classifier;
use zoo_training::{StepBatches, TrainSettings, Trainer, Watch};

use crate::Error;

/// Values under their names, in the order in which they come about.
pub type Named = Vec<(String, Vec<f32>)>;

/// What the first step computes, and the weights after the last.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// The output of each layer in the forward pass; the last are the logits.
    pub layers: Named,
    /// The mean loss of each step.
    pub losses: Vec<f32>,
    /// The gradient of each parameter, in the order of their paths.
    pub gradients: Named,
    /// Each parameter after the last step.
    pub weights: Named,
}

/// Trains `model` on `batches`, one step each at the learning rate of `settings`, and keeps what came
/// about.
///
/// # Errors
///
/// [`Error::Config`] if the network lacks what is to be frozen or adapted, [`Error::Failed`] if the
/// device gives up.
///
/// # Panics
///
/// Without a batch.
pub fn trace<M: Classifier>(
    model: M,
    batches: &[Batch],
    settings: &TrainSettings,
) -> Result<Trace, Error> {
    let mut trainer = Trainer::new(model, settings, &batches[0].images.device(), None)?;
    trainer.freeze(0);
    let rate = settings.optimizer.learning_rate();
    let mut trace = Trace::default();
    for (step, batch) in batches.iter().enumerate() {
        let place = StepBatches { first_batch: step, batches: 1, images: batch.indices.len() };
        let mut batch = std::iter::once(Ok::<_, DataError>(batch.clone()));
        let mut layers = Outputs::default();
        let made = match step {
            0 => trainer.gradients(&mut batch, place, &mut layers)?,
            _ => trainer.gradients(&mut batch, place, &mut ())?,
        };
        let Some(made) = made else {
            break;
        };
        trace.losses.push(made.measured.loss() as f32);
        if step == 0 {
            trace.layers = layers.0;
            trace.gradients = named(trainer.model(), Some(&made.gradients));
        }
        trainer.update(made.gradients, rate);
    }
    trace.weights = named(trainer.model(), None);
    Ok(trace)
}

/// Outputs of layers as a [`Tap`] sees them.
#[derive(Default)]
struct Outputs(Named);

impl Watch for Outputs {}

impl Tap for Outputs {
    fn layer<const D: usize>(&mut self, name: impl Display, output: Tensor<D>) -> Tensor<D> {
        self.0.push((name.to_string(), values(output.clone().without_autodiff())));
        output
    }
}

/// The gradients of all parameters that have one, or the parameters themselves.
fn named<M: Module>(model: &M, gradients: Option<&GradientsParams>) -> Named {
    let mut visitor = Collect { gradients, path: Vec::new(), found: Vec::new() };
    model.visit(&mut visitor);
    visitor.found
}

struct Collect<'a> {
    gradients: Option<&'a GradientsParams>,
    path: Vec<String>,
    found: Named,
}

impl ModuleVisitor for Collect<'_> {
    zoo_model::keep_path!();

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = match self.gradients {
            Some(gradients) => gradients.get::<D>(param.id),
            None => Some(param.val().without_autodiff()),
        };
        let name = self.path.join(".");
        self.found.extend(tensor.map(|tensor| (name, values(tensor))));
    }
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}
