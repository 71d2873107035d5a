//! What several processes that train one network share besides its steps.

mod passport;
mod report;

use std::{fs, path::PathBuf};

use burn::{
    module::{Module, ModuleVisitor, Param},
    tensor::{Device, Tensor},
};
use zoo_data::{Loader, LoaderConfig, Preprocess, Split};
use zoo_model::{AnyModel, on_model};
use zoo_training::{OptimizerConfig, Ranks, fine_tune::Method, run_dir::RunDir};

pub use self::{
    passport::{check_alike, check_weights},
    report::{Exchange, RanksManifest},
};
use crate::{
    Error,
    config::{RunConfig, refuse},
    evaluation::Evaluation,
};

/// Burn's sums over more elements than this differ from run to run on the CPU.
const LARGEST_SUMMED: usize = 4_000_000;

/// Refuses what cannot be divided among ranks, or would not give all of them the same weights.
///
/// # Errors
///
/// [`Error::Config`] that names the setting.
pub fn check(config: &RunConfig, model: &AnyModel, ranks: &Ranks) -> Result<(), Error> {
    let (count, batches) = (ranks.count(), config.train.accumulate);
    if count == 1 {
        return Ok(());
    }
    if config.fine_tune.method == Method::LinearProbe {
        return Err(refuse("fine_tune.method", "a linear probe is fitted by one process"));
    }
    if batches < count {
        return Err(refuse(
            "train.accumulate",
            format!(
                "a step has {batches} batch{}, too few for {count} processes: set it to at least \
                 {count}, or start fewer",
                if batches == 1 { "" } else { "es" },
            ),
        ));
    }
    let optimizer = match &config.optimizer {
        OptimizerConfig::Lamb(_) => "lamb",
        OptimizerConfig::Muon(_) => "muon",
        OptimizerConfig::Adafactor(_) => "adafactor",
        _ => return Ok(()),
    };
    if !config.backend.is_cpu() || largest(model) <= LARGEST_SUMMED {
        return Ok(());
    }
    Err(refuse(
        "optimizer",
        format!(
            "the sums of `{optimizer}` over a parameter of {} elements differ from process to process, so \
             several could not keep the same weights: choose another, or start one process",
            largest(model)
        ),
    ))
}

/// Elements of the largest parameter.
fn largest(model: &AnyModel) -> usize {
    struct Largest(usize);
    impl ModuleVisitor for Largest {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0 = self.0.max(param.shape().num_elements());
        }
    }
    let mut largest = Largest(0);
    on_model!(model, model => model.visit(&mut largest));
    largest.0
}

/// Loads the best weights, which lie in the run directory of the first rank, on all ranks.
///
/// # Errors
///
/// [`Error::Run`] if they cannot be read or are of another network.
pub fn load_best(
    model: &mut AnyModel,
    run_dir: Option<&RunDir>,
    ranks: &Ranks,
) -> Result<(), Error> {
    let path = run_dir.map_or_else(PathBuf::new, RunDir::weights);
    if ranks.count() == 1 {
        return Ok(model.load(&path)?);
    }
    let own = match ranks.is_first() {
        true => fs::read(&path).map_err(Error::io(&path))?,
        false => Vec::new(),
    };
    Ok(model.load_bytes(ranks.bytes_of_first(own)?, &path)?)
}

/// The batches of a split that are this rank's. It makes them on no more threads than it has processors
/// besides the one that computes.
pub fn loader(
    split: &Split,
    preprocess: &Preprocess,
    config: &LoaderConfig,
    device: &Device,
    ranks: &Ranks,
) -> Loader {
    let config = LoaderConfig { workers: workers(config, ranks), ..config.clone() };
    Loader::new(split, preprocess, &config, device).shared(ranks.rank(), ranks.count())
}

/// That a rank has fewer threads for its batches than the config says.
pub fn loader_note(config: &LoaderConfig, ranks: &Ranks) -> Option<String> {
    let (wanted, used) = (config.workers, workers(config, ranks));
    (used < wanted).then(|| {
        format!(
            "loader.workers: each rank has {used} instead of {wanted}, since they would compete with the \
             ranks for processors"
        )
    })
}

fn workers(config: &LoaderConfig, ranks: &Ranks) -> usize {
    let free = ranks.processors().map_or(usize::MAX, |own| own.saturating_sub(1));
    config.workers.min(free)
}

/// The evaluation of a whole split, of which each rank has evaluated the batches of so many images whose
/// number is its own.
///
/// # Errors
///
/// [`Error::Failed`] if a rank could not evaluate its batches.
pub fn merged(own: Evaluation, batch_size: usize, ranks: &Ranks) -> Result<Evaluation, Error> {
    let (all, seconds): (Vec<_>, Vec<_>) =
        ranks.all((own.scored, own.seconds))?.into_iter().unzip();
    let mut batches: Vec<_> = all.iter().map(|scored| scored.chunks(batch_size)).collect();
    let in_order = (0..).map_while(|number| batches[number % all.len()].next());
    Ok(Evaluation {
        scored: in_order.flatten().copied().collect(),
        // That of the slowest.
        seconds: seconds.into_iter().fold(0.0, f64::max),
    })
}
