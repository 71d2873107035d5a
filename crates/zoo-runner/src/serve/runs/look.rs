//! A run's weights on its split, image by image: computed when it is first asked for, and kept.

use std::{sync::Arc, thread};

use burn::tensor::Device;
use indicatif::ProgressBar;
use parking_lot::Mutex;
use zoo_data::{Dataset, Loader, Split, SplitName};
use zoo_model::Predictor;
use zoo_training::run_dir::find_weights;

use super::FoundRun;
use crate::{
    Error,
    classes::difference,
    config::RunConfig,
    evaluation::{Scored, evaluate},
};

/// The run that was looked at last: its data is in memory.
#[derive(Default)]
pub struct Looks(Mutex<Option<(FoundRun, Looking)>>);

/// How far it is.
#[derive(Clone)]
pub enum Looking {
    /// Under way.
    Running(ProgressBar),
    /// Done.
    Done(Arc<Look>),
    /// It cannot be, for this reason.
    Failed(String),
}

/// A run's weights on its split.
pub struct Look {
    data: Dataset,
    name: SplitName,
    /// What the weights make of each image.
    pub scored: Vec<Scored>,
}

impl Look {
    /// The images.
    pub fn split(&self) -> Option<&Split> {
        self.data.split(self.name)
    }

    fn at(run: &FoundRun, bar: &ProgressBar) -> Result<Self, Error> {
        let weights = find_weights(&run.path)?;
        let config = RunConfig::of_run(&run.path, &[])?;
        let _scope = config.train.precision.enter();
        let predictor = Predictor::open(&weights, &Device::flex())?;
        let data = config.data.open()?;
        let classes = &predictor.info.classes;
        if let Some(difference) = difference(("the weights", classes), ("the data", &data.classes))
        {
            return Err(Error::run(&run.path, format!("the data is another now: {difference}")));
        }
        // As the run's own report.
        let (name, split) = data.measured();
        bar.set_length(split.len() as u64);
        let preprocess = &predictor.info.preprocess;
        let loader = Loader::new(split, preprocess, &config.loader, &predictor.device);
        let scored = evaluate(&|images| predictor.model.logits(images), &loader, bar)?.scored;
        Ok(Self { data, name, scored })
    }
}

impl Looks {
    /// What there is of `run`; begins if nobody has asked before.
    pub fn of(&self, run: &FoundRun, keep: impl Fn(Looking) + Send + 'static) -> Looking {
        let mut last = self.0.lock();
        if let Some((_, looking)) = last.as_ref().filter(|(known, _)| known == run) {
            return looking.clone();
        }
        let bar = ProgressBar::hidden();
        let looking = Looking::Running(bar.clone());
        *last = Some((run.clone(), looking.clone()));
        let run = run.clone();
        thread::spawn(move || {
            let looked = std::panic::catch_unwind(|| Look::at(&run, &bar));
            keep(match looked {
                Ok(Ok(look)) => Looking::Done(Arc::new(look)),
                Ok(Err(error)) => Looking::Failed(error.to_string()),
                Err(_) => Looking::Failed(String::from("the images could not be looked at")),
            });
        });
        looking
    }

    /// Keeps what came of looking at `run`, unless another has been asked for meanwhile.
    pub fn keep(&self, run: &FoundRun, looking: Looking) {
        let mut last = self.0.lock();
        if last.as_ref().is_some_and(|(known, _)| known == run) {
            *last = Some((run.clone(), looking));
        }
    }
}
