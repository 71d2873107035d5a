//! A training from a checked config to a report.

use std::sync::Arc;

use burn::tensor::Device;
use jiff::Timestamp;
use serde_json::Value;
use zoo_data::{Dataset, Loader, LoaderConfig, Split, SplitName};

use crate::{
    Error,
    config::{RunConfig, refuse},
    evaluation::{Report, TrainingReport, evaluate},
    manifest::Manifest,
    memory::peak_bytes,
    model::{AnyClassifier, DataShape, WeightsInfo},
    progress::{Show, TrainingProgress},
    run_dir::{RunDir, read_json, write_json},
    training::{Checkpoint, Plan, RunLength, RunProgress, Stop, Trained},
};

/// A training of which everything that can be refused has been checked.
pub struct Job {
    config: RunConfig,
    device: Device,
    data: Dataset,
    length: RunLength,
    model: Box<dyn AnyClassifier>,
}

impl Job {
    /// Opens device and data, and makes the network for them.
    ///
    /// # Errors
    ///
    /// Whatever does not fit together, before anything is written.
    pub fn prepare(mut config: RunConfig) -> Result<Self, Error> {
        config.check()?;
        let device = config.backend.open()?;
        let data = config.data.open()?;
        let shape = DataShape::of(&data);
        config.model = config.model.fit_to(shape).map_err(|message| refuse("model", message))?;
        let steps_per_epoch = data.train.len().div_ceil(config.loader.batch_size);
        let steps = config.train.steps.unwrap_or(config.train.epochs * steps_per_epoch);
        let length = RunLength { steps, steps_per_epoch };
        config.schedule.check_fits(length).map_err(|message| refuse("schedule", message))?;
        let model = config.model.init(config.seed, &device);
        Ok(Self { config, device, data, length, model })
    }

    /// What the user should know about the data, one sentence each.
    pub fn notes(&self) -> &[String] {
        &self.data.notes
    }

    /// Writes config and manifest: those of a new run, or of the run that is gone on with.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] if the run was started with another config or on other images.
    pub fn register(&self, run_dir: &RunDir, resume: bool) -> Result<Manifest, Error> {
        let mut manifest =
            Manifest::new(&self.config, &self.device, &self.data, self.model.num_params());
        if resume && run_dir.manifest().exists() {
            let before: RunConfig = read_json(&run_dir.config())?;
            let refuse = |what: String| {
                let advice = "resume with the same, or start over by --force";
                Error::run(run_dir.path(), format!("was started {what}: {advice}"))
            };
            if let Some(key) = first_difference(&before, &self.config) {
                return Err(refuse(format!("with another `{key}`")));
            }
            let old: Manifest = read_json(&run_dir.manifest())?;
            if old.data != manifest.data {
                return Err(refuse(String::from("on other images")));
            }
            manifest.started = old.started;
        }
        write_json(&run_dir.config(), &self.config)?;
        write_json(&run_dir.manifest(), &manifest)?;
        Ok(manifest)
    }

    /// Trains, and measures the best weights on the test split, or on the valid split where there
    /// is no other.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] if the checkpoint cannot be read, [`Error::Failed`] if the run could not go
    /// on, [`Error::Interrupted`] if it was stopped.
    pub fn run(
        self,
        run_dir: &RunDir,
        manifest: Manifest,
        resume: Option<Checkpoint>,
        show: Show,
        stop: Stop,
    ) -> Result<Report, Error> {
        let plan = self.plan(run_dir, resume, show, stop);
        let Self { config, device, data, length, model } = self;
        let trained = model.train(plan)?;
        if trained.is_interrupted {
            return Err(Error::Interrupted { step: trained.progress.step });
        }
        conclude(&config, &device, &data, length, &trained, run_dir, manifest, show)
            .map_err(|error| Error::Failed(error.to_string()))
    }

