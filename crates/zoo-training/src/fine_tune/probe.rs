//! A linear probe: a network as it is, with a head fitted to what it sees in the images.
//!
//! Logistic regression by L-BFGS with a penalty on the squared weights, as in section 3.2 of
//! <https://arxiv.org/abs/2103.00020>: over a range of penalties, of which the valid split chooses.

use std::{cell::Cell, time::Instant};

use burn::{
    nn::{Initializer, Linear, LinearConfig},
    optim::{GradientsParams, LBFGSConfig, LineSearchFn},
    store::bridge,
    tensor::{Int, Tensor, TensorData},
};
use zoo_data::{Loader, SplitName};
use zoo_model::{AnyModel, WeightsInfo, head_path, host};

use super::{features::Features, glance::Glance};
use crate::{
    Error, Line, Loss, MetricsFile, RunProgress, Stop, Trained, progress::Show, run_dir::RunDir,
};

/// What the mean loss is raised by for half the sum of the squared weights, from the most to the
/// least: each fit starts where the one before it ended.
const PENALTIES: [f64; 7] = [10.0, 1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5];
/// Iterations of a fit at the most, and the largest change of a gradient at its end.
const ITERATIONS: usize = 100;
const TOLERANCE: f64 = 1e-5;

/// What a probe is made of.
pub struct Probe<'a> {
    /// What the fit lowers.
    pub loss: &'a Loss,
    /// Train images as they are, without augmentation.
    pub train: &'a Loader,
    /// Images that choose the penalty.
    pub valid: &'a Loader,
    /// Where weights and metrics go; nothing is written without it.
    pub run_dir: Option<&'a RunDir>,
    /// What travels with the weights.
    pub info: &'a WeightsInfo,
    /// Whether to show progress.
    pub show: Show,
    /// Ends the run while images are looked at.
    pub stop: &'a Stop,
    /// Is told what every fit has come to, as `metrics.jsonl` is.
    pub heed: &'a dyn Fn(&Line),
}

/// The images of a split as a fit sees them: features of mean 0 and deviation 1, with labels.
struct Seen {
    features: Tensor<2>,
    labels: Tensor<1, Int>,
}

