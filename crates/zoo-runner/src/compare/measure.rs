//! What a trained network does with the test images: every prediction, its speed, its robustness to
//! corruption, and whether it looks at the object.

use std::{fs, path::Path};

use indicatif::ProgressBar;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zoo_data::{Corruption, Loader, LoaderConfig, Preprocess, Split};
use zoo_model::{Predictor, on_model};
use zoo_training::{
    progress::Show,
    run_dir::{find_weights, manifest_path, read_json, write_json},
};

use super::{entry::Entry, plan::Planned};
use crate::{
    Error,
    bench::{Spread, time_inference},
    evaluation::{Scored, evaluate},
    explain::{Focus, METHODS, Method, blank_record, focus},
    manifest::Manifest,
};

/// Number of corrupted images per kind and strength, if the split has as many.
pub const CORRUPTED_IMAGES: usize = 500;
/// Number of correctly classified images over which it is measured whether networks look at the
/// object.
pub const LOOKED_AT: usize = 100;
/// The methods that find where a network looks in a pass or two per image.
const LOOKS: [&str; 3] = ["grad-cam", "hires-cam", "rollout"];
/// Batches of which the speed of inference is the median, after some that are not counted.
const TIMED: usize = 12;
const WARM_UP: usize = 2;

/// What a run's network does with the test images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// When the run was finished that was measured.
    pub run_finished: Option<Timestamp>,
    /// Every image, in the order of the split.
    pub scored: Vec<Scored>,
    /// Images a second of the network alone, without loading.
    pub inference_images_per_second: f64,
    /// Figures on corrupted images; empty if not requested.
    #[serde(rename = "harmed")]
    pub corrupted: Vec<Corrupted>,
    /// Whether the network looks at the object; empty if not requested, or if the data set does not
    /// know where the object is.
    #[serde(default)]
    pub focus: Vec<Focus>,
}

/// The accuracy on corrupted images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Corrupted {
    /// What was done to them.
    pub corruption: Corruption,
    /// The strength, from 1; 0 for the same images without corruption.
    pub strength: usize,
    /// The fraction of images whose prediction is right.
    pub accuracy: f64,
}

/// Measures the run, or reads what was measured of it before, from the file `kept`.
///
/// # Errors
///
/// [`Error::Run`] if its weights cannot be read, [`Error::Failed`] if an image cannot.
pub fn measure(
    run: &Planned,
    entry: &Entry,
    with_corruptions: bool,
    kept: &Path,
    show: Show,
) -> Result<Measured, Error> {
    let manifest: Manifest = read_json(&manifest_path(&run.folder))?;
    let before = read_json::<Measured>(kept).ok().filter(|before| {
        before.run_finished == manifest.finished
            && (!with_corruptions || !before.corrupted.is_empty())
    });
    if let Some(before) = before {
        return Ok(before);
    }
    let weights = find_weights(&run.folder)?;
    let network = Predictor::open(&weights, &run.config.backend.open()?)?;
    let _scope = run.config.train.precision.enter();
    let measuring = Measuring { network: &network, loader: &run.config.loader };
    let (_, split) = entry.data.measured();
    let bar = show.bar("measuring", split.len());
    let scored = measuring.look(split, &network.info.preprocess, &bar)?;
    let measured = Measured {
        run_finished: manifest.finished,
        scored,
        inference_images_per_second: measuring.speed(split)?,
        corrupted: if with_corruptions { measuring.corrupted(split, show)? } else { Vec::new() },
        focus: if with_corruptions { looks(&network, split, show)? } else { Vec::new() },
    };
    if let Some(folder) = kept.parent() {
        fs::create_dir_all(folder).map_err(Error::io(folder))?;
    }
    write_json(kept, &measured)?;
    Ok(measured)
}

/// Whether the network looks at the object, if the data set knows where it is.
fn looks(network: &Predictor, split: &Split, show: Show) -> Result<Vec<Focus>, Error> {
    if split.source().mask(split.index(0)).is_none() {
        return Ok(Vec::new());
    }
    let record = blank_record(network);
    let suits =
        |method: &&&Method| LOOKS.contains(&method.name) && (method.lacks)(&record).is_none();
    let methods: Vec<&'static Method> = METHODS.iter().filter(suits).copied().collect();
    let bar = show.bar("looking", LOOKED_AT.min(split.len()));
    let focus = focus(network, split, &methods, LOOKED_AT, || bar.inc(1))?;
    bar.finish_and_clear();
    Ok(focus)
}

/// Trained weights, and how images are prepared for them.
struct Measuring<'a> {
    network: &'a Predictor,
    loader: &'a LoaderConfig,
}

impl Measuring<'_> {
    fn look(
        &self,
        split: &Split,
        preprocess: &Preprocess,
        bar: &ProgressBar,
    ) -> Result<Vec<Scored>, Error> {
        let loader = Loader::new(split, preprocess, self.loader, &self.network.device);
        let evaluation = evaluate(&|images| self.network.model.logits(images), &loader, bar)?;
        Ok(evaluation.scored)
    }

    fn corrupted(&self, split: &Split, show: Show) -> Result<Vec<Corrupted>, Error> {
        let some = split.choose(CORRUPTED_IMAGES, 0);
        // Corrupted images have the network's size already, of which nothing more is cut off.
        let preprocess = &self.network.info.preprocess;
        let as_it_is = Preprocess { crop_ratio: 1.0, ..preprocess.clone() };
        let bar = || show.bar("corrupting", some.len());
        let accuracy = |scored: &[Scored]| {
            scored.iter().filter(|image| image.is_right()).count() as f64 / scored.len() as f64
        };
        let unchanged = accuracy(&self.look(&some, preprocess, &bar())?);
        let mut corrupted = Vec::new();
        for corruption in Corruption::ALL {
            corrupted.push(Corrupted { corruption, strength: 0, accuracy: unchanged });
            for strength in 1..=Corruption::STRENGTHS {
                let images = corruption.corrupt(&some, preprocess, strength);
                let accuracy = accuracy(&self.look(&images, &as_it_is, &bar())?);
                corrupted.push(Corrupted { corruption, strength, accuracy });
            }
        }
        Ok(corrupted)
    }

    /// Images a second at the median batch.
    fn speed(&self, split: &Split) -> Result<f64, Error> {
        let network = self.network;
        let loader = Loader::new(split, &network.info.preprocess, self.loader, &network.device);
        let batches = loader.epoch(0, 0).take(4);
        let batches: Vec<_> = batches
            .map(|batch| batch.map_err(|error| Error::Failed(error.to_string())))
            .collect::<Result<_, _>>()?;
        // A short last batch would be timed as a whole one.
        let whole: Vec<_> = batches
            .iter()
            .filter(|batch| batch.indices.len() == batches[0].indices.len())
            .cloned()
            .collect();
        let times =
            on_model!(&network.model, model => time_inference(model, &whole, WARM_UP + TIMED));
        let median = Spread::of(times[WARM_UP..].to_vec()).median;
        Ok(whole[0].indices.len() as f64 / (median / 1e3))
    }
}
