//! How fast things are: training, inference and loading, in medians over many steps.

mod case;
mod compare;
mod dump;
mod fit;
mod time;

use std::path::Path;

use burn::tensor::{Device, Distribution, Tensor};
use serde::{Deserialize, Serialize};
use zoo_data::{Batch, Dataset, Loader, SplitName};
use zoo_kernels::Precision;
use zoo_model::{DataShape, WeightsInfo, on_model};
use zoo_training::{Part, progress::Show};

pub use self::{
    case::built_in,
    compare::compare,
    dump::check as check_dump,
    fit::check_memory,
    time::{StepTimes, time_inference, time_training},
};
use crate::{
    Error,
    backend::{BackendChoice, DeviceInfo},
    case::Case,
    config::refuse,
    image_check::check_images,
    machine::{self, memory},
};

/// Steps that are done and not counted: the first ones meet cold caches.
const WARM_UP: usize = 3;
/// Batches that steps go through in turn, so that no step sees the pixels of the one before.
const BATCHES: usize = 4;
/// Side of the matrices of which the product shows what the device can do at most.
const PEAK_SIZE: usize = 1024;

/// What is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Forward, backward and optimizer step.
    Train,
    /// Forward alone.
    Infer,
    /// Reading, augmenting and batching images.
    Load,
}

/// The figures of one case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Speed {
    /// The case, or the config's file.
    pub config: String,
    /// What computed.
    pub backend: String,
    /// What products and convolutions computed in; f32 in files of before there was a choice.
    #[serde(default = "f32_of_old")]
    pub precision: String,
    /// The processor's instructions for products of 16-bit numbers, if it used any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// What was timed.
    pub what: What,
    /// Images a step.
    pub batch: usize,
    /// Images a second at the median step; of loading, over all steps.
    pub images_per_second: f64,
    /// Milliseconds of a step.
    pub step_ms: Spread,
    /// Milliseconds of a training step's parts, medians.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_ms: Option<SplitMs>,
    /// Floating-point operations a second of the model; a training step counts as three forward
    /// passes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flops_per_second: Option<f64>,
    /// `flops_per_second` as a share of what a product of 1024 × 1024 matrices reached just before.
    /// Above 1 where convolutions get by with fewer operations than their definition counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_share: Option<f64>,
    /// Peak memory of the process during this case, if the system reports it. Memory freed by
    /// earlier cases in the same process counts too, because the allocator keeps it.
    pub peak_memory_bytes: Option<u64>,
    /// Processor and threads, or the GPU: rows of different machines are not compared.
    pub machine: String,
}

fn f32_of_old() -> String {
    Precision::F32.to_string()
}

/// The middle and the ends of some measurements.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// As many are below as above.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
}

/// Milliseconds of a training step's parts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitMs {
    /// Logits and loss.
    pub forward: f64,
    /// Gradients.
    pub backward: f64,
    /// New weights.
    pub optimizer: f64,
}

impl Spread {
    /// Of some measurements, at least one.
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self { median: values[values.len() / 2], min: values[0], max: values[values.len() - 1] }
    }
}

