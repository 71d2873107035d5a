//! An exponential moving average of the weights, which is often better than the last weights.

use burn::{
    module::{ModuleMapper, ModuleVisitor, Param},
    tensor::{Tensor, container::TensorContainer},
};
use zoo_model::Classifier;
use zoo_settings::{range, settings};

settings! {
    /// Settings of the moving average, as in timm's `ModelEmaV3`.
    pub struct EmaConfig {
        /// The share of the average that each step keeps, at least 0 and below 1.
        pub decay: f64 = 0.9999,
        /// Raises the decay to that value as 1 - (1 + steps)^(-2/3), so that a short run's average
        /// does not consist mostly of the initial weights.
        pub warmup: bool = true,
    }
}

impl EmaConfig {
    /// Refuses settings that are out of range.
    ///
    /// # Errors
    ///
    /// What was found and what was expected, beginning with the name of the setting.
    pub fn check(&self) -> Result<(), String> {
        Ok(range::below_one("decay", self.decay)?)
    }

    /// The decay of the average after `step` optimizer steps; the first step is taken whole.
    fn decay_at(&self, step: usize) -> f64 {
        match step.saturating_sub(1) {
            0 => 0.0,
            _ if !self.warmup => self.decay,
            steps => self.decay.min(1.0 - (1.0 + steps as f64).powf(-2.0 / 3.0)),
        }
    }
}

/// The averaged weights, what adapters add and running statistics of normalisation included, without
/// autodiff.
pub struct Ema<M> {
    config: EmaConfig,
    /// Always there between two updates.
    model: Option<M>,
}

impl<M: Classifier> Ema<M> {
    /// An average that starts at `model`.
    pub fn new(config: EmaConfig, model: &M) -> Self {
        Self { config, model: Some(model.valid().materialize()) }
    }

    /// The averaged network.
    ///
    /// # Panics
    /// If an update panicked.
    pub fn model(&self) -> &M {
        self.model.as_ref().expect("an update puts the average back")
    }

    /// Takes in the weights of `live` after `step` optimizer steps.
    pub fn update(&mut self, live: &M, step: usize) {
        let mut weights = Weights { path: Vec::new(), tensors: TensorContainer::new() };
        // `valid` also brings the running statistics up to date, which a visit alone does not.
        live.valid().materialize().visit(&mut weights);
        let mut average = Average {
            path: Vec::new(),
            live: weights.tensors,
            share: 1.0 - self.config.decay_at(step),
        };
        // Moved, not cloned: Burn works in place only on tensors that nothing else refers to.
        self.model = self.model.take().map(|model| model.map(&mut average));
    }
}

/// Collects the weights by their paths.
struct Weights {
    path: Vec<String>,
    tensors: TensorContainer<String>,
}

impl ModuleVisitor for Weights {
    zoo_model::keep_path!();

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.tensors.register(self.path.join("."), param.val());
    }
}

/// Moves each weight of the average towards the live one.
struct Average {
    path: Vec<String>,
    live: TensorContainer<String>,
    share: f64,
}

impl ModuleMapper for Average {
    zoo_model::keep_path!();

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(live) = self.live.remove::<Tensor<D>>(&self.path.join(".")) else {
            return param;
        };
        let (id, average, mapper) = param.consume();
        let average = match self.share {
            1.0 => live,
            share => average.clone() + (live - average) * share,
        };
        Param::from_mapped_value(id, average, mapper)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;
    use zoo_cnn::{Cnn, CnnConfig, CnnPreset};
    use zoo_model::host;

    use super::*;

    #[test]
    fn the_decay_is_timms() {
        let rounded = |config: &EmaConfig, step| (config.decay_at(step) * 1e4).round() / 1e4;
        let config = EmaConfig::default();
        // ModelEmaV3(model, decay=0.9999, use_warmup=True).get_decay(step)
        let expected = [0.0, 0.3700, 0.5193, 0.7978, 0.99, 0.9999];
        assert_eq!([1, 2, 3, 11, 1000, 2_000_000].map(|step| rounded(&config, step)), expected);
        let constant = EmaConfig { decay: 0.9, warmup: false };
        assert_eq!([1, 2, 3].map(|step| rounded(&constant, step)), [0.0, 0.9, 0.9]);
    }

    #[test]
    fn the_average_moves_by_its_share() {
        let model = |value: f32| -> Cnn {
            let mut model = CnnConfig::preset(CnnPreset::Small).init(&host());
            let shape = model.head.bias.as_ref().unwrap().val().shape();
            let bias = Tensor::<1>::full(shape, value, &host());
            model.head.bias = model.head.bias.take().map(|param| param.map(|_| bias));
            model
        };
        let bias = |ema: &Ema<Cnn>| -> TensorData {
            ema.model().head.bias.as_ref().unwrap().val().narrow(0, 0, 1).into_data()
        };
        let mut ema = Ema::new(EmaConfig { decay: 0.75, warmup: false }, &model(5.0));
        ema.update(&model(1.0), 1);
        assert_eq!(bias(&ema), TensorData::from([1.0_f32]));
        ema.update(&model(3.0), 2);
        assert_eq!(bias(&ema), TensorData::from([1.5_f32]));
    }
}
