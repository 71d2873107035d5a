//! The `fine_tune` block: what of a pretrained network is trained, and when.

mod features;
mod glance;
mod method;
mod probe;

use burn::module::{Module, ParamGroup};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zoo_model::{head_path, is_within};
use zoo_settings::range;

use crate::words::unknown;

pub use self::{
    features::Features,
    glance::Glance,
    method::{LoraConfig, Method},
    probe::Probe,
};

/// How pretrained weights are fine-tuned.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FineTuneConfig {
    /// Which part of the network is fitted to the data.
    pub method: Method,
    /// What happens to the layer that produces the logits.
    pub head: Head,
    /// The peak learning rate of the head, above 0; by default the optimizer's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_learning_rate: Option<f64>,
    /// What is not trained: its parameters stay bit for bit the same, its batch normalisation keeps
    /// its statistics, and its dropout is off.
    pub freeze: Freeze,
    /// What takes the place of `freeze` later, in the order of time; `unfreeze` says the same.
    #[serde(alias = "unfreeze")]
    pub thaw: Vec<Thaw>,
}

/// What happens to the layer that produces the logits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Head {
    /// Keep the head. The data must have the classes of the weights.
    #[default]
    Keep,
    /// Replace it with a fresh head for the classes of the data.
    New,
}

/// What is not trained.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Freeze {
    /// Everything is trained.
    #[default]
    Nothing,
    /// All but the layer that produces the logits.
    AllButHead,
    /// The layers from the images up to this one, which is frozen too: `blocks.5`.
    UpTo(String),
    /// Parameters whose path matches one of these regular expressions: `norm\d?\.`.
    Matching(Vec<String>),
}

/// A change in what is not trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Thaw {
    /// Number of epochs before the change, at least 1.
    pub after_epochs: usize,
    /// What is not trained from then on.
    pub freeze: Freeze,
}

/// What is frozen from which epoch on, for one network.
#[derive(Clone, Debug, Default)]
pub struct Freezing(Vec<(usize, ParamGroup)>);

impl FineTuneConfig {
    /// Refuses settings that are out of range.
    ///
    /// # Errors
    ///
    /// What was found and what was expected, beginning with the name of the setting.
    pub fn check(&self) -> Result<(), String> {
        if let Some(rate) = self.head_learning_rate {
            range::above_zero("head_learning_rate", rate)?;
        }
        let freezes = self.freeze != Freeze::Nothing || !self.thaw.is_empty();
        self.method.check(freezes, self.head == Head::New)?;
        let mut before = 0;
        for thaw in &self.thaw {
            if thaw.after_epochs <= before {
                return Err(format!(
                    "`thaw`: `after_epochs` must increase and start at 1 or above, but {} follows \
                     {before}",
                    thaw.after_epochs
                ));
            }
            before = thaw.after_epochs;
        }
        Ok(())
    }

    /// What is frozen of a network with these layers, and when; see [`Classifier::layers`].
    ///
    /// [`Classifier::layers`]: zoo_model::Classifier::layers
    ///
    /// # Errors
    ///
    /// If a layer is not there, or a regular expression is none.
    pub fn freezing(&self, layers: &[Vec<String>]) -> Result<Freezing, String> {
        let start = std::iter::once((0, &self.freeze));
        let later = self.thaw.iter().map(|thaw| (thaw.after_epochs, &thaw.freeze));
        let groups = start.chain(later).map(|(epoch, freeze)| Ok((epoch, freeze.group(layers)?)));
        let groups: Vec<_> = groups.collect::<Result<_, String>>()?;
        let is_idle = self.thaw.is_empty() && self.freeze == Freeze::Nothing;
        Ok(Freezing(if is_idle { Vec::new() } else { groups }))
    }
}

impl Freeze {
    /// All of the layer that gives the scores.
    fn head(layers: &[Vec<String>]) -> Result<ParamGroup, String> {
        below([head_path(layers)].into_iter())
    }

