//! How much a class's score changes with what a layer gives.

use std::fmt::Display;

use burn::tensor::{Int, Tensor, TensorData};
use zoo_kernels::nn::Tap;
use zoo_model::Explainable;

use super::{HeatMap, Maps, record::REGISTERS};

/// The maps of a network's [`cam_layer`](Explainable::cam_layer) for one image, and the slopes of the
/// score of a class along all their values.
pub struct Slopes {
    maps: Maps,
    slopes: Maps,
}

/// The slopes of the score of each image's label.
///
/// The network runs in evaluation mode, and no gradients of its weights are computed.
///
/// # Shapes
/// - images: `[batch, channels, height, width]`, on the model's device
///
/// # Panics
///
/// If the numbers of labels and images differ, or a label is not a class.
pub fn slopes<M: Explainable>(model: &M, images: Tensor<4>, labels: &[usize]) -> Vec<Slopes> {
    let layer = model.cam_layer();
    // Frozen first: what trains would drop features and normalise by the batch.
    let model = model.clone().freeze().train();
    let mut target = Target { layer: &layer, registers: 0, output: None };
    let logits = model.forward_tapped(images.autodiff(), &mut target);
    let (output, shape) = target.output.expect("a model knows its own layers");
    let indices: Vec<i64> = labels.iter().map(|&label| label as i64).collect();
    let indices = TensorData::new(indices, [labels.len(), 1]);
    let indices = Tensor::<2, Int>::from_data(indices, &logits.device());
    let gradients = logits.gather(1, indices).sum().backward();
    let slopes = output.grad(&gradients).expect("the logits depend on every layer");
    let [outputs, slopes] = [output.without_autodiff(), slopes]
        .map(|tensor| tensor.into_data().iter::<f32>().collect::<Vec<f32>>());
    let length = shape.iter().product();
    let images = outputs.chunks(length).zip(slopes.chunks(length));
    let maps =
        |values: &[f32]| Maps::new(&shape, values, target.registers).expect("the layer has places");
    images.map(|(output, slopes)| Slopes { maps: maps(output), slopes: maps(slopes) }).collect()
}

impl Slopes {
    /// Grad-CAM: each map by the mean of its slopes, summed, and what is negative set to 0.
    pub fn grad_cam(&self) -> HeatMap {
        self.weighed(|slopes| {
            let mean = slopes.iter().sum::<f32>() / slopes.len() as f32;
            vec![mean; slopes.len()]
        })
    }

    /// HiResCAM: each value of a map by its own slope, summed over the maps, and what is negative set
    /// to 0.
    pub fn hires_cam(&self) -> HeatMap {
        self.weighed(<[f32]>::to_vec)
    }

    /// The maps, by what `weights` makes of the slopes of each.
    fn weighed(&self, weights: impl Fn(&[f32]) -> Vec<f32>) -> HeatMap {
        let Self { maps, slopes } = self;
        let mut heat = vec![0.0; maps.size[0] * maps.size[1]];
        for channel in 0..maps.channels {
            let weighed = maps.map(channel).iter().zip(weights(slopes.map(channel)));
            heat.iter_mut()
                .zip(weighed)
                .for_each(|(heat, (value, weight))| *heat += weight * value);
        }
        HeatMap::new(maps.size, heat)
    }
}

/// Cuts the network at a layer: what comes before it needs no gradient.
struct Target<'a> {
    layer: &'a str,
    /// How many registers the network has told of.
    registers: usize,
    /// The output of each image in a row, and its shape without the batch.
    output: Option<(Tensor<2>, Vec<usize>)>,
}

impl Tap for Target<'_> {
    fn layer<const D: usize>(&mut self, name: impl Display, output: Tensor<D>) -> Tensor<D> {
        let name = name.to_string();
        if name == REGISTERS {
            self.registers = output.dims()[1];
        }
        if name != self.layer {
            return output;
        }
        let dims = output.dims();
        let rows = output.reshape([dims[0] as i32, -1]).detach().require_grad();
        self.output = Some((rows.clone(), dims[1..].to_vec()));
        rows.reshape(dims)
    }
}
