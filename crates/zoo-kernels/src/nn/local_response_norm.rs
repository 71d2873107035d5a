use burn::{config::Config, module::Module, nn, tensor::Tensor};

#[cfg(feature = "flex")]
use crate::flex::{Kernels, Response, applies};

/// Constants of a [`LocalResponseNorm`]; Burn's
/// [`LocalResponseNormConfig`](nn::LocalResponseNormConfig).
#[derive(Config, Debug)]
pub struct LocalResponseNormConfig {
    /// Channels in a window.
    pub size: usize,
    /// Factor of the mean square.
    #[config(default = 0.0001)]
    pub alpha: f64,
    /// Exponent. The kernel is fast for 0.75.
    #[config(default = 0.75)]
    pub beta: f64,
    /// Addend.
    #[config(default = 1.0)]
    pub k: f64,
}

/// x / (k + alpha / size * sum of x² over `size` neighbouring channels)^beta, after
/// [Krizhevsky et al.](https://papers.nips.cc/paper/2012/hash/c399862d3b9d6b76c8436e924a68c45b-Abstract.html) but for the
/// division by `size`.
#[derive(Module, Debug)]
pub struct LocalResponseNorm {
    size: usize,
    alpha: f64,
    beta: f64,
    k: f64,
}

impl LocalResponseNormConfig {
    /// The layer.
    ///
    /// # Panics
    /// If `size` is 0.
    pub fn init(&self) -> LocalResponseNorm {
        assert!(self.size > 0, "size must be greater than 0.");
        LocalResponseNorm { size: self.size, alpha: self.alpha, beta: self.beta, k: self.k }
    }
}

impl LocalResponseNorm {
    /// Normalises across channels.
    ///
    /// # Shapes
    /// - input: `[batch, channels, ...]`, of rank 3 at least
    /// - returns: the same
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        #[cfg(feature = "flex")]
        if D == 4 && applies(&input) {
            let response = Response {
                size: self.size,
                alpha: self.alpha as f32,
                beta: self.beta as f32,
                k: self.k as f32,
            };
            return Tensor::from_dispatch(
                <burn::backend::Dispatch as Kernels>::zoo_local_response_norm(
                    input.into_dispatch(),
                    response,
                ),
            );
        }
        nn::LocalResponseNormConfig::new(self.size)
            .with_alpha(self.alpha)
            .with_beta(self.beta)
            .with_k(self.k)
            .init()
            .forward(input)
    }
}
