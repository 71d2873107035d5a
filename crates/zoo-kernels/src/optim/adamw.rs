use burn::{
    config::Config,
    optim::{
        AdamWState, AdaptiveMomentumState, LearningRate, Optimizer,
        module_optimizer::ModuleOptimizer,
    },
    tensor::{Device, Tensor},
};

/// Constants of [`AdamW`], by default PyTorch's.
#[derive(Config, Debug, Copy)]
pub struct AdamWConfig {
    /// Weight of the previous first moment.
    #[config(default = 0.9)]
    pub beta_1: f64,
    /// Weight of the previous second moment.
    #[config(default = 0.999)]
    pub beta_2: f64,
    /// Added to the square root of the second moment.
    #[config(default = 1e-8)]
    pub epsilon: f64,
    /// Share of a parameter that is taken off at learning rate 1.
    #[config(default = 1e-2)]
    pub weight_decay: f64,
}

/// [AdamW](https://arxiv.org/abs/1711.05101) by PyTorch's formula, with decoupled weight decay:
///
/// p ← p (1 - lr weight_decay); m ← β₁ m + (1 - β₁) g; v ← β₂ v + (1 - β₂) g²;
/// p ← p - lr (m / (1 - β₁ᵗ)) / (sqrt(v / (1 - β₂ᵗ)) + epsilon).
///
/// Its state is that of [Burn's AdamW](burn::optim::AdamW), so that records go both ways.
#[derive(Clone, Debug)]
pub struct AdamW {
    config: AdamWConfig,
}

impl AdamWConfig {
    /// The optimizer for one parameter.
    pub fn build(&self) -> AdamW {
        AdamW { config: *self }
    }

    /// The optimizer for a module.
    pub fn init(&self) -> ModuleOptimizer {
        ModuleOptimizer::from(self.build())
    }
}

impl Optimizer for AdamW {
    type State<const D: usize> = AdamWState<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<AdamWState<D>>,
    ) -> (Tensor<D>, Option<AdamWState<D>>) {
        let AdamWConfig { beta_1, beta_2, epsilon, weight_decay } = self.config;
        let time = state.as_ref().map_or(0, |state| state.momentum.time) + 1;
        let moments = state.map(|state| [state.momentum.moment_1, state.momentum.moment_2]);
        let correction = |beta: f64| 1.0 - beta.powf(time as f64);
        let rate = lr / correction(beta_1);
        let second_correction = 1.0 / correction(beta_2).sqrt();
        let keep = 1.0 - lr * weight_decay;
        #[cfg(feature = "flex")]
        if crate::flex::applies(&tensor) && crate::flex::applies(&grad) {
            let step = crate::flex::AdamWStep {
                betas: [beta_1 as f32, beta_2 as f32],
                rests: [(1.0 - beta_1) as f32, (1.0 - beta_2) as f32],
                epsilon: epsilon as f32,
                keep: keep as f32,
                rate: rate as f32,
                second_correction: second_correction as f32,
            };
            let (tensor, [moment_1, moment_2]) =
                crate::flex::adamw_step(tensor, grad, moments, step);
            return (tensor, Some(remembered(time, moment_1, moment_2)));
        }
        let [moment_1, moment_2] =
            moments.unwrap_or_else(|| [grad.zeros_like(), grad.zeros_like()]);
        let moment_1 = moment_1.mul_scalar(beta_1) + grad.clone().mul_scalar(1.0 - beta_1);
        let moment_2 = moment_2.mul_scalar(beta_2) + grad.square().mul_scalar(1.0 - beta_2);
        let scale = moment_2.clone().sqrt().mul_scalar(second_correction).add_scalar(epsilon);
        let tensor = tensor.mul_scalar(keep) - (moment_1.clone() / scale).mul_scalar(rate);
        (tensor, Some(remembered(time, moment_1, moment_2)))
    }

    fn to_device<const D: usize>(mut state: AdamWState<D>, device: &Device) -> AdamWState<D> {
        state.momentum = state.momentum.to_device(device);
        state
    }
}

fn remembered<const D: usize>(
    time: usize,
    moment_1: Tensor<D>,
    moment_2: Tensor<D>,
) -> AdamWState<D> {
    AdamWState { momentum: AdaptiveMomentumState { time, moment_1, moment_2, max_moment_2: None } }
}
