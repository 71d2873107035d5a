use std::fmt::Display;

use burn::tensor::Tensor;

/// Looks at what the layers of a network give, without being part of it: for pictures of what a
/// network sees, for gradients at a layer, and to find the layer at which two backends part.
///
/// `()` looks at nothing and costs nothing: names are written out only by a tap that wants them.
pub trait Tap {
    /// Whether it looks at any layer. If not, a network may compute several in one pass, and leaves out what
    /// lies between them.
    fn looks(&self) -> bool {
        true
    }

    /// Receives the output of the layer `name`, a path such as `blocks.3`; the network continues
    /// with the return value.
    fn layer<const D: usize>(&mut self, name: impl Display, output: Tensor<D>) -> Tensor<D>;

    /// May look at how much each token of the attention layer `name` takes from each other one,
    /// `[batch, num_heads, queries, keys]`, where each row adds up to 1.
    ///
    /// Computed only for a tap that calls `weights`: the network's kernels do not keep them.
    fn attention(&mut self, name: impl Display, weights: impl FnOnce() -> Tensor<4>) {
        let _ = (name, weights);
    }
}

impl Tap for () {
    fn looks(&self) -> bool {
        false
    }

    fn layer<const D: usize>(&mut self, _: impl Display, output: Tensor<D>) -> Tensor<D> {
        output
    }
}
