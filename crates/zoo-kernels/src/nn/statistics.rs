//! What batch normalisation has seen of a batch, and when it enters the running statistics.

use std::cell::RefCell;

use burn::{
    module::{Module, ModuleVisitor, Param, ParamId, RunningState},
    tensor::{Device, Tensor},
};

/// Mean or variance of a batch, on its way to a running statistic.
#[derive(Clone, Debug)]
pub struct BatchStatistic {
    /// Of the running mean or variance.
    pub running: ParamId,
    /// Weight of this batch.
    pub momentum: f64,
    /// What was measured: `[num_features]`.
    pub value: Tensor<1>,
}

thread_local! {
    /// What this thread's layers have measured, while they leave the running statistics alone.
    static POSTPONED: RefCell<Option<Vec<BatchStatistic>>> = const { RefCell::new(None) };
}

/// Runs `work` on this thread, in which batch normalisation leaves its running statistics as they are
/// and hands out what it would have added, in the order of the layers: whoever trains a network in
/// several processes adds it in the order of the batches, by [`moved`].
pub fn postponed<T>(work: impl FnOnce() -> T) -> (T, Vec<BatchStatistic>) {
    POSTPONED.set(Some(Vec::new()));
    let outcome = work();
    (outcome, POSTPONED.take().unwrap_or_default())
}

/// A running statistic after a batch.
///
/// # Shapes
/// - running, batch: `[num_features]`
/// - returns: the same
pub fn moved(running: Tensor<1>, batch: Tensor<1>, momentum: f64) -> Tensor<1> {
    running.mul_scalar(1.0 - momentum).add(batch.mul_scalar(momentum))
}

/// Moves a running statistic towards that of a batch, or postpones it.
pub(super) fn remember(
    running: &RunningState<Tensor<1>>,
    batch: Tensor<1>,
    momentum: f64,
    device: &Device,
) {
    let value = batch.detach();
    let is_postponed = POSTPONED.with_borrow_mut(|postponed| match postponed {
        Some(statistics) => {
            let value = value.clone();
            statistics.push(BatchStatistic { running: id(running), momentum, value });
            true
        }
        None => false,
    });
    if !is_postponed {
        let old = running.value_sync().to_device(device);
        running.update(moved(old, value, momentum).detach());
    }
}

/// A running state shows its id to visitors alone.
fn id(running: &RunningState<Tensor<1>>) -> ParamId {
    struct Id(Option<ParamId>);
    impl ModuleVisitor for Id {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0 = Some(param.id);
        }
    }
    let mut found = Id(None);
    running.visit(&mut found);
    found.0.expect("a running state is visited once")
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;

    use super::*;

    fn values(running: &RunningState<Tensor<1>>) -> TensorData {
        running.value_sync().into_data()
    }

    #[test]
    fn what_is_postponed_enters_later_to_the_same_bits() {
        let device = Device::flex();
        let batch = |seed: f32| Tensor::<1>::from_floats([0.1 * seed, 1.7, -seed / 3.0], &device);
        let start = || RunningState::new(Tensor::<1>::from_floats([0.3, 1.0, -7.0], &device));
        let (at_once, later) = (start(), start());
        for seed in [1.0, 2.0, 3.0] {
            remember(&at_once, batch(seed), 0.1, &device);
            let before = values(&later);
            let ((), statistics) = postponed(|| remember(&later, batch(seed), 0.1, &device));
            assert_eq!(values(&later), before);
            let [BatchStatistic { running, momentum, value }] = statistics.try_into().unwrap();
            assert_eq!(running, id(&later));
            later.update(moved(later.value_sync(), value, momentum));
            assert_eq!(values(&later), values(&at_once));
        }
    }
}
