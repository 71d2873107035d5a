//! One way for every operation into Burn's graph of gradients.

use burn::backend::{
    Autodiff, Flex,
    autodiff::{
        checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
        grads::Gradients,
        ops::{Backward, NodeGuard, Ops, OpsKind},
    },
    tensor::FloatTensor,
};

use super::tensor::Flat;

/// A tensor of the Flex backend that gradients may be asked of.
pub(crate) type Tracked = FloatTensor<Autodiff<Flex>>;

/// The gradients with respect to the inputs, from what the forward pass kept and the gradient of
/// the output. A gradient whose flag is not set need not be computed.
pub(crate) type BackwardFn<S, const N: usize> = fn(S, Flat, [bool; N]) -> [Option<Flat>; N];

struct Step<S, const N: usize>(BackwardFn<S, N>);

impl<S, const N: usize> std::fmt::Debug for Step<S, N> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Step")
    }
}

impl<S: Clone + Send + std::fmt::Debug + 'static, const N: usize> Backward<Flex, N> for Step<S, N> {
    type State = S;

    fn backward(self, ops: Ops<S, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<Flex>(&ops.node);
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let results = (self.0)(ops.state, gradient, wanted);
        for (parent, result) in ops.parents.into_iter().zip(results) {
            if let (Some(parent), Some(result)) = (parent, result) {
                gradients.register::<Flex>(parent.id, result);
            }
        }
    }
}

/// Runs `forward`, which returns what the backward pass needs and the output, and puts `backward`
/// into the graph if any of the inputs needs a gradient.
pub(crate) fn differentiable<C: CheckpointStrategy, S, const N: usize>(
    inputs: [NodeGuard; N],
    forward: impl FnOnce() -> (S, Flat),
    backward: BackwardFn<S, N>,
) -> Tracked
where
    S: Clone + Send + std::fmt::Debug + 'static,
{
    match Step(backward).prepare::<C>(inputs).compute_bound().stateful() {
        OpsKind::Tracked(step) => {
            let (state, output) = forward();
            step.finish(state, output)
        }
        OpsKind::UnTracked(step) => step.finish(forward().1),
    }
}
