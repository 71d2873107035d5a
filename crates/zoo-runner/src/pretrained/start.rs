//! What a training starts from: the `pretrained` key of a config.

use std::path::Path;

use burn::tensor::Device;

use super::{Head, ImportOptions, Pretrained, assume::Assumption, hub::Published, import};
use crate::{
    Error,
    backend::host,
    config::{RunConfig, refuse},
    model::{AnyClassifier, ModelSettings},
    progress::Show,
    run_dir::find_weights,
};

impl Pretrained {
    /// What was assumed of the weights and a config can say otherwise, a sentence each.
    pub fn notes(&self) -> impl Iterator<Item = String> {
        self.report.assumed.iter().filter_map(Assumption::in_config)
    }
}

impl RunConfig {
    /// Reads the weights that the config starts from, if it names any, and takes over from them what
    /// the config leaves open: the network's sizes, the image size and how pixels are normalised.
    ///
    /// # Errors
    ///
    /// Those of [`import()`], and [`Error::Config`] if they are of another model.
    pub fn open_pretrained(&mut self, show: Show) -> Result<Option<Pretrained>, Error> {
        let Some(name) = &self.pretrained else {
            return Ok(None);
        };
        let weights = match Published::parse(name) {
            Some(published) => {
                let fetched = published.fetch(show)?;
                // The run's config says which they were, whatever is published later.
                self.pretrained = Some(fetched.name);
                fetched.weights
            }
            None => find_weights(Path::new(name))?,
        };
        let num_heads = match &self.model {
            ModelSettings::Vit(settings) => settings.num_heads,
            _ => None,
        };
        let options = ImportOptions { num_heads, ..Default::default() };
        let mut pretrained = import(&weights, &options, &host())?;
        let info = &pretrained.info;
        let model = self.model.over(&info.model).map_err(|message| refuse("model", message))?;
        self.model = with_what_no_tensor_shows(model, &info.model);
        if !self.data.take_over(&info.preprocess) {
            let is_taken = |assumption: &Assumption| !assumption.is_about("preprocess.normalize");
            pretrained.report.assumed.retain(is_taken);
        }
        self.check()?;
        Ok(Some(pretrained))
    }

    /// The network of this checked config for these classes: fresh, or with pretrained weights.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the weights do not fit, or have a head for other classes and none was
    /// asked for.
    pub fn init_model(
        &self,
        pretrained: Option<&Pretrained>,
        classes: &[String],
        device: &Device,
    ) -> Result<Box<dyn AnyClassifier>, Error> {
        let mut model = self.model.init(self.seed, device);
        let Some(pretrained) = pretrained else {
            return Ok(model);
        };
        // Told now rather than when the run has begun.
        let freezing = self.fine_tune.freezing(&model.layers());
        freezing.map_err(|message| refuse("fine_tune", message))?;
        let new_head = self.fine_tune.head == Head::New;
        if !new_head {
            check_classes(&pretrained.info.classes, classes)
                .map_err(|message| refuse("fine_tune", message))?;
        }
        let mut adaptation = pretrained.adaptation();
        (adaptation.shape, adaptation.new_head) = (self.model.shape(), new_head);
        adaptation.apply(&mut *model).map_err(|message| refuse("pretrained", message))?;
        Ok(model)
    }
}

/// `model` with what the weights compute and no tensor shows, as far as it says nothing else: a preset
/// is about sizes.
fn with_what_no_tensor_shows(mut model: ModelSettings, weights: &ModelSettings) -> ModelSettings {
    if let (ModelSettings::Vit(model), ModelSettings::Vit(weights)) = (&mut model, weights) {
        model.num_heads = model.num_heads.or(weights.num_heads);
        model.activation = model.activation.or(weights.activation);
        model.layer_norm_epsilon = model.layer_norm_epsilon.or(weights.layer_norm_epsilon);
    }
    model
}

/// Refuses a head for other classes.
fn check_classes(weights: &[String], data: &[String]) -> Result<(), String> {
    const ADVICE: &str = "set `fine_tune.head` to `new` for a fresh one";
    if weights.len() != data.len() {
        return Err(format!(
            "the weights have a head for {} classes, but the data has {}: {ADVICE}",
            weights.len(),
            data.len()
        ));
    }
    match weights.iter().zip(data).find(|(weights, data)| weights != data) {
        Some((known, wanted)) => Err(format!(
            "the weights have a head for other classes (`{known}` where the data has `{wanted}`): {ADVICE}"
        )),
        None => Ok(()),
    }
}
