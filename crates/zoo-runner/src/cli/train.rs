//! `zoo train`.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use jiff::Timestamp;
use serde_json::Value;
use zoo_data::{Dataset, Loader, LoaderConfig, SplitName};

use super::{Output, evaluate::line, open_data, print, print_json, use_threads};
use crate::{
    Error,
    backend::BackendChoice,
    config::{RunConfig, refuse},
    evaluation::{Report, TrainingReport, evaluate},
    manifest::Manifest,
    memory::peak_bytes,
    model::{AnyClassifier, DataShape, WeightsInfo},
    progress::TrainingProgress,
    run_dir::{Existing, RunDir, read_json, write_json},
    training::{Checkpoints, Plan, RunLength, RunProgress, Stop},
};

/// Train a model as a config file says.
#[derive(Debug, Args)]
pub struct Train {
    /// The JSON config.
    config: PathBuf,
    /// Where results go; runs/ and the config's name unless given.
    #[arg(long, value_name = "DIR")]
    run_dir: Option<PathBuf>,
    /// What computes, over the config's choice; see `zoo backends`.
    #[arg(long, value_name = "NAME[:INDEX]")]
    backend: Option<BackendChoice>,
    /// Threads of CPU computation; all cores unless given.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Change a setting, as in train.epochs=5; may be given again.
    #[arg(long = "set", value_name = "KEY.PATH=VALUE")]
    sets: Vec<String>,
    /// Go on from the last checkpoint of the run.
    #[arg(long, conflicts_with = "force")]
    resume: bool,
    /// Start over where the folder already holds a run.
    #[arg(long)]
    force: bool,
}

impl Train {
    pub fn run(self, output: Output) -> Result<(), Error> {
        use_threads(self.threads)?;
        let path = self.run_path()?;
        let job = Job::prepare(&self, output)?;
        let run_dir = RunDir::open(&path, self.existing())?;
        if self.resume && run_dir.is_finished() {
            return print(&format!("{}: finished already, nothing to do", path.display()));
        }
        let manifest = job.manifest(&run_dir, self.resume)?;
        let resume = match self.resume {
            true => Checkpoints::new(run_dir.checkpoints(), 1).latest()?,
            false => None,
        };
        write_json(&run_dir.config(), &job.config)?;
        write_json(&run_dir.manifest(), &manifest)?;
        let report = job.train(&run_dir, manifest, resume, output).map_err(begun)?;
        match output.json {
            true => print_json(&report),
            false => print(&summary(&path, &report)),
        }
    }

    fn existing(&self) -> Existing {
        match (self.resume, self.force) {
            (true, _) => Existing::Resume,
            (false, true) => Existing::Overwrite,
            (false, false) => Existing::Refuse,
        }
    }

    fn run_path(&self) -> Result<PathBuf, Error> {
        if let Some(path) = &self.run_dir {
            return Ok(path.clone());
        }
        let name = self.config.file_stem().ok_or_else(|| {
            Error::Usage(format!("{}: expected a JSON file", self.config.display()))
        })?;
        Ok(Path::new("runs").join(name))
    }
}

/// A training of which everything that can be refused has been checked.
struct Job {
    config: RunConfig,
    device: burn::tensor::Device,
    data: Dataset,
    length: RunLength,
    model: Box<dyn AnyClassifier>,
}

impl Job {
    fn prepare(args: &Train, output: Output) -> Result<Self, Error> {
        let mut config = RunConfig::load(&args.config, &args.sets)?;
        if let Some(backend) = &args.backend {
            config.backend = backend.clone();
        }
        config.check()?;
        let device = config.backend.open()?;
        let data = open_data(&config, output)?;
        let shape = DataShape {
            num_classes: data.classes.len(),
            channels: data.preprocess.channels(),
            image_size: data.preprocess.image_size,
        };
        config.model = config.model.fit_to(shape).map_err(|message| refuse("model", message))?;
        let steps_per_epoch = data.train.len().div_ceil(config.loader.batch_size);
        let steps = config.train.steps.unwrap_or(config.train.epochs * steps_per_epoch);
        let length = RunLength { steps, steps_per_epoch };
        config.schedule.check_fits(length).map_err(|message| refuse("schedule", message))?;
        let model = config.model.init(config.seed, &device);
        Ok(Self { config, device, data, length, model })
    }

    /// A new manifest, or that of the run that is gone on with.
    fn manifest(&self, run_dir: &RunDir, resume: bool) -> Result<Manifest, Error> {
        let new = Manifest::new(&self.config, &self.device, &self.data, self.model.num_params());
        if !(resume && run_dir.manifest().exists()) {
            return Ok(new);
        }
        let before: RunConfig = read_json(&run_dir.config())?;
        if let Some(key) = first_difference(&before, &self.config) {
            let message = format!(
                "was started with another `{key}`: resume with the same config, or start over by --force"
            );
            return Err(Error::run(run_dir.path(), message));
        }
        let old: Manifest = read_json(&run_dir.manifest())?;
        if old.data != new.data {
            let message =
                "was started on other images: resume with the same, or start over by --force";
            return Err(Error::run(run_dir.path(), message));
        }
        Ok(Manifest { started: old.started, ..new })
    }

