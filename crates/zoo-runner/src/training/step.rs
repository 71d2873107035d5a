//! One optimizer step's gradients, from one batch or several.

use burn::{
    optim::{GradientsAccumulator, GradientsParams},
    tensor::Device,
};
use zoo_data::LoaderIter;

use super::{Pace, Trainee, trainee::Outcome};
use crate::{Error, model::Classifier};

/// How a run makes its steps.
#[derive(Clone, Debug)]
pub struct Stride {
    /// Where training runs, with autodiff.
    pub device: Device,
    /// Seed of the run.
    pub seed: u64,
    /// How an epoch is cut into steps.
    pub pace: Pace,
}

/// What a step's batches gave.
pub struct Step {
    /// Those of the mean loss of all images.
    pub gradients: GradientsParams,
    /// What the metrics want.
    pub outcome: Outcome,
    /// The mean loss of all images.
    pub loss: f64,
    /// Indices of the images in their source.
    pub images: Vec<usize>,
}

impl Stride {
    /// The gradients of the step that follows `done` steps of the run. None at the end of the epoch.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if an image cannot be read or the device gives up.
    pub fn gradients<M: Classifier>(
        &self,
        trainee: &Trainee<M>,
        batches: &mut LoaderIter,
        done: usize,
    ) -> Result<Option<Step>, Error> {
        let mut sum = GradientsAccumulator::new();
        let (mut outcomes, mut images) = (Vec::with_capacity(self.pace.accumulate), Vec::new());
        for batch in batches.by_ref().take(self.pace.accumulate) {
            let batch = batch.map_err(|error| Error::Failed(error.to_string()))?;
            images.extend_from_slice(&batch.indices);
            let number = self.pace.batches_after(done) + outcomes.len();
            self.device.seed(batch_seed(self.seed, number));
            let output = trainee.share_of_step(batch, self.pace.images_of_step(done));
            sum.accumulate(trainee, output.grads);
            outcomes.push(output.item);
        }
        let Some(outcome) = Outcome::join(outcomes) else {
            return Ok(None);
        };
        let loss = outcome.losses.clone().mean().try_into_scalar::<f64>();
        let loss = loss.map_err(|error| Error::Failed(format!("the device gave up: {error}")))?;
        Ok(Some(Step { gradients: sum.grads(), outcome, loss, images }))
    }
}

/// The device's seed for the batch after `batches` batches, so that dropout needs no saved state.
fn batch_seed(seed: u64, batches: usize) -> u64 {
    // SplitMix64's increment keeps neighbouring (seed, batch) pairs apart.
    seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(batches as u64)
}
