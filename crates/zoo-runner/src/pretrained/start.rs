//! What a training starts from: the `pretrained` key of a config.

use std::path::Path;

use burn::tensor::Device;
use zoo_model::AnyModel;
use zoo_training::{fine_tune::Head, progress::Show, run_dir::find_weights};

use super::{
    ImportOptions, Pretrained, assume::Assumption, hub::Published, import, locate::locate,
    settings::advice,
};
use crate::{
    Error,
    backend::host,
    classes::difference,
    config::{RunConfig, refuse},
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
            None => {
                let path = zoo_data::meant(Path::new(name));
                if path.is_dir() { locate(&path)? } else { find_weights(&path)? }
            }
        };
        let new_head = self.fine_tune.head == Head::New;
        let num_heads = self.model.num_heads();
        let options =
            ImportOptions { new_head, num_heads, keep_positions: true, ..ImportOptions::default() };
        let mut pretrained = import(&weights, &options, &host())?;
        let info = &pretrained.info;
        self.model =
            self.model.over_weights(&info.model).map_err(|message| refuse("model", message))?;
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
    /// [`Error::Config`] if the weights do not fit, or have a head for other classes and no new
    /// head was requested.
    pub fn init_model(
        &self,
        pretrained: Option<&Pretrained>,
        classes: &[String],
        device: &Device,
    ) -> Result<AnyModel, Error> {
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
        adaptation.apply(&mut model).map_err(|message| {
            let advice = advice(&self.model, &pretrained.info.model);
            refuse("pretrained", message + &advice)
        })?;
        Ok(model)
    }
}

/// Refuses a head for other classes.
fn check_classes(weights: &[String], data: &[String]) -> Result<(), String> {
    const ADVICE: &str = "for a new head, set `fine_tune.head` to `new`";
    if weights.is_empty() {
        return Err(format!("the weights have no head: {ADVICE}"));
    }
    if weights.len() != data.len() {
        return Err(format!(
            "the weights have a head for {} classes, but the data has {}: {ADVICE}",
            weights.len(),
            data.len()
        ));
    }
    match difference(("the weights", weights), ("the data", data)) {
        Some(difference) => {
            Err(format!("the weights have a head for other classes: {difference}; {ADVICE}"))
        }
        None => Ok(()),
    }
}
