//! How a pretrained network is fitted to the data.

use burn::module::{Lora, ParamGroup};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fine_tune::Freeze;
use crate::{backend::host, config::range, model::Classifier, training::hidden_matrices};

/// How a pretrained network is fitted to the data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Its weights are trained on, but for those that `freeze` names.
    #[default]
    Train,
    /// Its weights stay. What it sees in the images is computed once, and a new head is fitted to
    /// that by logistic regression, with the penalty that does best on the valid split.
    /// Augmentation, optimizer, schedule and budget have no part in it.
    /// <https://arxiv.org/abs/2103.00020>, section 3.2
    LinearProbe,
    /// Its weights stay, but to each matrix of its hidden layers a product of two narrow ones is
    /// added, and these are trained, with the head.
    Lora(LoraConfig),
}

/// Low-rank adapters. <https://arxiv.org/abs/2106.09685>
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LoraConfig {
    /// Columns of the first and rows of the second narrow matrix, at least 1.
    pub rank: usize,
    /// The product is scaled by this, above 0, divided by the rank.
    pub alpha: f64,
}

impl Default for LoraConfig {
    fn default() -> Self {
        Self { rank: 8, alpha: 16.0 }
    }
}

impl Method {
    /// Refuses settings out of range, `freeze` among them where it has no part.
    pub(super) fn check(&self, freezes: bool, has_new_head: bool) -> Result<(), String> {
        match self {
            Self::Train => return Ok(()),
            Self::LinearProbe if !has_new_head => {
                return Err(String::from(
                    "`method`: `linear-probe` fits a new head: set `head` to `new`",
                ));
            }
            Self::LinearProbe => {}
            Self::Lora(LoraConfig { rank: 0, .. }) => {
                return Err(String::from("`method.lora.rank` must be at least 1"));
            }
            Self::Lora(LoraConfig { alpha, .. }) => {
                range::above_zero("method.lora.alpha", *alpha)?;
            }
        }
        match freezes {
            true => Err(String::from(
                "`freeze` and `thaw` have a part in the method `train` alone: leave them out",
            )),
            false => Ok(()),
        }
    }
}

impl LoraConfig {
    /// `model` with adapters, drawn by `seed`: all of it is frozen but these and the head.
    ///
    /// # Errors
    ///
    /// If the network has no hidden matrix.
    pub fn attach<M: Classifier>(&self, model: M, seed: u64) -> Result<M, String> {
        let hidden = hidden_matrices(&model);
        if hidden.is_empty() {
            return Err(String::from(
                "`method`: `lora` adapts the matrices of hidden layers, and this network has none",
            ));
        }
        let head = Freeze::head(&model.layers())?;
        let device = model.devices().into_iter().next().unwrap_or_else(host);
        // Drawn on the host, so that they are the same on every device.
        host().seed(seed);
        let model = model.to_device(&host()).freeze();
        let model = model.apply_lora(
            Lora::new(self.rank, self.alpha).set_param_group(ParamGroup::from_paths(hidden)),
        );
        Ok(model.unfreeze_group(head).to_device(&device))
    }
}
