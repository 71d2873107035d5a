//! What early, middle and deep layers find where; Zeiler and Fergus 2013,
//! <https://arxiv.org/abs/1311.2901>.

use super::Method;
use crate::explain::{Figure, Layer, Maps, Subject, picture};

/// Maps shown of each layer.
const SHOWN: usize = 16;

pub(super) static METHOD: Method = Method {
    name: "feature-maps",
    title: "What layers find: early, middle, deep",
    about: "Each layer looks for patterns in what the previous layer has found, so patterns of \
            patterns emerge: first edges, then corners and textures, then parts of objects. A map \
            shows where one pattern was found; the lighter, the stronger. Deeper maps are coarser, \
            and each of their locations has seen more of the picture.",
    figures: |subject| Ok(figures(subject)),
    ..Method::PLAIN
};

fn figures(subject: &Subject) -> Vec<Figure> {
    let paths: Vec<String> = subject.network.model.layers().into_iter().flatten().collect();
    let layers = subject.record.layers.iter().filter(|layer| paths.contains(&layer.name));
    // The places are what is added to the picture, not what is found in it.
    let found = layers.filter(|layer| layer.name != "position_embedding");
    let with_maps: Vec<(&Layer, Maps)> =
        found.filter_map(|layer| Some((layer, layer.maps()?))).collect();
    let last = with_maps.len().saturating_sub(1);
    let mut picked = vec![0, last / 2, last];
    picked.dedup();
    let names = ["early", "middle", "deep"];
    let mut figures = Vec::new();
    for (name, index) in names.into_iter().zip(picked) {
        let Some((layer, maps)) = with_maps.get(index) else { continue };
        figures.push(figure(name, &layer.name, maps));
    }
    figures
}

fn figure(name: &'static str, layer: &str, maps: &Maps) -> Figure {
    let channels = most_varied(maps);
    let pictures: Vec<_> = channels.iter().map(|&channel| picture::map(maps, channel)).collect();
    let [height, width] = maps.size;
    let caption = format!(
        "{name}: {layer}, {} of {} maps of {height} × {width}",
        pictures.len(),
        maps.channels
    );
    Figure::picture(name, &picture::mosaic(&pictures), caption)
}

/// The channels whose values differ most from place to place, in their own order.
fn most_varied(maps: &Maps) -> Vec<usize> {
    let variance = |channel: usize| {
        let values = maps.map(channel);
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        values.iter().map(|value| (value - mean).powi(2)).sum::<f32>()
    };
    let variances: Vec<f32> = (0..maps.channels).map(variance).collect();
    let mut channels = zoo_model::ranking(&variances);
    channels.truncate(SHOWN);
    channels.sort_unstable();
    channels
}
