//! A network in training, and the one place where a training step is made: training itself, the
//! learning-rate test, benchmarks and comparisons of backends all make their steps here.

use burn::{
    optim::{GradientsParams, ModuleOptimizer},
    tensor::{Device, Tensor},
};
use zoo_data::{Batch, DataError};
use zoo_kernels::{Precision, nn::Tap};
use zoo_model::{Classifier, seeded};

use super::{
    Checkpoint, ParameterGroups, TrainSettings,
    budget::StepBatches,
    checkpoint::State,
    clip::clip_grad_norm,
    ema::Ema,
    fine_tune::{Freezing, Method},
    loss::Loss,
    measured::Measured,
    ranks::{Given, Ranks, Share},
};
use crate::{Error, error::refuse};

/// A network in training: weights, what the optimizer remembers, and the moving average.
pub struct Trainer<M> {
    /// Always there between two updates.
    model: Option<M>,
    optimizer: ModuleOptimizer,
    ema: Option<Ema<M>>,
    groups: ParameterGroups,
    freezing: Freezing,
    loss: Loss,
    precision: Precision,
    gradient_precision: Precision,
    clip_grad_norm: Option<f64>,
    top_k: Option<usize>,
    seed: u64,
    /// With autodiff.
    device: Device,
    /// Optimizer steps done.
    step: usize,
    ranks: Ranks,
}

/// What the batches of a step gave.
pub struct StepGradients {
    /// Those of the mean loss of all images of the step.
    pub gradients: GradientsParams,
    /// Loss and accuracy before the step.
    pub measured: Measured,
    /// Indices of the images in their source.
    pub images: Vec<usize>,
}

/// A part of a training step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Logits and loss.
    Forward,
    /// Gradients.
    Backward,
    /// New weights.
    Update,
}

/// Looks on while gradients are computed: at the layers of the forward pass, and when a part is
/// done. `()` looks at nothing.
pub trait Watch: Tap {
    /// A part of the step has been done, or handed to a device that works on its own.
    fn done(&mut self, part: Part) {
        let _ = part;
    }
}

impl Watch for () {}

impl<M: Classifier> Trainer<M> {
    /// A training of `model` on `device`, which comes without autodiff; as it was at the checkpoint
    /// `resume`, if there is one.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the network lacks what is to be frozen or adapted, [`Error::Run`] if the
    /// checkpoint cannot be read or is of another network.
    pub fn new(
        model: M,
        settings: &TrainSettings,
        device: &Device,
        resume: Option<&Checkpoint>,
    ) -> Result<Self, Error> {
        let fine_tune = &settings.fine_tune;
        let refused = |message| refuse("fine_tune", message);
        let model = match &fine_tune.method {
            Method::Lora(lora) => lora.attach(model, settings.seed).map_err(refused)?,
            _ => model,
        };
        let freezing = fine_tune.freezing(&model.layers()).map_err(refused)?;
        let mut groups = ParameterGroups::new(&model, &settings.parameter_groups);
        if let Some(rate) = fine_tune.head_learning_rate {
            groups = groups.with_head(&model, rate / settings.optimizer.learning_rate());
        }
        let optimizer = settings.optimizer.init(&groups);
        let (model, average, optimizer) = match resume {
            Some(checkpoint) => checkpoint.restore(model, optimizer)?,
            None => (model, None, optimizer),
        };
        let average = average.as_ref().unwrap_or(&model);
        let device = match settings.train.gradient_checkpointing {
            true => device.clone().autodiff().gradient_checkpointing(),
            false => device.clone().autodiff(),
        };
        Ok(Self {
            ema: settings.train.ema.clone().map(|config| Ema::new(config, average)),
            model: Some(model.train().fork(&device)),
            optimizer,
            groups,
            freezing,
            loss: settings.loss.clone(),
            precision: settings.train.precision,
            gradient_precision: settings.train.gradient_precision,
            clip_grad_norm: settings.train.clip_grad_norm,
            top_k: settings.top_k,
            seed: settings.seed,
            device,
            step: resume.map_or(0, |checkpoint| checkpoint.progress.step),
            ranks: Ranks::Alone,
        })
    }

    /// The same together with other processes, whose batches enter every step.
    pub fn with_ranks(self, ranks: &Ranks) -> Self {
        Self { ranks: ranks.clone(), ..self }
    }

    /// The network with the weights of the last step.
    ///
    /// # Panics
    ///
    /// If an update panicked.
    pub fn model(&self) -> &M {
        self.model.as_ref().expect("an update puts the network back")
    }

