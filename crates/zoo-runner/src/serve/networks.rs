//! The networks that are served: found, opened, tried, and each set to work.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use burn::tensor::Device;
use parking_lot::RwLock;
use zoo_data::{Image, shown};
use zoo_model::{NO_ANSWER, Predictor, WeightsInfo};
use zoo_training::{
    run_dir::{find_weights, holds_run, report_path},
    words::unknown,
};

use super::{
    engine::Engine,
    metrics::{Metrics, NetworkMetrics},
    options::ServeOptions,
    refused::Refused,
    runs::{FoundRun, find_runs},
};
use crate::{
    Error,
    backend::check_precision,
    config::RunConfig,
    explain::{METHODS, blank_record},
};

/// A run, or a file of weights, that is to be served.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What it is called; by default after its path.
    pub name: Option<String>,
    /// The run directory or the file.
    pub path: PathBuf,
}

/// A network at work.
pub struct Network {
    /// What requests call it.
    pub name: String,
    /// The run directory or the file that it comes from.
    pub origin: PathBuf,
    /// Settings, classes, preprocessing.
    pub info: Arc<WeightsInfo>,
    /// Number of parameters.
    pub parameters: usize,
    /// Names of the methods that show where it looks.
    pub explains: Vec<&'static str>,
    /// Where it works.
    pub engine: Engine,
    /// Its counters.
    pub metrics: NetworkMetrics,
}

/// All networks, by their names.
#[derive(Default)]
pub struct Networks(RwLock<Vec<Arc<Network>>>);

impl Wanted {
    /// As typed: a path, or a name and a path with `=` between them.
    pub fn parse(text: &str) -> Self {
        let path = PathBuf::from(text);
        match text.split_once('=') {
            Some((name, path_of_name)) if !path.exists() && is_name(name) => {
                Self { name: Some(name.to_string()), path: PathBuf::from(path_of_name) }
            }
            _ => Self { name: None, path },
        }
    }

    fn called(&self) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let absolute = std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone());
        let stem = match self.path.is_dir() {
            true => absolute.file_name(),
            false => absolute.file_stem(),
        };
        let folder = absolute.parent().and_then(Path::file_name);
        let stem = match stem {
            // As every run calls its weights.
            Some(stem) if stem == "model" && !self.path.is_dir() => folder.or(Some(stem)),
            stem => stem,
        };
        stem.map_or_else(|| String::from("network"), |stem| shown(Path::new(stem)))
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains(['/', '\\', '.'])
}

impl Networks {
    /// Opens what is wanted, or every finished run in the folder of runs if nothing is. Of the latter,
    /// what cannot be opened is left out and told to `note`; there may be none as long as all runs are
    /// still training. Each computes in the precision of the options, or in that of its run. Must be
    /// called within the runtime.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] if a run is not there, not finished or not sound; [`Error::Usage`] if two would have
    /// the same name.
    pub fn open(
        wanted: &[Wanted],
        device: &Device,
        options: &ServeOptions,
        metrics: &Metrics,
        note: &dyn Fn(String),
    ) -> Result<Self, Error> {
        let open = |wanted: &Wanted| Network::open(wanted, device, options, metrics).map(Arc::new);
        if !wanted.is_empty() {
            let opened = named_once(wanted)?.iter().map(open).collect::<Result<_, _>>()?;
            return Ok(Self(RwLock::new(opened)));
        }
        let runs = &options.runs;
        let found = find_runs(runs);
        if found.is_empty() {
            let advice = "contains no run: train one, or name a run or a file of weights";
            return Err(Error::run(runs, advice));
        }
        let mut networks = Vec::new();
        for FoundRun { name, path } in found {
            if !report_path(&path).exists() {
                note(format!("{name}: not finished, only its curves are shown"));
                continue;
            }
            match open(&Wanted { name: Some(name), path }) {
                Ok(network) => networks.push(network),
                Err(error) => note(format!("left out: {error}")),
            }
        }
        Ok(Self(RwLock::new(networks)))
    }

