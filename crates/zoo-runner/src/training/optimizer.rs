//! How a gradient becomes a step.

use burn::{module::ParamGroup, optim::ModuleOptimizer};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zoo_kernels::optim;

/// Last path segments of parameters that weight decay leaves alone: norms, biases, the class token
/// and positions, as timm and the ViT papers have it.
const NOT_DECAYED: [&str; 5] = ["bias", "gamma", "beta", "class_token", "position_embedding"];

/// The choice of an optimizer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OptimizerConfig {
    /// Stochastic gradient descent with momentum, as `torch.optim.SGD`.
    Sgd(SgdConfig),
    /// Adam with decoupled weight decay, as `torch.optim.AdamW`. <https://arxiv.org/abs/1711.05101>
    AdamW(AdamWConfig),
}

/// Settings of stochastic gradient descent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SgdConfig {
    /// The largest step size of the schedule, above 0.
    pub learning_rate: f64,
    /// The share of the last step that goes on, 0 to below 1.
    pub momentum: f64,
    /// Looks ahead along the momentum.
    pub nesterov: bool,
    /// The factor of the weights that is added to their gradient, from 0; biases, norms, tokens and
    /// positions are left alone.
    pub weight_decay: f64,
}

/// Settings of AdamW; the defaults are PyTorch's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AdamWConfig {
    /// The largest step size of the schedule, above 0.
    pub learning_rate: f64,
    /// Decay of the running mean of gradients, 0 to below 1.
    pub beta1: f64,
    /// Decay of the running mean of squared gradients, 0 to below 1.
    pub beta2: f64,
    /// Added to the denominator, above 0.
    pub epsilon: f64,
    /// The share of the weights that a step of rate 1 takes away, from 0; biases, norms, tokens and
    /// positions are left alone.
    pub weight_decay: f64,
}

impl Default for SgdConfig {
    fn default() -> Self {
        Self { learning_rate: 0.01, momentum: 0.9, nesterov: false, weight_decay: 0.0 }
    }
}

impl Default for AdamWConfig {
    fn default() -> Self {
        Self { learning_rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.01 }
    }
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self::AdamW(AdamWConfig::default())
    }
}

impl OptimizerConfig {
    /// The learning rate that the schedule scales.
    pub fn learning_rate(&self) -> f64 {
        match self {
            Self::Sgd(config) => config.learning_rate,
            Self::AdamW(config) => config.learning_rate,
        }
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        let positive = |name: &str, value: f64| match value.is_finite() && value > 0.0 {
            true => Ok(()),
            false => Err(format!("`{name}`: expected a number above 0, found {value}")),
        };
        let share = |name: &str, value: f64| match (0.0..1.0).contains(&value) {
            true => Ok(()),
            false => Err(format!("`{name}`: expected 0 to below 1, found {value}")),
        };
        let decay = |value: f64| match value.is_finite() && value >= 0.0 {
            true => Ok(()),
            false => Err(format!("`weight_decay`: expected a number from 0, found {value}")),
        };
        positive("learning_rate", self.learning_rate())?;
        match self {
            Self::Sgd(config) => {
                share("momentum", config.momentum)?;
                if config.nesterov && config.momentum == 0.0 {
                    return Err(String::from("`nesterov` needs a `momentum` above 0"));
                }
                decay(config.weight_decay)
            }
            Self::AdamW(config) => {
                share("beta1", config.beta1)?;
                share("beta2", config.beta2)?;
                positive("epsilon", config.epsilon)?;
                decay(config.weight_decay)
            }
        }
    }

    /// Burn's optimizer, with a second group for what weight decay leaves alone.
    pub fn init(&self) -> ModuleOptimizer {
        match self {
            Self::Sgd(config) => ModuleOptimizer::from(config.build(config.weight_decay))
                .with_group(not_decayed(), config.build(0.0), None),
            Self::AdamW(config) => ModuleOptimizer::from(config.build(config.weight_decay))
                .with_group(not_decayed(), config.build(0.0), None),
        }
    }
}

impl SgdConfig {
    fn build(&self, weight_decay: f64) -> optim::Sgd {
        optim::SgdConfig::new()
            .with_momentum(self.momentum)
            .with_nesterov(self.nesterov)
            .with_weight_decay(weight_decay)
            .build()
    }
}

impl AdamWConfig {
    fn build(&self, weight_decay: f64) -> optim::AdamW {
        optim::AdamWConfig::new()
            .with_beta_1(self.beta1)
            .with_beta_2(self.beta2)
            .with_epsilon(self.epsilon)
            .with_weight_decay(weight_decay)
            .build()
    }
}

fn not_decayed() -> ParamGroup {
    let pattern = format!(r"(^|\.)({})$", NOT_DECAYED.join("|"));
    ParamGroup::from_regex(pattern).expect("the pattern is made of literal names")
}

#[cfg(test)]
mod tests {
    use burn::module::ParamId;

    use super::*;

    #[test]
    fn norms_biases_tokens_and_positions_are_not_decayed() {
        let spared = |path: &str| not_decayed().matches(&ParamId::from(1), Some(path));
        assert!(spared("head.bias"));
        assert!(spared("blocks.3.norm1.gamma"));
        assert!(spared("class_token"));
        assert!(!spared("head.weight"));
        assert!(!spared("bias_net.weight"));
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        let sgd = |config: SgdConfig| OptimizerConfig::Sgd(config).check();
        assert_eq!(sgd(SgdConfig::default()), Ok(()));
        assert_eq!(
            sgd(SgdConfig { learning_rate: -1.0, ..Default::default() }).unwrap_err(),
            "`learning_rate`: expected a number above 0, found -1"
        );
        assert_eq!(
            sgd(SgdConfig { nesterov: true, momentum: 0.0, ..Default::default() }).unwrap_err(),
            "`nesterov` needs a `momentum` above 0"
        );
    }
}