    /// What is evaluated and kept: the moving average if it is on, else the weights themselves, with
    /// what adapters have added.
    pub fn kept(&self) -> M {
        match &self.ema {
            Some(ema) => ema.model().clone(),
            None => self.model().valid().materialize(),
        }
    }

    /// Freezes what is frozen once `epochs` epochs are done.
    pub fn freeze(&mut self, epochs: usize) {
        self.model = self.model.take().map(|model| self.freezing.apply(model, epochs));
    }

    /// The gradients of the next step, from the batches that `batches` gives; none where it gives
    /// none. `of` says where in the run the step is.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if an image cannot be read or the device gives up.
    pub fn gradients(
        &self,
        batches: &mut impl Iterator<Item = Result<Batch, DataError>>,
        of: StepBatches,
        watch: &mut impl Watch,
    ) -> Result<Option<StepGradients>, Error> {
        let _scope = self.precision.enter();
        let mut sum = self.ranks.sum(self.model(), self.gradient_precision);
        let (mut measured, mut images) = (Measured::default(), Vec::with_capacity(of.images));
        for round in of.rounds(self.ranks.count()) {
            let own = self.ranks.own(&round);
            let batch = own.and_then(|number| Some((number, batches.next()?)));
            let share = batch.map(|(number, batch)| self.share(batch, number, of.images, watch));
            for given in sum.add(round, share)? {
                measured += given.measured;
                images.extend(given.images);
            }
        }
        let is_empty = images.is_empty();
        Ok((!is_empty).then(|| StepGradients { gradients: sum.total(), measured, images }))
    }

    /// What the batch of this number adds to a step of so many images.
    fn share(
        &self,
        batch: Result<Batch, DataError>,
        number: usize,
        step_images: usize,
        watch: &mut impl Watch,
    ) -> Result<Share, Error> {
        let model = self.model();
        let batch = batch.map_err(|error| Error::Failed(error.to_string()))?;
        let forward = || self.ranks.forward(|| model.forward_tapped(batch.images, watch));
        let seed = batch_seed(self.seed, number);
        let (logits, statistics) = seeded(&self.device, seed, forward);
        let losses = self.loss.of_batch(&logits, &batch.targets, batch.mixed);
        watch.done(Part::Forward);
        let gradients = losses.clone().sum().div_scalar(step_images as f64).backward();
        let gradients = GradientsParams::from_grads(gradients, model);
        // Without autodiff: what keeps the graph keeps the weights in use, and an optimizer
        // works in place only on weights that are its own.
        let measured = Measured::of(
            losses.without_autodiff(),
            logits.without_autodiff(),
            batch.targets.without_autodiff(),
            None,
        )?;
        watch.done(Part::Backward);
        Ok(Share { given: Given { measured, images: batch.indices }, gradients, statistics })
    }

    /// Takes a step of the learning rate `rate` against `gradients`.
    pub fn update(&mut self, gradients: GradientsParams, rate: f64) {
        let gradients = match self.clip_grad_norm {
            Some(largest) => clip_grad_norm(self.model(), gradients, largest),
            None => gradients,
        };
        let rates = self.groups.rates(rate);
        // Moved, not cloned: an optimizer works in place only on weights that are its own.
        self.model = self.model.take().map(|model| self.optimizer.step(rates, model, gradients));
        self.step += 1;
        if let (Some(ema), Some(model)) = (&mut self.ema, &self.model) {
            ema.update(model, self.step);
        }
    }

    /// Loss and accuracy of `model` on a batch as it is: without smoothing or weights of classes.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if the device gives up.
    pub fn measure(&self, model: &M, batch: Batch) -> Result<Measured, Error> {
        let _scope = self.precision.enter();
        let logits = model.forward(batch.images);
        let losses: Tensor<1> = Loss::default().of_batch(&logits, &batch.targets, None);
        Measured::of(losses, logits, batch.targets, self.top_k)
    }

    /// What a checkpoint holds.
    pub fn state(&self) -> State<'_, M> {
        // A record takes Burn's running statistics as they were one update ago, unless they have
        // been synced; going to validation mode does that, for all clones of the model.
        let _ = self.model().valid();
        State {
            model: self.model(),
            ema: self.ema.as_ref().map(Ema::model),
            optimizer: &self.optimizer,
        }
    }

    /// The network with the weights of the last step, what adapters have added included.
    ///
    /// # Panics
    ///
    /// If an update panicked.
    pub fn into_model(self) -> M {
        self.model.expect("an update puts the network back").materialize()
    }
}

/// The device's seed for the batch after `batches` batches, so that dropout needs no saved state.
fn batch_seed(seed: u64, batches: usize) -> u64 {
    // SplitMix64's increment keeps neighbouring (seed, batch) pairs apart.
    seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(batches as u64)
}
