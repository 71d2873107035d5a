//! A tensor that goes two ways, and the sum in which two meet.
//!
//! Burn adds up the gradients of a tensor that is used twice on one thread, and writes those of channels-last
//! images to new memory in another order.

use std::sync::{Arc, Mutex, PoisonError};

use burn::backend::autodiff::{checkpoint::strategy::CheckpointStrategy, ops::NodeGuard};

use super::{
    activation::gradient_where,
    autodiff::{Tracked, differentiable},
    simd::{kernel, zip},
    tensor::{Flat, into_dense, is_channels_last, values_mut},
};

/// The tensor twice.
pub(crate) fn fork(input: Flat) -> (Flat, Flat) {
    (input.clone(), input)
}

/// [`fork`] with gradients. That of `input` is made when those of both are there.
pub(crate) fn fork_tracked<C: CheckpointStrategy>(input: Tracked) -> (Tracked, Tracked) {
    let nodes = [input.node(), input.node()];
    let input = input.into_primitive();
    let first = Arc::new(Mutex::new(None));
    let way = |node: NodeGuard| {
        differentiable::<C, _, _>(
            [node],
            || (first.clone(), input.clone()),
            |first: Arc<Mutex<Option<Flat>>>, gradient, _| {
                let mut first = first.lock().unwrap_or_else(PoisonError::into_inner);
                match first.take() {
                    Some(first) => [Some(sum(first, gradient))],
                    None => {
                        *first = Some(gradient);
                        [None]
                    }
                }
            },
        )
    };
    let [one, other] = nodes.map(way);
    (one, other)
}

/// left + right, of the same shape: in the memory of one of them if nothing else refers to it.
///
/// # Panics
/// If the shapes differ.
pub(crate) fn sum(left: Flat, right: Flat) -> Flat {
    let (left, right) = (into_dense(left), into_dense(right));
    // Channels-last is the order in which the kernels continue.
    let (mut changed, other) = match (is_channels_last(&left), is_channels_last(&right)) {
        (true, false) => (right, left),
        _ => (left, right),
    };
    if values_mut(&mut changed).is_none() && is_channels_last(&changed) == is_channels_last(&other)
    {
        return gradient_where(other, &changed, add_in_place);
    }
    gradient_where(changed, &other, add_in_place)
}

kernel! {
    fn add_in_place<S>(simd: S, values: &mut [f32], others: &[f32]) {
        zip(simd, values, others, #[inline(always)] |x, y| simd.add_f32s(x, y));
    }
}

/// [`sum`] with gradients.
pub(crate) fn sum_tracked<C: CheckpointStrategy>(left: Tracked, right: Tracked) -> Tracked {
    let (left, left_node) = left.into_parts();
    let (right, right_node) = right.into_parts();
    differentiable::<C, _, _>(
        [left_node, right_node],
        || ((), sum(left, right)),
        |(), gradient, _| [Some(gradient.clone()), Some(gradient)],
    )
}
