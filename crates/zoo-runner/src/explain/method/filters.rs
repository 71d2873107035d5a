//! The first layer's filters; Krizhevsky et al. 2012, figure 3.

use super::Method;
use crate::explain::{
    Figure, Subject,
    picture::{around_zero, mosaic},
};

/// So many filters are shown at most.
const SHOWN: usize = 256;

pub(super) static METHOD: Method = Method {
    name: "filters",
    title: "What the first layer looks for",
    about: "The first layer slides small patterns, its filters, over the picture, and records at \
            each location how well each pattern fits. Nobody designed them: training found them. \
            Well-trained filters look like edges in one direction, like spots, or like one colour \
            next to another. The patch embedding of a Vision Transformer is such a layer, too; its \
            filters do not overlap.",
    is_of_network: true,
    figures: |subject| Ok(figures(subject)),
    ..Method::PLAIN
};

fn figures(subject: &Subject) -> Vec<Figure> {
    let weight = subject.network.model.first_convolution().weight.val();
    let [filters, channels, height, width] = weight.dims();
    let values: Vec<f32> = weight.into_data().iter::<f32>().collect();
    let filter_values = values.chunks(channels * height * width);
    let pictures: Vec<_> =
        filter_values.take(SHOWN).map(|filter| around_zero(filter, [height, width])).collect();
    let shown = match filters > SHOWN {
        true => format!("the first {SHOWN} of {filters}"),
        false => format!("all {filters}"),
    };
    let caption = format!(
        "{shown} filters of {height} × {width} pixels; mid-grey is 0, and each filter is scaled by \
         its own largest weight"
    );
    vec![Figure::picture("", &mosaic(&pictures), caption)]
}
