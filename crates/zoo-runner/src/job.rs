//! A training from a checked config to a report.

mod parts;
mod watch;

pub use parts::Parts;

use burn::tensor::Device;
use jiff::Timestamp;
use zoo_data::{Dataset, Loader, Split, SplitName};
use zoo_model::{AnyModel, DataShape, WeightsInfo, on_model};
use zoo_training::{
    Checkpoint, Checkpoints, Identity, Live, Plan, RangePoint, RangeTest, Stop, TrainSettings,
    Trained,
    fine_tune::{Glance, Method, Probe},
    progress::Show,
    run_dir::{RunDir, read_json, write_json},
    train,
};

use crate::{
    Error,
    backend::check_batch,
    bench::{What, check_memory},
    config::{RunConfig, first_difference_on_same_data, refuse},
    curves::write_curves,
    data::check_images,
    evaluation::{Report, TrainingReport, evaluate},
    manifest::Manifest,
    memory::peak_bytes,
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
        mut config: RunConfig,
        before: Option<&RunConfig>,
        show: Show,
    ) -> Result<Self, Error> {
        config.check()?;
        let precision = config.train.precision;
        let device = config.backend.open_for(precision)?;
        let pretrained = match before {
            Some(before) if config.pretrained.is_some() => {
                config.settle_as(before)?;
                None
            }
            _ => config.open_pretrained(show)?,
        };
        let mut data = config.data.open()?;
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
        check_memory(&config.model, &settings, What::Train, &device)?;
        let model = config.init_model(pretrained.as_ref(), &data.classes, &device)?;
        Ok(Self { setup: Setup { config, device, data, settings, live: None }, model })
    }

    /// What the user should know about data and weights, one sentence each.
    pub fn notes(&self) -> &[String] {
        &self.setup.data.notes
    }

    /// Writes config and manifest: those of a new run, or of the run being resumed.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] if the run was started with another config or on other images.
    pub fn register(&self, run_dir: &RunDir, resume: bool) -> Result<Manifest, Error> {
        let Setup { config, device, data, .. } = &self.setup;
        let mut manifest = Manifest::new(config, device, data, self.model.num_params());
        if resume && run_dir.manifest().exists() {
            let before: RunConfig = read_json(&run_dir.config())?;
            let refuse = |what: String| {
                let advice = "resume with the same, or start over with --force";
                Error::run(run_dir.path(), format!("was started {what}: {advice}"))
            };
            if let Some(key) = first_difference_on_same_data(&before, config) {
                return Err(refuse(format!("with another `{key}`")));
            }
            let old: Manifest = read_json(&run_dir.manifest())?;
            if old.data.fingerprint != manifest.data.fingerprint {
                return Err(refuse(String::from("on other images")));
            }
            if old.zoo_version != manifest.zoo_version {
                return Err(refuse(format!("with zoo {}", old.zoo_version)));
            }
            manifest.started = old.started;
            manifest.steered = old.steered;
        }
        write_json(&run_dir.config(), config)?;
        write_json(&run_dir.manifest(), &manifest)?;
        Ok(manifest)
    }

    /// The folder of the run's checkpoints, after repairing anything a killed process left
    /// half-written.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if it cannot be written.
    pub fn checkpoints(&self, run_dir: &RunDir) -> Result<Checkpoints, Error> {
        let Setup { config, data, .. } = &self.setup;
        let identity = Identity::new(&config.model, data.fingerprint());
        let config = config.train.checkpoint.clone();
        Ok(Checkpoints::open(run_dir.checkpoints(), identity, config)?)
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
    /// no other.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] if the checkpoint cannot be read, [`Error::Failed`] if the run could not go
    /// on, [`Error::Interrupted`] if it was stopped.
    pub fn run(
        self,
        run_dir: &RunDir,
        mut manifest: Manifest,
        checkpoints: Checkpoints,
        resume: Option<Checkpoint>,
        show: Show,
        stop: Stop,
    ) -> Result<Report, Error> {
        let Self { setup, model } = self;
        let (trained, glance) = match setup.config.fine_tune.method {
            Method::LinearProbe => setup.probe(model, run_dir, show, &stop)?,
            _ => {
                let plan = setup.plan(run_dir, checkpoints, resume, show, stop);
                (on_model!(model, model => train(model, &plan).map(Trained::erased))?, None)
            }
        };
        manifest.note_steering(&run_dir.metrics())?;
        if trained.is_interrupted {
            write_json(&run_dir.manifest(), &manifest)?;
            return Err(Error::Interrupted { step: trained.progress.step });
        }
        setup
            .conclude(&trained, glance, run_dir, manifest, show)
            .map_err(|error| Error::Failed(error.to_string()))
    }
}

impl Setup {
    fn train_loader(&self) -> Loader {
        let Self { config, device, data, .. } = self;
        Loader::new(&data.train, &data.preprocess, &config.loader, device)
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
            run_dir,
            info: &self.info(),
            show,
            stop,
        };
        Ok(probe.fit(model)?)
    }

    fn plan(
        &self,
        run_dir: &RunDir,
        checkpoints: Checkpoints,
        resume: Option<Checkpoint>,
        show: Show,
        stop: Stop,
    ) -> Plan {
        Plan {
            settings: self.settings.clone(),
            run_dir: run_dir.clone(),
            info: Some(self.info()),
            train: self.train_loader(),
            valid: self.evaluated(&self.data.valid),
            device: self.device.clone(),
            checkpoints,
            resume,
            show,
            stop,
            live: self.live.clone(),
        }
    }

    /// The images of a split as they are.
    fn evaluated(&self, split: &Split) -> Loader {
        Loader::new(split, &self.data.preprocess, &self.config.loader, &self.device)
    }

    /// Measures the best weights, and writes curves, manifest and report.
    fn conclude(
        &self,
        trained: &Trained<AnyModel>,
        glance: Option<Glance>,
        run_dir: &RunDir,
        mut manifest: Manifest,
        show: Show,
    ) -> Result<Report, Error> {
        let Self { config, device, data, .. } = self;
        let _scope = config.train.precision.enter();
        let (name, split) = match &data.test {
            Some(test) => (SplitName::Test, test),
            None => (SplitName::Valid, &data.valid),
        };
        let mut best = config.model.init(config.seed, device);
        best.load(&run_dir.weights())?;
        let loader = self.evaluated(split);
        let bar = show.bar("evaluating", split.len());
        let top_k = config.metrics.top_k;
        let evaluation = evaluate(&|images| best.logits(images), &loader, &bar)?;
        let mut report = Report::of(&evaluation, name.as_str(), split, &data.classes, top_k);
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
        Ok(report)
    }
}