impl Probe<'_> {
    /// Fits the head of `model`, and keeps what is best on the valid split. Beside it stands what the
    /// features are worth without a head; `None` if the probe was stopped.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if an image cannot be read or a file cannot be written.
    pub fn fit(&self, mut model: AnyModel) -> Result<(Trained<AnyModel>, Option<Glance>), Error> {
        let started = Instant::now();
        let looked = |loader, what| {
            Features::of(&model, loader, self.show.bar(what, loader.num_images()), self.stop)
        };
        let (Some(train), Some(valid)) =
            (looked(self.train, "train features")?, looked(self.valid, "valid features")?)
        else {
            let progress = RunProgress::default();
            return Ok((Trained { model, progress, images: 0, is_interrupted: true }, None));
        };
        let glance = Glance::at(&train, &valid, self.info.classes.len())?;
        let scale = train.scale();
        let seen = |features: Features| Seen {
            features: scale.apply(features.values),
            labels: features.labels,
        };
        let (head, mut progress) = self.relax(&seen(train), &seen(valid), started)?;
        self.install(&mut model, &scale.undo(head));
        if let Some(run_dir) = self.run_dir {
            model.save(&run_dir.weights(), self.info)?;
        }
        progress.seconds = started.elapsed().as_secs_f64();
        let images = progress.step * self.train.num_images();
        Ok((Trained { model, progress, images, is_interrupted: false }, Some(glance)))
    }

    /// Fits a head with each penalty, writes a line for each as for an epoch, and gives the one that
    /// is best on the valid split.
    fn relax(
        &self,
        train: &Seen,
        valid: &Seen,
        started: Instant,
    ) -> Result<(Linear, RunProgress), Error> {
        let mut progress = RunProgress::default();
        let mut metrics = MetricsFile::open(self.run_dir, &progress)?;
        let mut head = blank(train.features.dims()[1], self.info.classes.len());
        let mut best = head.clone();
        for penalty in PENALTIES {
            let fit_started = Instant::now();
            let (fitted, evaluations) = self.regress(head, train, penalty);
            head = fitted;
            progress.epochs += 1;
            progress.step += evaluations;
            progress.validated_step = progress.step;
            let images = evaluations * self.train.num_images();
            let line = |split, (loss, accuracy)| Line {
                epoch: progress.epochs,
                step: progress.step,
                split,
                loss: Some(loss),
                accuracy: Some(accuracy),
                top_k_accuracy: None,
                lr: None,
                images_per_second: images as f64 / fit_started.elapsed().as_secs_f64(),
                seconds: started.elapsed().as_secs_f64(),
                steered: None,
            };
            let (loss, accuracy) = self.measure(&head, valid);
            let measured = self.measure(&head, train);
            for line in [line(SplitName::Train, measured), line(SplitName::Valid, (loss, accuracy))]
            {
                metrics.put(&line)?;
                (self.heed)(&line);
            }
            if progress.note(accuracy, loss) {
                best = head.clone();
            }
        }
        Ok((best, progress))
    }

    /// The head at which loss and penalty together are least, and how often both were computed.
    fn regress(&self, head: Linear, seen: &Seen, penalty: f64) -> (Linear, usize) {
        let mut optimizer = LBFGSConfig::new()
            .with_max_iter(ITERATIONS)
            .with_tolerance_grad(TOLERANCE)
            .with_line_search_fn(LineSearchFn::StrongWolfe)
            .init();
        let evaluations = Cell::new(0);
        let objective = |head: Linear| {
            evaluations.set(evaluations.get() + 1);
            let squares = head.weight.val().powi_scalar(2).sum().mul_scalar(penalty / 2.0);
            let loss = self.losses(&head, seen).mean() + squares;
            let value = loss.clone().into_scalar::<f64>();
            (value, GradientsParams::from_grads(loss.backward(), &head))
        };
        let (head, _) = optimizer.step(1.0, head, objective);
        (head, evaluations.get())
    }

    fn losses(&self, head: &Linear, seen: &Seen) -> Tensor<1> {
        let logits = head.forward(seen.features.clone());
        self.loss.of_batch(&logits, &seen.labels, None)
    }

    /// Mean loss and accuracy.
    fn measure(&self, head: &Linear, seen: &Seen) -> (f64, f64) {
        let logits = head.forward(seen.features.clone());
        let loss = Loss::default().of_batch(&logits, &seen.labels, None).mean();
        let predicted = logits.clone().argmax(1).squeeze_dim::<1>(1);
        let right = predicted.equal(seen.labels.clone()).float().sum().into_scalar::<f64>();
        (loss.into_scalar::<f64>(), right / logits.dims()[0] as f64)
    }

    /// Puts the head's weights into the network.
    fn install(&self, model: &mut AnyModel, head: &Linear) {
        let scale = self.info.model.logit_scale();
        let layers = model.layers();
        let path = head_path(&layers);
        let part =
            |name: &str, data: TensorData| bridge::from_data(data, format!("{path}.{name}"), None);
        let weight = head.weight.val().div_scalar(scale).into_data();
        let bias = head.bias.as_ref().map(|bias| bias.val().div_scalar(scale).into_data());
        let parts =
            std::iter::once(part("weight", weight)).chain(bias.map(|bias| part("bias", bias)));
        let result = model.apply(parts.collect(), None);
        assert!(result.errors.is_empty() && result.unused.is_empty(), "{result:?}");
    }
}

/// A head of zeros, which gives all classes the same.
fn blank(features: usize, classes: usize) -> Linear {
    LinearConfig::new(features, classes)
        .with_initializer(Initializer::Zeros)
        .init(&host().autodiff())
}
