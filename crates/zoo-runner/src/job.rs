//! A training from a checked config to a report.

mod kept;
mod parts;
mod record;
mod watch;

use burn::tensor::Device;
use jiff::Timestamp;
use zoo_data::{DataConfig, DataError, Dataset, Loader, Split, SplitName};
use zoo_model::{AnyModel, DataShape, WeightsInfo, on_model};
use zoo_training::{
    Checkpoint, Live, Plan, RangePoint, RangeTest, Ranks, Stop, TrainSettings, Trained,
    fine_tune::{Glance, Method, Probe},
    progress::Show,
    run_dir::{RunDir, write_json},
    train,
};

pub use self::{kept::Kept, parts::Parts, record::Done};
use crate::{
    Error,
    backend::check_batch,
    bench::{What, check_memory},
    config::{RunConfig, refuse},
    curves::write_curves,
    evaluation::{Report, TrainingReport, evaluate},
    image_check::check_images,
    machine::memory::peak_bytes,
    together::{self, Exchange},
};

/// A training of which everything that can be refused has been checked.
pub struct Job {
    setup: Setup,
    model: AnyModel,
}

/// What a training is made of, besides its network.
struct Setup {
    config: RunConfig,
    device: Device,
    data: Dataset,
    settings: TrainSettings,
    /// Whoever watches and steers the run.
    live: Option<Live>,
    ranks: Ranks,
}

impl Job {
    /// Opens device and data, reads every image once, and makes the network for them. `before` is the
    /// config of the run whose checkpoint is gone on from, which takes the place of pretrained
    /// weights.
    ///
    /// # Errors
    ///
    /// Whatever does not fit together, before anything is written.
    pub fn prepare(
        config: RunConfig,
        before: Option<&RunConfig>,
        show: Show,
        ranks: &Ranks,
    ) -> Result<Self, Error> {
        Self::prepare_on(config, before, show, ranks, DataConfig::open)
    }

    /// The same on images that `open` gives, which may be in memory.
    ///
    /// # Errors
    ///
    /// Those of [`prepare`](Self::prepare), and those of `open`.
    pub fn prepare_on(
        mut config: RunConfig,
        before: Option<&RunConfig>,
        show: Show,
        ranks: &Ranks,
        open: impl FnOnce(&DataConfig) -> Result<Dataset, DataError>,
    ) -> Result<Self, Error> {
        config.check()?;
        let precision = config.train.precision;
        let backend = config.backend.for_local_rank(ranks.local_rank());
        let device = backend.open_for(precision)?;
        let pretrained = match before {
            Some(before) if config.pretrained.is_some() => {
                config.settle_as(before)?;
                None
            }
            _ => config.open_pretrained(show)?,
        };
        let mut data = open(&config.data)?;
        check_images(&mut data, &SplitName::ALL, show)?;
        if let Some(pretrained) = &pretrained {
            let left_out = pretrained.report.left_out().into_iter();
            data.notes.extend(left_out.map(|line| format!("the pretrained weights, {line}")));
            data.notes.extend(pretrained.notes());
        }
        config
            .mix
            .check_fits(&data.train, config.loader.batch_size)
            .map_err(|error| refuse("mix", error.to_string()))?;
        let settings = config.settings(&data)?;
        let shape = DataShape::of(&data);
        check_batch(&device, config.loader.batch_size, shape.image_size)
            .map_err(|message| Error::Usage(format!("backend `{}`: {message}", config.backend)))?;
        config.model = config.model.fit_to(shape).map_err(|message| refuse("model", message))?;
        data.notes.extend(config.model.note());
        data.notes.extend(config.backend.precision_note(precision));
        data.notes.extend(together::loader_note(&config.loader, ranks));
        check_memory(&config.model, &settings, What::Train, &device)?;
        let model = config.init_model(pretrained.as_ref(), &data.classes, &device)?;
        together::check(&config, &model, ranks)?;
        together::check_alike(&config, &data, ranks)?;
        let ranks = ranks.clone();
        Ok(Self { setup: Setup { config, device, data, settings, live: None, ranks }, model })
    }

    /// What the user should know about data and weights, one sentence each.
    pub fn notes(&self) -> &[String] {
        &self.setup.data.notes
    }

    /// Trains a little with growing learning rates, and writes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if the run could not go on.
    pub fn find_learning_rate(self, test: RangeTest) -> Result<Vec<RangePoint>, Error> {
        let Self { setup, model } = self;
        if setup.config.fine_tune.method == Method::LinearProbe {
            return Err(refuse("fine_tune.method", "a linear probe has no learning rate"));
        }
        let loader = setup.train_loader();
        let points = on_model!(model, model => {
            test.run(model, &setup.settings, &loader, &setup.device)
        })?;
        Ok(points)
    }