    /// The network of this name.
    ///
    /// # Errors
    ///
    /// 404 with the nearest name.
    pub fn get(&self, name: &str) -> Result<Arc<Network>, Refused> {
        let all = self.0.read();
        let found = all.iter().find(|network| network.name == name).cloned();
        let names = || all.iter().map(|network| network.name.as_str());
        found.ok_or_else(|| Refused::unknown(unknown("network", name, names().collect::<Vec<_>>())))
    }

    /// All of them.
    pub fn all(&self) -> Vec<Arc<Network>> {
        self.0.read().clone()
    }

    /// One more, whose name no other has.
    pub fn add(&self, network: Network) {
        self.0.write().push(Arc::new(network));
    }
}

/// `wanted` with a name for each.
fn named_once(wanted: &[Wanted]) -> Result<Vec<Wanted>, Error> {
    let named = wanted.iter().map(|one| Wanted { name: Some(one.called()), ..one.clone() });
    let named: Vec<Wanted> = named.collect();
    for (place, one) in named.iter().enumerate() {
        if let Some(other) = named[..place].iter().find(|other| other.name == one.name) {
            let name = one.name.clone().unwrap_or_default();
            return Err(Error::Usage(format!(
                "{} and {} would both be called `{name}`: name one, as in other={}",
                shown(&other.path),
                shown(&one.path),
                shown(&one.path)
            )));
        }
    }
    Ok(named)
}

impl Network {
    /// Must be called within the runtime.
    pub fn open(
        wanted: &Wanted,
        device: &Device,
        options: &ServeOptions,
        metrics: &Metrics,
    ) -> Result<Self, Error> {
        let (name, path) = (wanted.called(), &wanted.path);
        let weights = find_weights(path)?;
        if path.is_dir() && holds_run(path) && !report_path(path).exists() {
            return Err(Error::run(
                path,
                format!(
                    "the run is not finished: resume it, or serve the weights that it has so far, as in {name}={}",
                    shown(&weights)
                ),
            ));
        }
        let precision = options.precision.map_or_else(|| RunConfig::precision_of(path), Ok)?;
        check_precision(device, precision).map_err(|message| Error::run(path, message))?;
        let _scope = precision.enter();
        let mut predictor = Predictor::open(&weights, device)?;
        if options.holds_in_precision {
            predictor = predictor.held_in(precision);
        }
        let info = Arc::new(predictor.info.clone());
        // A first answer also shows weights that are not numbers, and readies the device.
        let side = info.preprocess.image_size;
        let grey = Image::filled(side, side, &[128, 128, 128]);
        if !predictor.predict(&[grey])?.iter().all(|scores| scores.is_answer()) {
            return Err(Error::run(&weights, format!("cannot be served: {NO_ANSWER}")));
        }
        let record = blank_record(&predictor);
        let shows = METHODS.iter().filter(|method| method.heat.is_some());
        let explains =
            shows.filter(|method| (method.lacks)(&record).is_none()).map(|method| method.name);
        let (explains, parameters) = (explains.collect(), predictor.model.num_params());
        let metrics = metrics.of_network(&name);
        let engine = Engine::start(predictor, &name, options.batching, metrics.clone())?;
        Ok(Self { name, origin: path.clone(), info, parameters, explains, engine, metrics })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_called_after_its_path_unless_it_is_named() {
        let called = |text: &str| Wanted::parse(text).called();
        assert_eq!(called("runs/cnn/model.safetensors"), "cnn");
        assert_eq!(called("weights.safetensors"), "weights");
        assert_eq!(called("left=a/weights.safetensors"), "left");
        assert_eq!(called("a/b=c.safetensors"), "b=c");
    }

    #[test]
    fn two_networks_of_one_name_are_refused() {
        let wanted = ["a/cnn.safetensors", "b/cnn.safetensors"].map(Wanted::parse);
        assert_eq!(
            named_once(&wanted).unwrap_err().to_string(),
            "a/cnn.safetensors and b/cnn.safetensors would both be called `cnn`: name one, as in \
             other=b/cnn.safetensors"
        );
    }
}