    fn plan(&self, run_dir: &RunDir, resume: Option<Checkpoint>, show: Show, stop: Stop) -> Plan {
        let (config, data) = (&self.config, &self.data);
        let start =
            resume.as_ref().map_or_else(RunProgress::default, |checkpoint| checkpoint.progress);
        let images = |steps| self.length.images(steps, data.train.len());
        let (all, done) = (images(self.length.steps), images(start.step));
        let train = Loader::train(
            &data.train,
            &data.preprocess,
            &config.augment,
            &config.loader,
            config.seed,
            &self.device,
        );
        Plan {
            config: config.clone(),
            run_dir: run_dir.clone(),
            info: WeightsInfo {
                model: config.model.clone(),
                classes: data.classes.clone(),
                preprocess: data.preprocess.clone(),
            },
            train: Arc::new(train),
            valid: Arc::new(evaluated(&data.valid, data, config, &self.device)),
            device: self.device.clone(),
            length: self.length,
            resume,
            renderer: Box::new(TrainingProgress::new(show, all, done, start.epochs)),
            stop,
        }
    }
}

/// The images of a split as they are.
fn evaluated(split: &Split, data: &Dataset, config: &RunConfig, device: &Device) -> Loader {
    Loader::evaluate(split, &data.preprocess, &config.loader, device)
}

/// Measures the best weights, and writes manifest and report.
#[expect(clippy::too_many_arguments, reason = "all of a run comes together in its conclusion")]
fn conclude(
    config: &RunConfig,
    device: &Device,
    data: &Dataset,
    length: RunLength,
    trained: &Trained,
    run_dir: &RunDir,
    mut manifest: Manifest,
    show: Show,
) -> Result<Report, Error> {
    let (name, split) = match &data.test {
        Some(test) => (SplitName::Test, test),
        None => (SplitName::Valid, &data.valid),
    };
    let mut best = config.model.init(config.seed, device);
    best.load(&run_dir.weights())?;
    let loader = evaluated(split, data, config, device);
    let bar = show.bar("evaluating", split.len());
    let top_k = config.metrics.top_k;
    let mut report = evaluate(&*best, &loader, name.as_str(), &data.classes, top_k, &bar)?;
    let progress = trained.progress;
    report.training = Some(TrainingReport {
        epochs: progress.epochs,
        steps: progress.step,
        seconds: progress.seconds,
        images_per_second: length.images(progress.step, data.train.len()) as f64 / progress.seconds,
        best_valid_accuracy: progress.best_accuracy,
        peak_memory_bytes: peak_bytes(),
    });
    manifest.weight_hash = Some(trained.model.weight_hash());
    manifest.finished = Some(Timestamp::now());
    write_json(&run_dir.manifest(), &manifest)?;
    write_json(&run_dir.report(), &report)?;
    Ok(report)
}

/// The first setting in which two configs differ and which changes the result of a run.
fn first_difference(before: &RunConfig, now: &RunConfig) -> Option<String> {
    let comparable = |config: &RunConfig| {
        let mut config = config.clone();
        config.schema = None;
        config.about = Default::default();
        config.loader = LoaderConfig { batch_size: config.loader.batch_size, ..Default::default() };
        config.train.log_every = 1;
        config.train.checkpoint = Default::default();
        serde_json::to_value(config).unwrap_or_default()
    };
    difference(&comparable(before), &comparable(now)).map(|path| path.join("."))
}

/// The path to the first place where two documents differ.
fn difference(a: &Value, b: &Value) -> Option<Vec<String>> {
    let (Value::Object(a), Value::Object(b)) = (a, b) else {
        return (a != b).then(Vec::new);
    };
    a.keys().chain(b.keys()).find_map(|key| {
        let [a, b] = [a, b].map(|object| object.get(key).unwrap_or(&Value::Null));
        let mut path = difference(a, b)?;
        path.insert(0, key.clone());
        Some(path)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_difference_is_named_by_its_path() {
        let config = json!({"seed": 0, "model": {"vit": {"depth": 6}}});
        let other = json!({"seed": 0, "model": {"vit": {"depth": 6, "dropout": 0.1}}});
        assert_eq!(difference(&config, &config), None);
        let path = ["model", "vit", "dropout"].map(String::from).to_vec();
        assert_eq!(difference(&config, &other), Some(path));
    }
}