    /// Trains, and measures the best weights on the test split, or on the valid split if there is
    /// no other. There is a report where there is something to keep it in.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] if the checkpoint cannot be read, [`Error::Failed`] if the run could not go
    /// on, [`Error::Interrupted`] if it was stopped.
    pub fn run(
        self,
        mut kept: Option<Kept>,
        resume: Option<Checkpoint>,
        show: Show,
        stop: Stop,
    ) -> Result<Option<Report>, Error> {
        let Self { setup, model } = self;
        let steps = resume.as_ref().map_or(0, |checkpoint| checkpoint.progress.step);
        let exchange = Exchange::start(&setup.ranks, steps);
        let (trained, glance) = match (setup.config.fine_tune.method.clone(), &kept) {
            (Method::LinearProbe, Some(kept)) => setup.probe(model, &kept.run_dir, show, &stop)?,
            _ => {
                let plan = setup.plan(kept.as_ref(), resume, show, stop);
                (on_model!(model, model => train(model, &plan).map(Trained::erased))?, None)
            }
        };
        kept.iter_mut().try_for_each(Kept::note_steering)?;
        if trained.is_interrupted {
            kept.iter().try_for_each(Kept::write)?;
            return Err(Error::Interrupted { step: trained.progress.step });
        }
        let ranks = exchange.end(&setup.ranks, trained.progress.step)?;
        if let (Some(ranks), true) = (&ranks, show != Show::Nothing) {
            eprintln!("{}", ranks.sentence(trained.progress.seconds));
        }
        if let Some(Kept { manifest, .. }) = &mut kept {
            manifest.ranks = ranks;
        }
        setup
            .conclude(&trained, glance, kept, show)
            .map_err(|error| Error::Failed(error.to_string()))
    }
}

impl Setup {
    fn train_loader(&self) -> Loader {
        let Self { config, device, data, .. } = self;
        together::loader(&data.train, &data.preprocess, &config.loader, device, &self.ranks)
            .shuffled(config.seed)
            .augmented(&config.augment)
            .mixed(&config.mix)
    }

    fn info(&self) -> WeightsInfo {
        WeightsInfo {
            model: self.config.model.clone(),
            classes: self.data.classes.clone(),
            preprocess: self.data.preprocess.clone(),
        }
    }

    fn probe(
        &self,
        model: AnyModel,
        run_dir: &RunDir,
        show: Show,
        stop: &Stop,
    ) -> Result<(Trained<AnyModel>, Option<Glance>), Error> {
        let _scope = self.config.train.precision.enter();
        let probe = Probe {
            loss: &self.settings.loss,
            train: &self.evaluated(&self.data.train),
            valid: &self.evaluated(&self.data.valid),
            run_dir: Some(run_dir),
            info: &self.info(),
            show,
            stop,
            heed: &|_| (),
        };
        Ok(probe.fit(model)?)
    }

    fn plan(
        &self,
        kept: Option<&Kept>,
        resume: Option<Checkpoint>,
        show: Show,
        stop: Stop,
    ) -> Plan {
        Plan {
            settings: self.settings.clone(),
            run_dir: kept.map(|kept| kept.run_dir.clone()),
            info: Some(self.info()),
            train: self.train_loader(),
            valid: self.evaluated(&self.data.valid),
            device: self.device.clone(),
            checkpoints: kept.map(|kept| kept.checkpoints.clone()),
            resume,
            show,
            stop,
            live: self.live.clone(),
            ranks: self.ranks.clone(),
        }
    }

    /// The images of a split as they are.
    fn evaluated(&self, split: &Split) -> Loader {
        let Self { config, device, data, ranks, .. } = self;
        together::loader(split, &data.preprocess, &config.loader, device, ranks)
    }

    /// Measures the best weights, and writes curves, manifest and report.
    fn conclude(
        &self,
        trained: &Trained<AnyModel>,
        glance: Option<Glance>,
        kept: Option<Kept>,
        show: Show,
    ) -> Result<Option<Report>, Error> {
        let Self { config, device, data, ranks, .. } = self;
        let _scope = config.train.precision.enter();
        let (name, split) = data.measured();
        let mut best = config.model.init(config.seed, device);
        together::load_best(&mut best, kept.as_ref().map(|kept| &kept.run_dir), ranks)?;
        let loader = self.evaluated(split);
        let bar = show.bar("evaluating", split.len());
        let top_k = config.metrics.top_k;
        let own = evaluate(&|images| best.logits(images), &loader, &bar)?;
        let evaluation = together::merged(own, config.loader.batch_size, ranks)?;
        let Some(Kept { run_dir, mut manifest, .. }) = kept else {
            return Ok(None);
        };
        let mut report = Report::of(&evaluation, name.name(), split, &data.classes, top_k);
        let progress = trained.progress;
        report.training = Some(TrainingReport {
            epochs: progress.epochs,
            steps: progress.step,
            seconds: progress.seconds,
            images_per_second: trained.images as f64 / progress.seconds,
            best_valid_accuracy: progress.best_accuracy,
            peak_memory_bytes: peak_bytes(),
            features: glance,
            steered: manifest.steered.clone(),
        });
        manifest.weight_hash = Some(trained.model.weight_hash());
        manifest.finished = Some(Timestamp::now());
        write_curves(&run_dir.metrics(), &run_dir.curves(), &run_dir.epochs())?;
        write_json(&run_dir.manifest(), &manifest)?;
        write_json(&run_dir.report(), &report)?;
        Ok(Some(report))
    }
}
