//! A network and the data that it is tried on, built in or from a config.

use zoo_model::{DataShape, ModelSettings};

use crate::config::RunConfig;

/// A training of which some steps are timed, or compared between backends.
pub struct Case {
    /// The name of a built-in case, or the config's file.
    pub name: String,
    /// Data, network and optimizer.
    pub config: RunConfig,
    /// Classes of the network, where not those of the data.
    pub num_classes: Option<usize>,
}

impl Case {
    /// The network for this data.
    ///
    /// # Errors
    ///
    /// If there is no such network.
    pub fn model(&self, data: DataShape) -> Result<ModelSettings, String> {
        let Some(num_classes) = self.num_classes else {
            return self.config.model.fit_to(data);
        };
        let model = self.config.model.resolved().with_shape(DataShape { num_classes, ..data });
        model.check()?;
        Ok(model)
    }
}
