//! Do backends agree: the same weights and batches on each, compared layer by layer, gradient by
//! gradient, and after some steps of training.

mod case;
mod compare;
mod trace;

use burn::tensor::Device;
use serde::Serialize;
use zoo_data::{Batch, Loader};
use zoo_model::{DataShape, on_model};

pub use self::{
    case::built_in,
    compare::{Differences, Tolerances, tolerances},
    trace::{Named, Trace, trace},
};
use crate::{Error, backend::BackendChoice, case::Case, config::refuse};

/// The outcome of one case on two backends.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Agreement {
    /// The case, or the config's file.
    pub config: String,
    /// The reference, and what is compared with it.
    pub backends: [String; 2],
    /// Images a step.
    pub batch: usize,
    /// How far they are apart.
    #[serde(flatten)]
    pub differences: Differences,
}

/// Trains `case` for `steps` steps on every one of `backends`, without dropout, and compares each
/// with the first.
///
/// # Errors
///
/// Whatever is wrong with the case's data or model, or a backend that has no device.
pub fn run(case: &Case, backends: &[BackendChoice], steps: usize) -> Result<Vec<Agreement>, Error> {
    let precision = case.config.train.precision;
    let traces: Vec<Trace> = backends
        .iter()
        .map(|backend| record(case, &backend.open_for(precision)?, steps))
        .collect::<Result<_, Error>>()?;
    let rows = backends.iter().zip(&traces).skip(1).map(|(backend, trace)| Agreement {
        config: case.name.clone(),
        backends: [backends[0].to_string(), backend.to_string()],
        batch: case.config.loader.batch_size,
        differences: Differences::between(&traces[0], trace, tolerances(precision)),
    });
    Ok(rows.collect())
}

fn record(case: &Case, device: &Device, steps: usize) -> Result<Trace, Error> {
    let mut config = case.config.clone();
    let data = config.data.open()?;
    let settings = config.settings(&data)?;
    let fitted = case.model(DataShape::of(&data)).map_err(|text| refuse("model", text))?;
    let model = fitted.without_dropout().init(config.seed, device);
    let loader = Loader::new(&data.train, &data.preprocess, &config.loader, device)
        .shuffled(config.seed)
        .augmented(&config.augment)
        .mixed(&config.mix);
    let batches = (0..).flat_map(|epoch| loader.epoch(epoch, 0)).take(steps);
    let batches: Vec<Batch> = batches
        .map(|batch| batch.map_err(|error| Error::Failed(error.to_string())))
        .collect::<Result<_, Error>>()?;
    on_model!(model, model => trace(model, &batches, &settings))
}
