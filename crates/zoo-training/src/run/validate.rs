//! How good the weights are on the valid split.

use zoo_data::SplitName;
use zoo_model::Classifier;

use super::{ADVICE, Plan, Run};
use crate::{Error, Measured, budget::rounds};

impl<M: Classifier> Run<'_, M> {
    /// Loss and accuracy of `model` on the valid split; none where the run was asked to stop
    /// meanwhile.
    pub(super) fn validate(&mut self, model: &M, epoch: usize) -> Result<Option<Measured>, Error> {
        let Plan { valid, ranks, .. } = self.plan;
        let mut all = Measured::default();
        self.bars.begin(epoch, SplitName::Valid, valid.num_images());
        self.metrics.restart();
        let mut batches = valid.epoch(epoch - 1, 0);
        let first = (epoch - 1) * valid.num_batches();
        for round in rounds(first..first + valid.num_batches(), ranks.count()) {
            self.heed(epoch, SplitName::Valid)?;
            self.agree()?;
            if self.now.is_stopping {
                return Ok(None);
            }
            let own = ranks.own(&round).and_then(|_| batches.next());
            let own = own.map(|batch| {
                let batch = batch.map_err(|error| Error::Failed(error.to_string()))?;
                self.trainer.measure(model, batch)
            });
            for measured in ranks.share(round, own)? {
                all += measured;
                self.metrics.note(measured, None);
                self.bars.advance(all.images, measured, None);
            }
        }
        self.bars.end_split();
        let (loss, step) = (all.loss(), self.progress.step);
        if !loss.is_finite() {
            let message = format!("the valid loss is {loss} after step {step}: {ADVICE}");
            return Err(Error::Failed(message));
        }
        self.metrics.write(epoch, step, SplitName::Valid)?;
        Ok(Some(all))
    }
}
