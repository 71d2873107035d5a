//! Orthogonal steps for matrices, AdamW for the rest.

use burn::optim::{
    AdjustLrFn, ModuleOptimizer, MuonConfig as BurnMuonConfig, decay::WeightDecayConfig,
    momentum::MomentumConfig,
};
use zoo_kernels::optim;
use zoo_settings::{range, settings};

use super::{AdamWConfig, ParameterGroups, Settings};

settings! {
    /// Settings of Muon, as `torch.optim.Muon` with `adjust_lr_fn="match_rms_adamw"`, so that
    /// learning rate and weight decay have the scale of AdamW's. It updates only matrices of hidden
    /// layers; AdamW updates the rest (convolutions, embeddings, norms, biases, the head).
    pub struct MuonConfig {
        /// The largest step size of the schedule, above 0.
        pub learning_rate: f64 = 1e-3,
        /// The share of the last step that carries over, at least 0 and below 1.
        pub momentum: f64 = 0.95,
        /// Uses Nesterov momentum, which looks ahead along the momentum.
        pub nesterov: bool = true,
        /// The share of the weights that a step with learning rate 1 removes, at least 0.
        pub weight_decay: f64 = 0.1,
    }
}

impl Settings for MuonConfig {
    /// Of all that is not a hidden matrix.
    type Optimizer = optim::AdamW;

    fn check(&self) -> Result<(), String> {
        Ok(range::below_one("momentum", self.momentum)?)
    }

    fn build(&self, weight_decay: f64) -> optim::AdamW {
        AdamWConfig::default().build(weight_decay)
    }

    fn init(&self, weight_decay: f64, groups: &ParameterGroups) -> ModuleOptimizer {
        let momentum =
            MomentumConfig { momentum: self.momentum, dampening: 0.0, nesterov: self.nesterov };
        let muon = BurnMuonConfig::new()
            .with_momentum(momentum)
            .with_adjust_lr_fn(AdjustLrFn::MatchRmsAdamW)
            .with_weight_decay(Some(WeightDecayConfig::new(weight_decay as f32)))
            .build();
        ModuleOptimizer::from(self.build(weight_decay))
            .with_group(groups.undecayed.clone(), self.build(0.0), None)
            .with_group(groups.hidden_matrices.clone(), muon, None)
    }
}
