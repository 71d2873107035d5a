use burn::{
    config::Config,
    module::{Flag, Module, Param, RunningState},
    nn,
    tensor::{
        Device, Tensor, assert_shape,
        module::{batch_norm, batch_norm_train},
    },
};

use super::{relu, statistics::remember};
#[cfg(feature = "flex")]
use crate::flex::{self, Kernels, applies};

/// Sizes of a [`BatchNorm`]; Burn's [`BatchNormConfig`](nn::BatchNormConfig).
#[derive(Config, Debug)]
pub struct BatchNormConfig {
    /// Channels of the input.
    pub num_features: usize,
    /// Added to the variance.
    #[config(default = 1e-5)]
    pub epsilon: f64,
    /// Weight of a new batch in the running statistics, 0 to 1.
    #[config(default = 0.1)]
    pub momentum: f64,
}

/// [Batch normalisation](https://arxiv.org/abs/1502.03167) of the second dimension.
///
/// On an autodiff device with its flag `training` on it takes the statistics of the batch and
/// updates the running ones; else it takes the running ones.
#[derive(Module, Debug)]
pub struct BatchNorm {
    /// Factor of each channel.
    pub gamma: Param<Tensor<1>>,
    /// Addend of each channel.
    pub beta: Param<Tensor<1>>,
    /// Whether the layer takes part in training.
    pub training: Param<Flag>,
    /// The running mean.
    pub running_mean: RunningState<Tensor<1>>,
    /// The running variance, divided by the count.
    pub running_var: RunningState<Tensor<1>>,
    /// Weight of a new batch in the running statistics.
    pub momentum: f64,
    /// Added to the variance.
    pub epsilon: f64,
}

impl BatchNormConfig {
    /// A layer with gamma 1, beta 0, mean 0 and variance 1 on `device`.
    ///
    /// # Panics
    /// If there are no features, or epsilon or momentum are outside their ranges.
    pub fn init(&self, device: &Device) -> BatchNorm {
        nn::BatchNormConfig::new(self.num_features)
            .with_epsilon(self.epsilon)
            .with_momentum(self.momentum)
            .init(device)
            .into()
    }
}

impl From<nn::BatchNorm> for BatchNorm {
    fn from(layer: nn::BatchNorm) -> Self {
        Self {
            gamma: layer.gamma,
            beta: layer.beta,
            training: layer.training,
            running_mean: layer.running_mean,
            running_var: layer.running_var,
            momentum: layer.momentum,
            epsilon: layer.epsilon,
        }
    }
}

impl BatchNorm {
    /// Normalises each channel.
    ///
    /// # Shapes
    /// - input: `[batch, num_features, ...]`
    /// - returns: the same
    ///
    /// # Panics
    /// If the second dimension is another.
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        self.run(input, false)
    }

    /// [`relu`] of [`forward`](Self::forward), in one pass where the kernels can.
    pub fn forward_relu<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        self.run(input, true)
    }

    /// [`relu`] of `shortcut` plus [`forward`](Self::forward), in one pass where the kernels can.
    ///
    /// # Shapes
    /// - input, shortcut: `[batch, num_features, ...]`
    /// - returns: the same
    ///
    /// # Panics
    /// If the second dimension is another, or the two shapes differ.
    pub fn forward_add_relu<const D: usize>(
        &self,
        input: Tensor<D>,
        shortcut: Tensor<D>,
    ) -> Tensor<D> {
        #[cfg(feature = "flex")]
        if self.takes_statistics(&input) && [2, 4].contains(&D) && applies(&input) {
            let device = input.device();
            let (output, mean, variance) =
                <burn::backend::Dispatch as Kernels>::zoo_batch_norm_train_add_relu(
                    input.into_dispatch(),
                    shortcut.into_dispatch(),
                    self.gamma.val().into_dispatch(),
                    self.beta.val().into_dispatch(),
                    self.epsilon,
                );
            self.remember(Tensor::from_dispatch(mean), Tensor::from_dispatch(variance), &device);
            return Tensor::from_dispatch(output);
        }
        relu(self.forward(input) + shortcut)
    }

    /// Whether the batch's own statistics are taken.
    fn takes_statistics<const D: usize>(&self, input: &Tensor<D>) -> bool {
        input.device().is_autodiff() && self.training.is_enabled()
    }

    fn run<const D: usize>(&self, input: Tensor<D>, fused_relu: bool) -> Tensor<D> {
        let [num_features] = self.gamma.shape().dims();
        assert_shape!(input, [_, num_features, ..]);
        match self.takes_statistics(&input) {
            true => self.train(input, fused_relu),
            false => self.infer(input, fused_relu),
        }
    }

    fn infer<const D: usize>(&self, input: Tensor<D>, fused_relu: bool) -> Tensor<D> {
        let device = input.device();
        let mean = self.running_mean.value().to_device(&device);
        let variance = self.running_var.value().to_device(&device);
        let (gamma, beta) = (self.gamma.val(), self.beta.val());
        #[cfg(feature = "flex")]
        if [2, 4].contains(&D) && applies(&input) && !device.is_autodiff() {
            return flex::batch_norm_infer(
                input,
                [gamma, beta, mean, variance],
                self.epsilon,
                fused_relu,
            );
        }
        let output = batch_norm(input, gamma, beta, mean, variance, self.epsilon);
        if fused_relu { relu(output) } else { output }
    }

    fn train<const D: usize>(&self, input: Tensor<D>, fused_relu: bool) -> Tensor<D> {
        let device = input.device();
        let (gamma, beta) = (self.gamma.val(), self.beta.val());
        #[cfg(feature = "flex")]
        if [2, 4].contains(&D) && applies(&input) {
            let (output, mean, variance) =
                <burn::backend::Dispatch as Kernels>::zoo_batch_norm_train(
                    input.into_dispatch(),
                    gamma.into_dispatch(),
                    beta.into_dispatch(),
                    self.epsilon,
                    fused_relu,
                );
            self.remember(Tensor::from_dispatch(mean), Tensor::from_dispatch(variance), &device);
            return Tensor::from_dispatch(output);
        }
        let result = batch_norm_train(input, gamma, beta, self.epsilon);
        self.remember(result.mean, result.variance, &device);
        match fused_relu {
            true => relu(result.output),
            false => result.output,
        }
    }

    /// Moves the running statistics towards those of a batch.
    fn remember(&self, mean: Tensor<1>, variance: Tensor<1>, device: &Device) {
        remember(&self.running_mean, mean, self.momentum, device);
        remember(&self.running_var, variance, self.momentum, device);
    }
}
