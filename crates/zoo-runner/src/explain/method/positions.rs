//! What a Vision Transformer knows of places; Dosovitskiy et al. 2020, figure 7.

use super::Method;
use crate::explain::{Figure, Maps, Record, picture};

pub(super) static METHOD: Method = Method {
    name: "positions",
    title: "How a patch knows its position",
    about: "A Vision Transformer cuts the picture into patches and processes them alike, in no \
            order. To tell it where a patch lies, a row of numbers that encodes the position is \
            added to the patch. Below is one small picture per position, which shows how similar \
            its numbers are to those of every other position. After training, neighbours are \
            similar, and often whole rows or columns.",
    is_of_network: true,
    lacks: |record| {
        record
            .layer("position_embedding")
            .is_none()
            .then_some("has no position embedding, unlike a vit")
    },
    figures: |subject| Ok(figures(&subject.record)),
    ..Method::PLAIN
};

fn figures(record: &Record) -> Vec<Figure> {
    let similarities =
        record.layer("position_embedding").and_then(|layer| layer.maps()).map(similarity);
    let Some(similarities) = similarities else {
        return Vec::new();
    };
    let pictures: Vec<_> =
        (0..similarities.channels).map(|place| picture::map(&similarities, place)).collect();
    let [rows, columns] = similarities.size;
    let caption = format!(
        "cosine similarity of the {rows} × {columns} positions; the lightest is the position \
         itself, the darkest the least similar"
    );
    vec![Figure::picture("", &picture::mosaic(&pictures), caption)]
}

/// Of each place, the cosine of the angle between its features and those of every place.
fn similarity(features: Maps) -> Maps {
    let places = features.size[0] * features.size[1];
    let vector = |place: usize| -> Vec<f32> {
        let values = (0..features.channels)
            .map(|channel| features.map(channel)[place])
            .collect::<Vec<f32>>();
        let length = values.iter().map(|value| value * value).sum::<f32>().sqrt();
        values.into_iter().map(|value| value / length.max(f32::MIN_POSITIVE)).collect()
    };
    let vectors: Vec<Vec<f32>> = (0..places).map(vector).collect();
    let cosine = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let values = vectors.iter().flat_map(|a| vectors.iter().map(|b| cosine(a, b))).collect();
    Maps { channels: places, size: features.size, values }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similarity_is_the_cosine() {
        let features =
            Maps { channels: 2, size: [1, 3], values: vec![1.0, 0.0, 3.0, 0.0, 2.0, 4.0] };
        let similarities = similarity(features);
        assert_eq!((similarities.channels, similarities.size), (3, [1, 3]));
        assert_eq!(similarities.map(0), [1.0, 0.0, 0.6]);
        assert_eq!(similarities.map(1), [0.0, 1.0, 0.8]);
    }
}
