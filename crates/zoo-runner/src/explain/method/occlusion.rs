//! Occlusion sensitivity: Zeiler and Fergus 2013, <https://arxiv.org/abs/1311.2901>.

use burn::tensor::{Tensor, TensorData};
use zoo_model::Scores;

use super::Method;
use crate::{
    Error,
    explain::{Figure, HeatMap, Subject},
};

/// Places in each direction at which the picture is covered.
const PLACES: usize = 12;
/// The side of the cover, in sides of the picture.
const COVER: f64 = 0.25;
/// Covered pictures that go through the network together.
const BATCH: usize = 36;

pub(super) static METHOD: Method = Method {
    name: "occlusion",
    title: "What happens when a part is covered",
    about: "This is the simplest question, and it works for any program: cover a part of the \
            picture and see how much the probability of the class drops. Where it drops most, the \
            covered part mattered. Occlusion knows nothing of the network's internals, so it checks \
            the maps above. But if something appears twice in a picture, covering one of the two \
            has little effect.",
    figures,
    heat: Some(occlusion),
    ..Method::PLAIN
};

fn figures(subject: &Subject) -> Result<Vec<Figure>, Error> {
    let heat = occlusion(subject)?;
    let cover = cover(subject.side());
    let caption = format!(
        "how much the probability of {} drops when a square of {cover} × {cover} pixels is covered \
         with the mean colour, at most {:.1} points",
        subject.class_and_probability(subject.label),
        100.0 * heat.largest()
    );
    Ok(vec![Figure::picture("", &heat.over(&subject.image), caption)])
}

/// How far the probability of the explained class falls where the picture is covered.
fn occlusion(subject: &Subject) -> Result<HeatMap, Error> {
    let side = subject.side();
    let places: Vec<[usize; 2]> =
        (0..PLACES * PLACES).map(|place| [place / PLACES, place % PLACES]).collect();
    let before = subject.probabilities[subject.label];
    let mut falls = Vec::with_capacity(places.len());
    for places in places.chunks(BATCH) {
        let masks = places.iter().flat_map(|&place| mask(place, side)).collect();
        let masks = TensorData::new(masks, [places.len(), 1, side, side]);
        // What is 0 after normalisation is the mean colour.
        let covered =
            subject.input.clone() * Tensor::<4>::from_data(masks, &subject.input.device());
        let after = Scores::of(subject.network.model.logits(covered))?;
        falls.extend(after.iter().map(|scores| before - scores.probabilities[subject.label]));
    }
    Ok(HeatMap::new([PLACES, PLACES], falls))
}

fn cover(side: usize) -> usize {
    ((COVER * side as f64).round() as usize).max(1)
}

/// 0 where the picture is covered and 1 elsewhere, row by row: the cover's centre is that of the
/// place, and what of it lies outside of the picture covers nothing.
fn mask([row, column]: [usize; 2], side: usize) -> Vec<f32> {
    let half = cover(side) as f64 / 2.0;
    let is_covered = |place: usize, pixel: usize| {
        let centre = (place as f64 + 0.5) * side as f64 / PLACES as f64;
        (pixel as f64 + 0.5 - centre).abs() < half
    };
    let pixel = |index: usize| is_covered(row, index / side) && is_covered(column, index % side);
    (0..side * side).map(|index| if pixel(index) { 0.0 } else { 1.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covers_lie_around_the_centres_of_places() {
        let covered = |place, side: usize| {
            let mask = mask(place, side);
            let covered = mask.iter().enumerate().filter(|(_, value)| **value == 0.0);
            covered.map(|(index, _)| [index / side, index % side]).collect::<Vec<_>>()
        };
        // A quarter of 12 pixels is 3; in the corner 2 by 2 of them are in the picture.
        assert_eq!(covered([0, 0], 12), [[0, 0], [0, 1], [1, 0], [1, 1]]);
        let inner = covered([5, 7], 12);
        assert_eq!((inner.len(), inner[0], inner[8]), (9, [4, 6], [6, 8]));
        assert_eq!(covered([0, 11], 1), [[0, 0]]);
    }
}
