//! The gradients of a step, from those of its batches.

#[cfg(feature = "mpi")]
mod fold;
mod narrow;

use std::ops::Range;

use burn::{
    module::Module,
    optim::{GradientsAccumulator, GradientsParams},
    tensor::Tensor,
};
use serde::{Deserialize, Serialize};
use zoo_kernels::{
    Precision,
    nn::{BatchStatistic, postponed},
};

#[cfg(feature = "mpi")]
use self::fold::Fold;
use super::Ranks;
use crate::{Error, measured::Measured};

/// What a batch adds to a step.
pub(crate) struct Share {
    pub given: Given,
    pub gradients: GradientsParams,
    /// Of its batch normalisation, where they are not in the running ones yet.
    pub statistics: Vec<BatchStatistic>,
}

/// What of it every rank needs.
#[derive(Serialize, Deserialize)]
pub(crate) struct Given {
    pub measured: Measured,
    /// Indices of the images in their source.
    pub images: Vec<usize>,
}

/// The sum of gradients, added in the order of the batches' numbers, whichever ranks they come from.
pub(crate) enum Sum<'a, M> {
    Alone(Single<'a, M>),
    #[cfg(feature = "mpi")]
    Together(Fold<'a, M>),
}

/// The sum of one process.
pub(crate) struct Single<'a, M> {
    sum: GradientsAccumulator<M>,
    model: &'a M,
    precision: Precision,
}

impl Ranks {
    /// Runs a forward pass of training. With other ranks, its batch statistics wait for those of the
    /// batches before it.
    pub(crate) fn forward<T>(&self, pass: impl FnOnce() -> T) -> (T, Vec<BatchStatistic>) {
        match self.count() {
            1 => (pass(), Vec::new()),
            _ => postponed(pass),
        }
    }

    /// An empty sum of gradients of `model`, in which those of a batch and the sum itself are rounded
    /// to `precision`.
    pub(crate) fn sum<'a, M: Module>(&'a self, model: &'a M, precision: Precision) -> Sum<'a, M> {
        match self {
            Self::Alone => {
                Sum::Alone(Single { sum: GradientsAccumulator::new(), model, precision })
            }
            #[cfg(feature = "mpi")]
            Self::Together(world) => Sum::Together(Fold::new(self, world, model, precision)),
        }
    }
}

impl<M: Module> Sum<'_, M> {
    /// Adds what came of the batches with these numbers; `own` is what came of this rank's.
    ///
    /// # Errors
    ///
    /// Those of [`Ranks::share`].
    pub fn add(
        &mut self,
        round: Range<usize>,
        own: Option<Result<Share, Error>>,
    ) -> Result<Vec<Given>, Error> {
        match self {
            Self::Alone(single) => {
                debug_assert_eq!(round.len(), 1);
                let Some(Share { given, gradients, statistics }) = own.transpose()? else {
                    return Ok(Vec::new());
                };
                debug_assert!(statistics.is_empty());
                let gradients = single.rounded(gradients);
                single.sum.accumulate(single.model, gradients);
                Ok(vec![given])
            }
            #[cfg(feature = "mpi")]
            Self::Together(fold) => fold.add(round, own),
        }
    }

    /// The sum.
    pub fn total(self) -> GradientsParams {
        match self {
            Self::Alone(mut single) => {
                let sum = single.sum.grads();
                single.rounded(sum)
            }
            #[cfg(feature = "mpi")]
            Self::Together(fold) => fold.total(),
        }
    }
}

impl<M: Module> Single<'_, M> {
    fn rounded(&self, gradients: GradientsParams) -> GradientsParams {
        match self.precision {
            Precision::F32 => gradients,
            Precision::Bf16 => narrow::rounded(self.model, gradients),
        }
    }
}

/// The numbers of a tensor.
fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().try_into_vec().expect("numbers of 32 bits")
}