/// Times `what` of `case` over `steps` steps. Weights and batches are first written to the folder
/// `dump`, if there is one.
///
/// # Errors
///
/// Whatever is wrong with the case's data, model or backend, and a batch that does not fit the
/// memory.
pub fn run(
    case: &Case,
    backend: &BackendChoice,
    what: What,
    steps: usize,
    dump: Option<&Path>,
) -> Result<Speed, Error> {
    let precision = case.config.train.precision;
    let device = backend.open_for(precision)?;
    let mut data = case.config.data.open()?;
    check_images(&mut data, &[SplitName::Train], Show::Nothing)?;
    let settings = case.model(DataShape::of(&data)).map_err(|text| refuse("model", text))?;
    let mut config = case.config.clone();
    let training = config.settings(&data)?;
    check_memory(&settings, &training, what, &device)?;
    memory::keep_freed(false);
    memory::reset_peak();
    let loader = loader(case, &data, &device);
    let batch = case.config.loader.batch_size;
    let mut row = Speed {
        config: case.name.clone(),
        backend: backend.to_string(),
        precision: precision.to_string(),
        instructions: backend.instructions(precision).map(String::from),
        what,
        batch,
        images_per_second: 0.0,
        step_ms: Spread { median: 0.0, min: 0.0, max: 0.0 },
        split_ms: None,
        flops_per_second: None,
        peak_share: None,
        peak_memory_bytes: None,
        machine: machine_of(&device),
    };
    let steps = steps + WARM_UP;
    let times: Vec<f64> = match what {
        What::Load => {
            memory::keep_freed(true);
            time::time_loading(&loader, steps)?
        }
        What::Infer | What::Train => {
            let batches = first_batches(&loader)?;
            let peak = peak_flops(&device);
            let seed = case.config.seed;
            let _scope = precision.enter();
            if let Some(folder) = dump {
                let model = settings.init(seed, &device);
                let info = WeightsInfo {
                    model: settings.clone(),
                    classes: class_names(&data, settings.shape().num_classes),
                    preprocess: data.preprocess.clone(),
                };
                dump::dump(folder, &model, &info, &batches)?;
            }
            let forward = 2.0 * (settings.multiply_adds() * batch as u64) as f64;
            let (times, flops) = if what == What::Infer {
                let model = settings.init_held_in(precision, seed, &device);
                memory::keep_freed(true);
                (on_model!(&model, model => time_inference(model, &batches, steps)), forward)
            } else {
                let model = settings.init(seed, &device);
                memory::keep_freed(true);
                let times =
                    on_model!(model, model => time_training(model, &batches, &training, steps))?;
                row.split_ms = Some(split(&times[WARM_UP..]));
                (times.iter().map(StepTimes::whole).collect(), 3.0 * forward)
            };
            let median = Spread::of(times[WARM_UP..].to_vec()).median;
            row.flops_per_second = Some(flops / (median / 1e3));
            row.peak_share = Some(flops / (median / 1e3) / peak);
            times
        }
    };
    row.step_ms = Spread::of(times[WARM_UP..].to_vec());
    let step_ms = match what {
        // Workers finish batches together, so that every other one is there at once.
        What::Load => times[WARM_UP..].iter().sum::<f64>() / (steps - WARM_UP) as f64,
        What::Infer | What::Train => row.step_ms.median,
    };
    row.images_per_second = batch as f64 / (step_ms / 1e3);
    row.peak_memory_bytes = memory::peak_bytes();
    Ok(row)
}

fn loader(case: &Case, data: &Dataset, device: &Device) -> Loader {
    let config = &case.config;
    Loader::new(&data.train, &data.preprocess, &config.loader, device)
        .shuffled(config.seed)
        .augmented(&config.augment)
        .mixed(&config.mix)
}

/// Names for the classes of a network: those of the drawn images, or numbers where it has others.
fn class_names(data: &Dataset, num_classes: usize) -> Vec<String> {
    match data.classes.len() == num_classes {
        true => data.classes.clone(),
        false => (0..num_classes).map(|label| label.to_string()).collect(),
    }
}

/// The GPU by its name, or the processor with its threads.
fn machine_of(device: &Device) -> String {
    let name = DeviceInfo::of(0, device).name;
    if name == machine::processor() { machine::name() } else { name }
}

/// Whole batches of the first epoch, which are in memory before anything is timed.
fn first_batches(loader: &Loader) -> Result<Vec<Batch>, Error> {
    let batches = loader.epoch(0, 0).take(BATCHES);
    batches.map(|batch| batch.map_err(|error| Error::Failed(error.to_string()))).collect()
}

fn split(times: &[StepTimes]) -> SplitMs {
    let median = |part: Part| Spread::of(times.iter().map(|step| step.of(part)).collect()).median;
    SplitMs {
        forward: median(Part::Forward),
        backward: median(Part::Backward),
        optimizer: median(Part::Update),
    }
}

/// Floating-point operations a second of a matrix product on `device`: the best of some.
fn peak_flops(device: &Device) -> f64 {
    let matrix = || {
        let shape = [PEAK_SIZE, PEAK_SIZE];
        Tensor::<2>::random(shape, Distribution::Uniform(-1.0, 1.0), device)
    };
    let (a, b) = (matrix(), matrix());
    let product = || time::milliseconds(device, || a.clone().matmul(b.clone())).0;
    let best = (0..10).map(|_| product()).fold(f64::INFINITY, f64::min);
    2.0 * (PEAK_SIZE as f64).powi(3) / (best / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_is_the_middle_and_the_ends() {
        let spread = Spread::of(vec![3.0, 1.0, 5.0, 2.0, 4.0]);
        assert_eq!(spread, Spread { median: 3.0, min: 1.0, max: 5.0 });
    }
}
