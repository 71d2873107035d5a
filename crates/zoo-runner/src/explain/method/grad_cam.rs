//! Grad-CAM: Selvaraju et al. 2017, <https://arxiv.org/abs/1610.02391>.

use burn::tensor::{Int, Tensor, TensorData};
use zoo_kernels::nn::Tap;

use super::{Method, nothing};
use crate::{
    explain::{Figure, HeatMap, Maps, Subject},
    model::Classifier,
};

pub(super) static METHOD: Method = Method {
    name: "grad-cam",
    title: "What speaks for the class",
    about: "Grad-CAM asks of each map of a deep layer: would the class's score rise if there were more of it? Maps are \
            added up by the answer, and what is left above 0 is laid over the picture: where the network has found \
            what speaks for the class. Asked for another class, the same network may look elsewhere.",
    is_of_network: false,
    lacks: nothing,
    figures: |subject| Ok(figures(subject)),
    heat: Some(|subject| Ok(subject.grad_cam(subject.label))),
};

fn figures(subject: &Subject) -> Vec<Figure> {
    let other = subject.ranking.iter().copied().find(|&label| label != subject.label);
    let classes = [("", Some(subject.label)), ("second", other)].into_iter();
    let classes = classes.filter_map(|(name, label)| Some((name, label?)));
    let figure = |(name, label)| {
        let heat = subject.grad_cam(label);
        let class = subject.class_and_probability(label);
        let caption = match heat.largest() {
            0.0 => format!("nothing in the deep maps speaks for {class}"),
            _ => {
                format!("what speaks for {class}, from {} × {} places", heat.size[0], heat.size[1])
            }
        };
        Figure::picture(name, &heat.over(&subject.image), caption)
    };
    classes.map(figure).collect()
}

/// What in each image speaks for the class of its label: the maps of the model's
/// [`cam_layer`](Classifier::cam_layer), weighed by the mean slope of the class's score along each
/// map, summed, and what is negative set to 0.
///
/// The network computes as it does outside training, and its weights have no part in the slopes.
///
/// # Shapes
/// - images: `[batch, channels, height, width]`, on the model's device
///
/// # Panics
///
/// If there is another number of labels than of images, or a label is no class.
pub fn grad_cam<M: Classifier>(model: &M, images: Tensor<4>, labels: &[usize]) -> Vec<HeatMap> {
    let layer = model.cam_layer();
    // Frozen first: what trains would drop features and normalise by the batch.
    let model = model.clone().freeze().train();
    let mut target = Target { layer: &layer, output: None };
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
    images.map(|(output, slopes)| weighed(&shape, output, slopes)).collect()
}

/// Cuts the network at a layer: what comes before it needs no gradient.
struct Target<'a> {
    layer: &'a str,
    /// The output of each image in a row, and its shape without the batch.
    output: Option<(Tensor<2>, Vec<usize>)>,
}

impl Tap for Target<'_> {
    fn layer<const D: usize>(&mut self, name: &str, output: Tensor<D>) -> Tensor<D> {
        if name != self.layer {
            return output;
        }
        let dims = output.dims();
        let rows = output.reshape([dims[0] as i32, -1]).detach().require_grad();
        self.output = Some((rows.clone(), dims[1..].to_vec()));
        rows.reshape(dims)
    }
}

/// The sum of the maps, each times the mean of its slopes.
fn weighed(shape: &[usize], output: &[f32], slopes: &[f32]) -> HeatMap {
    let [maps, slopes] =
        [output, slopes].map(|values| Maps::new(shape, values).expect("the layer has places"));
    let mut heat = vec![0.0; maps.size[0] * maps.size[1]];
    for channel in 0..maps.channels {
        let slopes = slopes.map(channel);
        let weight = slopes.iter().sum::<f32>() / slopes.len() as f32;
        heat.iter_mut().zip(maps.map(channel)).for_each(|(heat, value)| *heat += weight * value);
    }
    HeatMap::new(maps.size, heat)
}
