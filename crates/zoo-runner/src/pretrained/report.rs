//! What became of a file's tensors.

use burn::store::bridge::to_data;
use serde::Serialize;

use super::assume::Assumption;
use crate::{
    Error,
    model::{AnyClassifier, ModelSettings},
};

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
    /// Tensors that the network wants and the file lacks. A file that lacks any is refused.
    pub missing: Vec<String>,
    /// Tensors that have no part in the scores, and were left out.
    pub unused: Vec<String>,
    /// Tensors that were brought to another size.
    pub reshaped: Vec<String>,
    /// Tensors that were converted to f32.
    pub converted: Vec<String>,
    /// Tensors that hold infinities or what is not a number.
    pub not_finite: Vec<String>,
    /// What was assumed, a sentence each.
    pub assumed: Vec<Assumption>,
}

impl ImportReport {
    /// A report on weights of which nothing is told yet.
    pub(super) fn of(settings: &ModelSettings, model: &dyn AnyClassifier) -> Self {
        Self {
            model: settings.name().to_string(),
            parameters: model.num_params(),
            ..Self::default()
        }
    }
}

/// The names of the tensors that hold infinities or what is not a number.
pub fn not_finite(model: &dyn AnyClassifier) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    for tensor in model.tensors(None) {
        let data = to_data(&tensor).map_err(|error| Error::Failed(error.to_string()))?;
        let values = data.as_slice::<f32>().map_err(|error| Error::Failed(format!("{error:?}")))?;
        if !values.iter().all(|value| value.is_finite()) {
            names.push(tensor.name);
        }
    }
    Ok(names)
}
