//! How a kernel is held against plain loops in double precision, and the shapes and layouts that are
//! drawn for it.

use burn::{nn::PaddingConfig2d, tensor::Tensor};
use proptest::{prelude::*, sample::select};

use crate::{assert_agree, numbers, reference::Windows};

/// Elements of an input by which the reference is differentiated.
const PROBES: usize = 20;

/// Compares `ours` with `burns`, then both output and gradients with those of `exact`.
pub(crate) fn assert_exact<const D: usize>(
    what: &str,
    sizes: &[usize],
    ours: impl Fn(&[Tensor<1>]) -> Tensor<D>,
    burns: impl Fn(&[Tensor<1>]) -> Tensor<D>,
    exact: impl Fn(&[Vec<f64>]) -> Vec<f64>,
) {
    let found = assert_agree(what, sizes, ours, burns);
    let wide = |values: Vec<f32>| values.into_iter().map(f64::from).collect::<Vec<f64>>();
    let inputs: Vec<Vec<f64>> =
        sizes.iter().zip(1..).map(|(size, seed)| wide(numbers(*size, seed))).collect();
    let expected = exact(&inputs);
    let weights = wide(numbers(expected.len(), 99));
    assert_close(&wide(found.output), &expected, 1e-5, what);
    let loss = |inputs: &[Vec<f64>]| -> f64 {
        exact(inputs).iter().zip(&weights).map(|(output, weight)| output * weight).sum()
    };
    for (number, gradient) in found.gradients.into_iter().enumerate() {
        let probes = (0..sizes[number]).step_by(sizes[number].div_ceil(PROBES));
        let slope = |element: usize| {
            let mut inputs = inputs.clone();
            let mut loss_at = |value: f64| {
                inputs[number][element] = value;
                loss(&inputs)
            };
            let (x, step) = (f64::from(numbers(sizes[number], number as u32 + 1)[element]), 1e-6);
            (loss_at(x + step) - loss_at(x - step)) / (2.0 * step)
        };
        let expected: Vec<f64> = probes.clone().map(slope).collect();
        let found: Vec<f64> = probes.map(|element| f64::from(gradient[element])).collect();
        assert_close(&found, &expected, 1e-4, &format!("{what}, differences {number}"));
    }
}

#[track_caller]
fn assert_close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(1.0, |scale: f64, value| scale.max(value.abs()));
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let near = (found - expected).abs() <= tolerance * scale;
        assert!(near, "{what}, element {index}: {found} instead of {expected}");
    }
}

/// How a tensor lies in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Layout {
    Dense,
    /// Part of a tensor with longer rows.
    Sliced,
    /// The second dimension is innermost.
    ChannelsLast,
    /// The first dimension is innermost.
    Transposed,
}

pub(crate) fn layout() -> impl Strategy<Value = Layout> {
    select(vec![Layout::Dense, Layout::Sliced, Layout::ChannelsLast, Layout::Transposed])
}

impl Layout {
    /// A tensor equal to `tensor` in this layout.
    pub(crate) fn of<const D: usize>(self, tensor: Tensor<D>) -> Tensor<D> {
        let innermost = match self {
            Self::Dense => return tensor,
            Self::Sliced => {
                let width = tensor.dims()[D - 1];
                return Tensor::cat(vec![tensor.clone(), tensor], D - 1).narrow(
                    D - 1,
                    width,
                    width,
                );
            }
            Self::ChannelsLast => 1,
            Self::Transposed => 0,
        };
        let mut order: Vec<usize> = (0..D).filter(|dim| *dim != innermost).collect();
        order.push(innermost);
        let mut back = [0; D];
        order.iter().enumerate().for_each(|(place, dim)| back[*dim] = place as isize);
        let order: [isize; D] = std::array::from_fn(|place| order[place] as isize);
        let moved = tensor.permute(order);
        let length = moved.dims()[0];
        // Joining writes a new tensor in the moved order.
        Tensor::cat(vec![moved.clone(), moved], 0).narrow(0, length, length).permute(back)
    }
}

/// Windows that fit their images, which may be smaller than the kernel before they are padded.
pub(crate) fn windows(padding: usize) -> impl Strategy<Value = Windows> {
    (
        [1..10usize, 1..10],
        [1..5usize, 1..5],
        [1..4usize, 1..4],
        [0..=padding, 0..=padding, 0..=padding, 0..=padding],
    )
        .prop_map(|(size, kernel, stride, padding)| {
            let fit =
                |axis: usize| kernel[axis].min(size[axis] + padding[axis] + padding[axis + 2]);
            Windows { size, kernel: [fit(0), fit(1)], stride, padding }
        })
}

impl Windows {
    pub(crate) fn burn_padding(&self) -> PaddingConfig2d {
        let [top, left, bottom, right] = self.padding;
        PaddingConfig2d::Explicit(top, left, bottom, right)
    }
}

/// Few features, or so many that they fill more than one vector.
pub(crate) fn features() -> impl Strategy<Value = usize> {
    prop_oneof![1..6usize, 14..40usize]
}
