//! The training loop.
//!
//! Batch order and dropout masks are a pure function of (seed, step), so a run can go on from any
//! step; checkpoints are written by step, and a run may be as long as steps, images or seconds say.

mod moment;
mod steer;
mod validate;

use burn::tensor::Device;
use zoo_data::{Loader, SplitName};
use zoo_model::{AnyModel, Classifier, WeightsInfo, save_weights};

use self::moment::Moment;
use super::{
    Checkpoint, Checkpoints, Live, MetricsFile, Ranks, RunProgress, Stop, TrainSettings,
    bars::Bars,
    checkpoint::Place,
    finite::{check_alike, is_finite},
    trainer::{StepGradients, Trainer},
};
use crate::{Error, progress::Show, run_dir::RunDir};

/// What helps against a loss that runs away.
const ADVICE: &str = "lower the learning rate, lengthen the warm-up, or set train.clip_grad_norm";
/// Images of a failed step that its error names.
const NAMED_IMAGES: usize = 16;

/// Everything that a training needs besides the network.
pub struct Plan {
    /// How to train.
    pub settings: TrainSettings,
    /// Where results go; none on ranks other than the first.
    pub run_dir: Option<RunDir>,
    /// What travels with the weights; none for a network that the zoo does not know.
    pub info: Option<WeightsInfo>,
    /// Training images, shuffled and augmented.
    pub train: Loader,
    /// Images that choose the best weights.
    pub valid: Loader,
    /// Where training runs, without autodiff.
    pub device: Device,
    /// Where checkpoints go; none on ranks other than the first.
    pub checkpoints: Option<Checkpoints>,
    /// A checkpoint to go on from.
    pub resume: Option<Checkpoint>,
    /// How much to show.
    pub show: Show,
    /// Ends the run.
    pub stop: Stop,
    /// Whoever watches and steers it.
    pub live: Option<Live>,
    /// The processes that train together.
    pub ranks: Ranks,
}

/// What came of a training.
pub struct Trained<M> {
    /// The network after its last step.
    pub model: M,
    /// How far it came.
    pub progress: RunProgress,
    /// How many train images it has seen, each as often as it was.
    pub images: usize,
    /// True where the run was stopped before its last step.
    pub is_interrupted: bool,
}

impl<M> Trained<M> {
    /// The same with the network's type forgotten.
    pub fn erased(self) -> Trained<AnyModel>
    where
        M: Into<AnyModel>,
    {
        let Self { model, progress, images, is_interrupted } = self;
        Trained { model: model.into(), progress, images, is_interrupted }
    }
}

/// Trains `model` as `plan` says.
///
/// # Errors
///
/// [`Error::Config`] if the network lacks what is to be frozen or adapted, [`Error::Run`] if the
/// checkpoint cannot be read, [`Error::Failed`] if training could not go on.
pub fn train<M: Classifier>(model: M, plan: &Plan) -> Result<Trained<M>, Error> {
    let mut run = Run::start(model, plan)?;
    loop {
        run.agree()?;
        if run.is_finished() {
            break;
        }
        let epoch = run.progress.epochs + 1;
        run.train_epoch(epoch)?;
        let is_measured = !run.now.is_stopping && run.validate_if_due(epoch)?;
        if !is_measured {
            run.save()?;
            break;
        }
        run.progress.epochs = epoch;
        run.save()?;
    }
    run.bars.end();
    plan.live.iter().for_each(Live::end);
    run.progress.seconds = run.now.seconds;
    Ok(Trained {
        images: plan.settings.course.pace.images_after(run.progress.step),
        is_interrupted: run.now.is_stopping,
        progress: run.progress,
        model: run.trainer.into_model(),
    })
}

/// A training on its way.
struct Run<'a, M> {
    plan: &'a Plan,
    trainer: Trainer<M>,
    progress: RunProgress,
    metrics: MetricsFile,
    bars: Bars,
    now: Moment,
    /// Where the run stood at its last checkpoint, and after how many seconds of training. No place
    /// where it has been told something since, which that checkpoint lacks.
    saved: (Option<Place>, f64),
    /// Steps and seconds where this process began.
    from: (usize, f64),
}

impl<'a, M: Classifier> Run<'a, M> {
    fn start(model: M, plan: &'a Plan) -> Result<Self, Error> {
        let Plan { settings, device, resume, run_dir, show, ranks, .. } = plan;
        let progress = resume.as_ref().map_or_else(RunProgress::default, |from| from.progress);
        let trainer = Trainer::new(model, settings, device, resume.as_ref())?.with_ranks(ranks);
        check_alike(trainer.model(), ranks, progress.step)?;
        Ok(Self {
            trainer,
            metrics: MetricsFile::open(run_dir.as_ref(), &progress)?,
            bars: Bars::new(*show, settings.course, progress.step),
            now: Moment::default(),
            saved: (Some(progress.place()), progress.seconds),
            from: (progress.step, progress.seconds),
            progress,
            plan,
        })
    }

    /// True where no step is left.
    fn is_over(&self) -> bool {
        self.plan.settings.course.is_over(self.progress.step, self.now.seconds)
    }

