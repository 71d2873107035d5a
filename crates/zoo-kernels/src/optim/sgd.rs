use burn::{
    config::Config,
    optim::{LearningRate, Optimizer, RecordState, module_optimizer::ModuleOptimizer},
    tensor::{Device, Tensor},
};

/// Constants of [`Sgd`].
#[derive(Config, Debug, Copy)]
pub struct SgdConfig {
    /// Weight of the previous velocity; 0 for none.
    #[config(default = 0.0)]
    pub momentum: f64,
    /// Whether to look ahead by the momentum, after Nesterov.
    #[config(default = false)]
    pub nesterov: bool,
    /// Factor of the parameter that is added to its gradient.
    #[config(default = 0.0)]
    pub weight_decay: f64,
}

/// Stochastic gradient descent by PyTorch's formula, without dampening:
///
/// g ← g + weight_decay p; v ← momentum v + g, at first g; p ← p - lr (g + momentum v) with
/// Nesterov, else p - lr v.
#[derive(Clone, Debug)]
pub struct Sgd {
    config: SgdConfig,
}

/// What [`Sgd`] remembers of a parameter.
#[derive(Clone, RecordState)]
pub struct SgdState<const D: usize> {
    /// The velocity; none without momentum.
    pub velocity: Option<Tensor<D>>,
}

impl SgdConfig {
    /// The optimizer for one parameter.
    ///
    /// # Panics
    /// If Nesterov is wanted without momentum.
    pub fn build(&self) -> Sgd {
        assert!(
            !self.nesterov || self.momentum > 0.0,
            "nesterov needs a momentum above 0, found {}",
            self.momentum
        );
        Sgd { config: *self }
    }

    /// The optimizer for a module.
    ///
    /// # Panics
    /// As [`build`](Self::build).
    pub fn init(&self) -> ModuleOptimizer {
        ModuleOptimizer::from(self.build())
    }
}

impl Optimizer for Sgd {
    type State<const D: usize> = SgdState<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<SgdState<D>>,
    ) -> (Tensor<D>, Option<SgdState<D>>) {
        let velocity = state.and_then(|state| state.velocity);
        let SgdConfig { momentum, nesterov, weight_decay } = self.config;
        #[cfg(feature = "flex")]
        if crate::flex::applies(&tensor) && crate::flex::applies(&grad) {
            let step = crate::flex::SgdStep {
                learning_rate: lr as f32,
                momentum: momentum as f32,
                nesterov,
                weight_decay: weight_decay as f32,
            };
            let (tensor, velocity) = crate::flex::sgd_step(tensor, grad, velocity, step);
            return (tensor, Some(SgdState { velocity }));
        }
        let grad = match weight_decay {
            0.0 => grad,
            decay => grad + tensor.clone().mul_scalar(decay),
        };
        if momentum == 0.0 {
            return (tensor - grad.mul_scalar(lr), Some(SgdState { velocity: None }));
        }
        let velocity = match velocity {
            Some(velocity) => velocity.mul_scalar(momentum) + grad.clone(),
            None => grad.clone(),
        };
        let direction = match nesterov {
            true => grad + velocity.clone().mul_scalar(momentum),
            false => velocity.clone(),
        };
        let state = SgdState { velocity: Some(velocity) };
        (tensor - direction.mul_scalar(lr), Some(state))
    }

    fn to_device<const D: usize>(state: SgdState<D>, device: &Device) -> SgdState<D> {
        SgdState { velocity: state.velocity.map(|velocity| velocity.to_device(device)) }
    }
}
