//! How gradients become steps.
//!
//! To add an optimizer, write its file beside this one (a config struct that implements
//! [`Settings`]) and add a line to `optimizers!` below.

mod adafactor;
mod adagrad;
mod adam;
mod adamw;
mod adan;
mod groups;
mod lamb;
mod lion;
mod muon;
mod rmsprop;
mod sgd;

use burn::optim::{ModuleOptimizer, Optimizer};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zoo_settings::range;

use self::{
    adafactor::AdafactorConfig, adagrad::AdaGradConfig, adam::AdamConfig, adamw::AdamWConfig,
    adan::AdanConfig, lamb::LambConfig, lion::LionConfig, muon::MuonConfig, rmsprop::RmsPropConfig,
    sgd::SgdConfig,
};

pub use self::groups::{ParameterGroups, ParameterGroupsConfig, hidden_matrices};

/// Settings of a kind of optimizer, which has the fields `learning_rate` and `weight_decay`.
pub trait Settings {
    /// Burn's optimizer of one parameter.
    type Optimizer: Optimizer;

    /// Refuses settings out of range; learning rate and weight decay are looked at elsewhere.
    ///
    /// # Errors
    ///
    /// What is wrong, and what was expected.
    fn check(&self) -> Result<(), String>;

    /// The optimizer of one parameter that is decayed so much.
    fn build(&self, weight_decay: f64) -> Self::Optimizer;

    /// The optimizer of a network, whose parameters are decayed so much where decay does not harm.
    fn init(&self, weight_decay: f64, groups: &ParameterGroups) -> ModuleOptimizer {
        let undecayed = groups.undecayed.clone();
        ModuleOptimizer::from(self.build(weight_decay)).with_group(undecayed, self.build(0.0), None)
    }
}

/// Builds the registry: the config enum, and the only place where a name becomes an optimizer.
macro_rules! optimizers {
    ($($name:literal = $kind:ident($config:ident): $about:literal),* $(,)?) => {
        /// The choice of an optimizer.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        pub enum OptimizerConfig {
            $(
                #[doc = $about]
                #[serde(rename = $name)]
                $kind($config),
            )*
        }

        impl OptimizerConfig {
            /// The learning rate that the schedule scales.
            pub fn learning_rate(&self) -> f64 {
                match self {
                    $(Self::$kind(config) => config.learning_rate,)*
                }
            }

            fn weight_decay(&self) -> f64 {
                match self {
                    $(Self::$kind(config) => config.weight_decay,)*
                }
            }

            /// Refuses settings that are out of range.
            ///
            /// # Errors
            ///
            /// What was found and what was expected, beginning with the name of the setting.
            pub fn check(&self) -> Result<(), String> {
                range::above_zero("learning_rate", self.learning_rate())?;
                range::from_zero("weight_decay", self.weight_decay())?;
                match self {
                    $(Self::$kind(config) => config.check(),)*
                }
            }

            /// Burn's optimizer for the network of these groups.
            pub fn init(&self, groups: &ParameterGroups) -> ModuleOptimizer {
                match self {
                    $(Self::$kind(config) => config.init(config.weight_decay, groups),)*
                }
            }
        }
    };
}

optimizers! {
    "sgd" = Sgd(SgdConfig): "Stochastic gradient descent with momentum.",
    "adam" = Adam(AdamConfig): "Adam. <https://arxiv.org/abs/1412.6980>",
    "adamw" = AdamW(AdamWConfig): "Adam with decoupled weight decay. <https://arxiv.org/abs/1711.05101>",
    "rmsprop" = RmsProp(RmsPropConfig): "Divides the gradients by a running average of their root \
                                         mean square.",
    "adagrad" = AdaGrad(AdaGradConfig): "Divides the gradients by the root of the sum of all \
                                         squared gradients so far. \
                                         <https://jmlr.org/papers/v12/duchi11a.html>",
    "adafactor" = Adafactor(AdafactorConfig): "Adam with a second moment kept only per row and per \
                                               column. <https://arxiv.org/abs/1804.04235>",
    "lion" = Lion(LionConfig): "Steps in the direction of the sign of a momentum. \
                                <https://arxiv.org/abs/2302.06675>",
    "lamb" = Lamb(LambConfig): "Adam with steps scaled to the norm of each parameter. <https://arxiv.org/abs/1904.00962>",
    "adan" = Adan(AdanConfig): "Adam with Nesterov momentum of gradient differences. \
                                <https://arxiv.org/abs/2208.06677>",
    "muon" = Muon(MuonConfig): "Orthogonal steps for matrices, AdamW for the rest. <https://kellerjordan.github.io/posts/muon/>",
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self::AdamW(AdamWConfig::default())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_out_of_range_are_refused() {
        let check = |config| serde_json::from_value::<OptimizerConfig>(config).unwrap().check();
        let message = |config| check(config).unwrap_err();
        for name in [
            "sgd",
            "adam",
            "adamw",
            "rmsprop",
            "adagrad",
            "adafactor",
            "lion",
            "lamb",
            "adan",
            "muon",
        ] {
            assert_eq!(check(json!({name: {}})), Ok(()), "{name}");
            assert_eq!(
                message(json!({name: {"learning_rate": -1}})),
                "`learning_rate`: expected a number above 0, found -1",
                "{name}"
            );
            assert_eq!(
                message(json!({name: {"weight_decay": -1}})),
                "`weight_decay`: expected a number of at least 0, found -1",
                "{name}"
            );
        }
        assert_eq!(
            message(json!({"sgd": {"nesterov": true, "momentum": 0}})),
            "`nesterov` needs a `momentum` above 0"
        );
        assert_eq!(
            message(json!({"adam": {"beta2": 1}})),
            "`beta2`: expected 0 to below 1, found 1"
        );
    }
}
