//! `zoo evaluate`.

use std::path::PathBuf;

use burn::data::dataloader::DataLoader;
use clap::Args;
use zoo_data::{Dataset, Loader, SplitName};

use super::{Output, open_data, print, print_json, use_threads};
use crate::{
    Error,
    backend::BackendChoice,
    config::RunConfig,
    evaluation::{Report, evaluate},
    model::WeightsInfo,
    run_dir::{find_config, find_weights},
};

/// Measure a run's weights on a split.
#[derive(Debug, Args)]
pub struct Evaluate {
    /// A run directory, or a bare model.safetensors.
    run: PathBuf,
    /// Which images; test unless given, valid where the data set has no test split.
    #[arg(long, value_parser = ["train", "valid", "test"])]
    split: Option<String>,
    /// The config that says where the images are; the run's own unless given.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What computes; the run's own choice unless given.
    #[arg(long, value_name = "NAME[:INDEX]")]
    backend: Option<BackendChoice>,
    /// Threads of CPU computation; all cores unless given.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Change a setting, as in data.folder.root=photos; may be given again.
    #[arg(long = "set", value_name = "KEY.PATH=VALUE")]
    sets: Vec<String>,
}

impl Evaluate {
    pub fn run(self, output: Output) -> Result<(), Error> {
        use_threads(self.threads)?;
        let weights = find_weights(&self.run)?;
        let info = WeightsInfo::read(&weights)?;
        let mut config = match &self.config {
            Some(path) => RunConfig::load(path, &self.sets)?,
            None => find_config(&self.run, &self.sets)?,
        };
        if let Some(backend) = &self.backend {
            config.backend = backend.clone();
        }
        config.check()?;
        let device = config.backend.open()?;
        let data = open_data(&config, output)?;
        if data.classes != info.classes {
            return Err(Error::run(&weights, "was trained on other classes than the data has"));
        }
        let name = self.split_name(&data)?;
        let split = data.split(name).ok_or_else(|| {
            Error::Usage(format!("--split {name}: the data set {} has none", data.name))
        })?;
        let mut model = info.model.init(config.seed, &device);
        model.load(&weights)?;
        let loader = Loader::evaluate(split, &info.preprocess, &config.loader, &device);
        let bar = output.show().bar("evaluating", loader.num_items());
        let top_k = config.metrics.top_k;
        let report = evaluate(&*model, &loader, name.as_str(), &info.classes, top_k, &bar)?;
        match output.json {
            true => print_json(&report),
            false => print(&text(&report)),
        }
    }

    fn split_name(&self, data: &Dataset) -> Result<SplitName, Error> {
        let best = if data.test.is_some() { SplitName::Test } else { SplitName::Valid };
        let Some(wanted) = &self.split else {
            return Ok(best);
        };
        // clap takes no other name.
        Ok(SplitName::ALL.into_iter().find(|name| name.as_str() == wanted).unwrap_or(best))
    }
}

/// The report as people read it.
pub fn text(report: &Report) -> String {
    let rows = report.per_class.iter().map(|class| {
        let percent = |value: Option<f64>| match value {
            Some(value) => format!("{:.1} %", 100.0 * value),
            None => String::from("-"),
        };
        let (precision, recall) = (percent(class.precision), percent(class.recall));
        vec![class.class.clone(), class.images.to_string(), precision, recall]
    });
    let head = ["class", "images", "precision", "recall"].map(String::from).to_vec();
    let table = super::table(&std::iter::once(head).chain(rows).collect::<Vec<_>>());
    format!("{table}\n\n{}", line(report))
}

/// The report in one line.
pub fn line(report: &Report) -> String {
    format!(
        "{}: accuracy {:.2} %, top-{} {:.2} %, loss {:.4}, {} images at {:.0} images/s",
        report.split,
        100.0 * report.accuracy,
        report.top_k,
        100.0 * report.top_k_accuracy,
        report.loss,
        report.images,
        report.images_per_second,
    )
}