    /// True where nothing is left to train or to validate.
    fn is_finished(&self) -> bool {
        let RunProgress { step, validated_step, stagnation, .. } = self.progress;
        let is_validated = validated_step == step && step > 0;
        let early_stopping = self.plan.settings.train.early_stopping.as_ref();
        let is_stale = early_stopping.is_some_and(|stopping| stopping.is_exhausted(stagnation));
        is_validated && (is_stale || self.is_over())
    }

    /// Trains to the end of `epoch`, or of the run, or until it is asked to stop.
    fn train_epoch(&mut self, epoch: usize) -> Result<(), Error> {
        let Plan { settings, train, .. } = self.plan;
        let pace = settings.course.pace;
        let done = self.progress.step - (epoch - 1) * pace.steps_per_epoch();
        self.trainer.freeze(epoch - 1);
        self.bars.begin(epoch, SplitName::Train, train.num_images());
        self.metrics.restart();
        let mut batches = train.epoch(epoch - 1, done * pace.accumulate);
        while self.goes_on(epoch)? {
            let rate = self.learning_rate();
            let place = pace.step_after(self.progress.step);
            let Some(step) = self.trainer.gradients(&mut batches, place, &mut ())? else {
                break;
            };
            self.check_loss(&step, rate)?;
            self.trainer.update(step.gradients, rate);
            self.progress.step += 1;
            self.metrics.note(step.measured, Some(rate));
            if self.progress.step.is_multiple_of(settings.train.log_every) {
                self.metrics.write(epoch, self.progress.step, SplitName::Train)?;
            }
            let images = pace.images_after(self.progress.step) - (epoch - 1) * pace.images;
            self.bars.advance(images, step.measured, Some(rate));
            if self.checkpoint_is_due() {
                self.save()?;
            }
        }
        self.bars.end_split();
        self.metrics.write(epoch, self.progress.step, SplitName::Train)
    }

    fn learning_rate(&self) -> f64 {
        let settings = &self.plan.settings;
        let length = settings.course.length(self.progress.step, self.now.seconds);
        let factor = settings.schedule.factor(self.progress.step, length);
        let steered = self.progress.learning_rate_factor.unwrap_or(1.0);
        settings.optimizer.learning_rate() * factor * steered
    }

    /// Refuses a loss that is not a number, before it reaches the weights.
    fn check_loss(&self, step: &StepGradients, rate: f64) -> Result<(), Error> {
        let loss = step.measured.loss();
        if loss.is_finite() {
            return Ok(());
        }
        let names = step.images.iter().take(NAMED_IMAGES);
        let names: Vec<String> = names.map(|&index| self.plan.train.name(index)).collect();
        let rest = match step.images.len().saturating_sub(NAMED_IMAGES) {
            0 => String::new(),
            rest => format!(" and {rest} more"),
        };
        Err(Error::Failed(format!(
            "the train loss is {loss} at step {}, with learning rate {rate:.3e}, on the images \
             {}{rest}: {ADVICE}",
            self.progress.step + 1,
            names.join(", "),
        )))
    }

    /// Within an epoch, as the config says; the epoch's own checkpoint follows its last step.
    fn checkpoint_is_due(&self) -> bool {
        let settings = &self.plan.settings;
        let (step, age) = (self.progress.step, self.now.seconds - self.saved.1);
        settings.train.checkpoint.is_due(step, age)
            && !step.is_multiple_of(settings.course.pace.steps_per_epoch())
            && !self.is_over()
    }

    /// Measures the weights on the valid split, where `epoch` is one after which to, and keeps them
    /// if they are the best so far. False where the run was asked to stop meanwhile.
    fn validate_if_due(&mut self, epoch: usize) -> Result<bool, Error> {
        let train = &self.plan.settings.train;
        if !epoch.is_multiple_of(train.validate_every) && !self.is_over() {
            return Ok(true);
        }
        let kept = self.trainer.kept();
        let Some(measured) = self.validate(&kept, epoch)? else {
            return Ok(false);
        };
        self.progress.validated_step = self.progress.step;
        self.look(&kept, epoch)?;
        if let Some(stopping) = &train.early_stopping {
            let stagnation = self.progress.stagnation;
            self.progress.stagnation = stopping.update(stagnation, measured.accuracy());
        }
        let is_best = self.progress.note(measured.accuracy(), measured.loss());
        if let (true, Some(run_dir)) = (is_best, &self.plan.run_dir) {
            save_weights(&kept, &run_dir.weights(), self.plan.info.as_ref())?;
        }
        Ok(true)
    }

    /// Writes a checkpoint, unless one of this very place is there. One of weights that are not
    /// numbers would be no good to anybody.
    fn save(&mut self) -> Result<(), Error> {
        let place = Some(self.progress.place());
        if self.saved.0 == place {
            return Ok(());
        }
        if !is_finite(self.trainer.model()) {
            let step = self.progress.step;
            let message = format!("weights are not numbers after step {step}: {ADVICE}");
            return Err(Error::Failed(message));
        }
        check_alike(self.trainer.model(), &self.plan.ranks, self.progress.step)?;
        self.saved = (place, self.now.seconds);
        let progress = RunProgress {
            metrics_bytes: self.metrics.bytes(),
            seconds: self.metrics.seconds(),
            ..self.progress
        };
        let state = self.trainer.state();
        self.plan.checkpoints.iter().try_for_each(|folder| folder.save(progress, &state))
    }
}
