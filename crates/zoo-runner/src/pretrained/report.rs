//! What became of a file's tensors.

use serde::Serialize;
use zoo_model::{AnyModel, ModelSettings};

use super::assume::Assumption;

/// What became of a file's tensors, by its own names.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ImportReport {
    /// The library that the names are of.
    pub layout: String,
    /// The network.
    pub model: String,
    /// Number of parameters.
    pub parameters: usize,
    /// Tensors that were taken.
    pub applied: usize,
    /// Tensors that the network needs and the file lacks. A file that lacks any is refused.
    pub missing: Vec<String>,
    /// What stood before every name of the network's tensors, as in `state_dict.module.`; empty where
    /// nothing did.
    pub prefix: String,
    /// Tensors that have no part in the scores, lie elsewhere in the file, or are of another head, and
    /// were left out.
    pub unused: Vec<String>,
    /// Tensors that were brought to another size.
    pub reshaped: Vec<String>,
    /// Tensors that were converted to f32.
    pub converted: Vec<String>,
    /// What was assumed, a sentence each.
    pub assumed: Vec<Assumption>,
}

impl ImportReport {
    /// An empty report on weights.
    pub(super) fn of(settings: &ModelSettings, model: &AnyModel) -> Self {
        Self {
            model: settings.name().to_string(),
            parameters: model.num_params(),
            ..Self::default()
        }
    }

    /// What of the file was taken away or left out, a line each.
    pub fn left_out(&self) -> Vec<String> {
        let prefix = (!self.prefix.is_empty()).then(|| format!("stripped prefix: {}", self.prefix));
        prefix.into_iter().chain(listed("unused", &self.unused)).collect()
    }

    /// What was changed in what was taken, a line each.
    pub fn changed(&self) -> Vec<String> {
        let reshaped = listed("reshaped", &self.reshaped);
        reshaped.into_iter().chain(listed("converted to f32", &self.converted)).collect()
    }
}

/// The names of a few tensors, or the number of many.
fn listed(what: &str, names: &[String]) -> Option<String> {
    match names.len() {
        0 => None,
        1..=3 => Some(format!("{what}: {}", names.join(", "))),
        count => Some(format!("{what}: {count} tensors")),
    }
}