    /// What it freezes of these layers, flags of normalisation and dropout included.
    fn group(&self, layers: &[Vec<String>]) -> Result<ParamGroup, String> {
        match self {
            Self::Nothing => Ok(ParamGroup::from_paths(Vec::<String>::new())),
            Self::AllButHead => Ok(ParamGroup::all().exclude(Self::head(layers)?)),
            Self::UpTo(name) => {
                let is_named = |layer: &Vec<String>| layer.iter().any(|path| is_within(path, name));
                let last = layers.iter().rposition(is_named).ok_or_else(|| {
                    let known = layers.iter().flatten().map(String::as_str);
                    format!("`freeze`: {}", unknown("layer", name, known))
                })?;
                below(layers[..=last].iter().flatten().map(String::as_str))
            }
            Self::Matching(patterns) => ParamGroup::from_any_regexes(patterns.clone())
                .map_err(|error| format!("`freeze`: {error:?}")),
        }
    }
}

/// All that lies at or below these paths.
fn below<'a>(paths: impl Iterator<Item = &'a str>) -> Result<ParamGroup, String> {
    let patterns = paths.map(|path| format!(r"^{}(\.|$)", path.replace('.', r"\.")));
    ParamGroup::from_any_regexes(patterns.collect()).map_err(|error| format!("{error:?}"))
}

impl Freezing {
    /// `model` as it is trained after this many epochs.
    pub fn apply<M: Module>(&self, model: M, epochs: usize) -> M {
        match self.0.iter().rev().find(|(start, _)| *start <= epochs) {
            Some((_, group)) => model.unfreeze().freeze_group(group.clone()),
            None => model,
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::module::ParamId;
    use zoo_model::host;
    use zoo_vit::{VitConfig, VitPreset};

    use super::*;

    fn group(freeze: Freeze) -> Result<ParamGroup, String> {
        freeze.group(&VitConfig::preset(VitPreset::Mini).init(&host()).layers())
    }

    fn frozen(freeze: Freeze, path: &str) -> bool {
        group(freeze).unwrap().matches(&ParamId::from(1), Some(path))
    }

    #[test]
    fn paths_are_frozen_by_layer_head_or_pattern() {
        let up_to = |name: &str| Freeze::UpTo(String::from(name));
        assert!(frozen(up_to("blocks.1"), "blocks.1.mlp.fc1.weight"));
        assert!(frozen(up_to("blocks.1"), "class_token"));
        assert!(frozen(up_to("blocks.1"), "blocks.0.attention.dropout.training"));
        assert!(!frozen(up_to("blocks.1"), "blocks.10.norm1.gamma"));
        assert!(!frozen(up_to("blocks.1"), "blocks.2.norm1.gamma"));
        assert!(frozen(Freeze::AllButHead, "norm.gamma"));
        assert!(!frozen(Freeze::AllButHead, "head.weight"));
        assert!(!frozen(Freeze::Nothing, "norm.gamma"));
        let norms = Freeze::Matching(vec![String::from(r"norm\d?\."), String::from("^head")]);
        assert!(frozen(norms.clone(), "blocks.3.norm2.beta"));
        assert!(frozen(norms.clone(), "head.bias"));
        assert!(!frozen(norms, "blocks.3.mlp.fc1.bias"));
    }

    #[test]
    fn unfreeze_is_another_word_for_thaw() {
        let read = |key: &str| -> FineTuneConfig {
            let json = format!(r#"{{"{key}": [{{"after_epochs": 2, "freeze": "nothing"}}]}}"#);
            serde_json::from_str(&json).unwrap()
        };
        assert_eq!(read("unfreeze"), read("thaw"));
        assert_eq!(read("unfreeze").thaw.len(), 1);
    }

    #[test]
    fn a_layer_that_is_not_there_is_refused() {
        let error = group(Freeze::UpTo(String::from("block.1"))).unwrap_err();
        assert!(
            error.starts_with(
                "`freeze`: unknown layer `block.1`, did you mean `blocks.1`? Known: patch_embedding, "
            ),
            "{error}"
        );
        let error = group(Freeze::Matching(vec![String::from("(")])).unwrap_err();
        assert!(error.starts_with("`freeze`: InvalidPatternError"), "{error}");
    }

    #[test]
    fn changes_come_in_the_order_of_time() {
        let json = r#"{"thaw": [{"after_epochs": 2, "freeze": "nothing"}, {"after_epochs": 2, "freeze": "nothing"}]}"#;
        let config: FineTuneConfig = serde_json::from_str(json).unwrap();
        assert_eq!(
            config.check(),
            Err(String::from(
                "`thaw`: `after_epochs` must increase and start at 1 or above, but 2 follows 2"
            ))
        );
    }
}