    fn train(
        self,
        run_dir: &RunDir,
        mut manifest: Manifest,
        resume: Option<(PathBuf, RunProgress)>,
        output: Output,
    ) -> Result<Report, Error> {
        let (config, data, device) = (&self.config, &self.data, &self.device);
        let evaluated = |split| Loader::evaluate(split, &data.preprocess, &config.loader, device);
        let start = resume.as_ref().map_or_else(RunProgress::default, |(_, progress)| *progress);
        let images = |steps| self.length.images(steps, data.train.len());
        let renderer = TrainingProgress::new(
            output.show(),
            images(self.length.steps),
            images(start.step),
            start.epochs,
        );
        let stop = Stop::default();
        stop_on_signals(&stop)?;
        let plan = Plan {
            config: config.clone(),
            run_dir: run_dir.clone(),
            info: WeightsInfo {
                model: config.model.clone(),
                classes: data.classes.clone(),
                preprocess: data.preprocess.clone(),
            },
            train: Arc::new(Loader::train(
                &data.train,
                &data.preprocess,
                &config.augment,
                &config.loader,
                config.seed,
                device,
            )),
            valid: Arc::new(evaluated(&data.valid)),
            device: device.clone(),
            length: self.length,
            resume,
            renderer: Box::new(renderer),
            stop,
        };
        let trained = self.model.train(plan)?;
        if trained.is_interrupted {
            let step = trained.progress.step;
            return Err(Error::Interrupted { step, resume: resume_command() });
        }
        manifest.weight_hash = Some(trained.model.weight_hash());
        let (name, split) = match &data.test {
            Some(test) => (SplitName::Test, test),
            None => (SplitName::Valid, &data.valid),
        };
        let mut best = config.model.init(config.seed, device);
        best.load(&run_dir.weights())?;
        let bar = output.show().bar("evaluating", split.len());
        let top_k = config.metrics.top_k;
        let loader = evaluated(split);
        let mut report = evaluate(&*best, &loader, name.as_str(), &data.classes, top_k, &bar)?;
        let seconds = trained.progress.seconds;
        report.training = Some(TrainingReport {
            epochs: trained.progress.epochs,
            steps: trained.progress.step,
            seconds,
            images_per_second: images(self.length.steps) as f64 / seconds,
            best_valid_accuracy: trained.progress.best_accuracy,
            peak_memory_bytes: peak_bytes(),
        });
        manifest.finished = Some(Timestamp::now());
        write_json(&run_dir.manifest(), &manifest)?;
        write_json(&run_dir.report(), &report)?;
        Ok(report)
    }
}

/// What goes wrong from here on is a run that failed, no longer one that was refused.
fn begun(error: Error) -> Error {
    match error {
        Error::Interrupted { .. } => error,
        error => Error::Failed(error.to_string()),
    }
}

/// Ends the run at its next step on Ctrl-C or a termination signal; at once on the second.
fn stop_on_signals(stop: &Stop) -> Result<(), Error> {
    let stop = stop.clone();
    ctrlc::set_handler(move || {
        if stop.is_requested() {
            std::process::exit(130);
        }
        eprintln!("stopping after this step; once more to stop at once");
        stop.request();
    })
    .map_err(|error| Error::Failed(format!("cannot listen for Ctrl-C: {error}")))
}

/// This very command with `--resume`.
fn resume_command() -> String {
    let args = std::env::args().skip(1).filter(|arg| arg != "--resume" && arg != "--force");
    let args: Vec<String> = args.map(|arg| quoted(&arg)).collect();
    format!("zoo {} --resume", args.join(" "))
}

/// `arg` as a shell would need it.
fn quoted(arg: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    match !arg.is_empty() && arg.chars().all(is_plain) {
        true => arg.to_string(),
        false => format!("'{}'", arg.replace('\'', r"'\''")),
    }
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

/// What a finished run says on stdout.
fn summary(path: &Path, report: &Report) -> String {
    let training = report.training.as_ref().map_or_else(String::new, |training| {
        format!(
            "{} epochs, {} steps in {:.1} s, {:.0} images/s{}",
            training.epochs,
            training.steps,
            training.seconds,
            training.images_per_second,
            training.peak_memory_bytes.map_or_else(String::new, |bytes| {
                format!(", at most {} MB of memory", bytes / 1_000_000)
            }),
        )
    });
    format!("{}: {training}\n{}", path.display(), line(report))
}
