//! The pieces of a photo in another order.

use burn::tensor::{Int, Tensor, TensorData};
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};
use zoo_data::{
    Image,
    rng::{Stream, rng},
};
use zoo_model::{AnyModel, Predictor, Scores};
use zoo_vit::Vit;

use crate::{
    lab::{Answer, Numbers, Prediction, Seen, Told, course::look},
    serve::refused::Refused,
};

/// Classes that are shown.
const SHOWN: usize = 5;

/// What is shuffled.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    seed: u64,
    /// Pieces along a side of the photo.
    pieces: usize,
    /// Whether each piece takes its position along: tokens are then shuffled after positions were
    /// added, which only a Vision Transformer can do.
    #[serde(default)]
    with_positions: bool,
}

#[derive(Serialize)]
pub(super) struct Header {
    side: usize,
    channels: usize,
    predictions: Vec<Prediction>,
    /// How far any score is from that of the photo as it was.
    moved: f32,
}

/// The photo in pieces, pixel by pixel (HWC), and what the network says.
pub(super) async fn shuffle(Told { lab, looked, asked }: Told<Asked>) -> Answer<Numbers<Header>> {
    let Asked { seed, pieces, with_positions } = asked;
    let seen = lab.seen(&looked).await?;
    let side = seen.image.width();
    if !(2..=side).contains(&pieces) {
        return Err(Refused::bad(format!("`pieces`: expected 2 to {side}, found {pieces}")));
    }
    let order = order(pieces * pieces, seed);
    let image = in_pieces(&seen.image, pieces, &order);
    let values = image.pixels().iter().copied().map(f32::from).collect();
    let channels = image.channels();
    let before = seen.scores.logits.clone();
    let work = move |network: &Predictor| match (with_positions, &network.model) {
        (false, _) => look(network, &image),
        (true, AnyModel::Vit(vit)) => with_tokens_moved(network, vit, &seen, &order),
        (true, _) => Err(Refused::unusable("only a Vision Transformer has tokens to shuffle")),
    };
    let scores = lab.run(&looked.network, work).await?;
    let distances = scores.logits.iter().zip(&before).map(|(a, b)| (a - b).abs());
    let moved = distances.fold(0.0, f32::max);
    let predictions = lab.predictions(&looked.network, &scores, SHOWN)?;
    Ok(Numbers { header: Header { side, channels, predictions, moved }, values })
}

/// Which piece goes where.
fn order(pieces: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..pieces).collect();
    order.shuffle(&mut rng(seed, Stream::Choose, 0, 0));
    order
}

/// The image with its pieces in this order; what is left at the right and below stays.
fn in_pieces(image: &Image, pieces: usize, order: &[usize]) -> Image {
    let (length, channels) = (image.width() / pieces, image.channels());
    let mut mixed = image.clone();
    for (to, from) in order.iter().enumerate() {
        for line in 0..length {
            let start =
                |piece: usize| (piece / pieces * length + line, piece % pieces * length * channels);
            let ((row, at), (source_row, source)) = (start(to), start(*from));
            let bytes = &image.row(source_row)[source..source + length * channels];
            mixed.row_mut(row)[at..at + length * channels].copy_from_slice(bytes);
        }
    }
    mixed
}

/// What the network says when its tokens change places after positions were added.
fn with_tokens_moved(
    network: &Predictor,
    vit: &Vit,
    seen: &Seen,
    order: &[usize],
) -> Answer<Scores> {
    let side = seen.image.width();
    let shape = [1, seen.image.channels(), side, side];
    let input = Tensor::from_data(TensorData::new(seen.input.clone(), shape), &network.device);
    let tokens = vit.embed(input);
    let before = tokens.dims()[1].checked_sub(order.len());
    let before =
        before.filter(|_| order.len() == (side / vit.patch_embedding.kernel_size[0]).pow(2));
    let before =
        before.ok_or_else(|| Refused::bad("`pieces`: expected as many as there are patches"))?;
    let places: Vec<i32> =
        (0..before).chain(order.iter().map(|place| before + place)).map(|at| at as i32).collect();
    let places = Tensor::<1, Int>::from_ints(&places[..], &network.device);
    let moved = tokens.select(1, places);
    let last = vit.blocks.iter().fold(moved, |tokens, block| block.forward(tokens));
    let scores = Scores::of(vit.classify(last));
    Ok(scores.map_err(Refused::failed)?.remove(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_change_places_and_the_rest_stays() {
        let image = Image::new(5, 5, 1, (0..25).collect());
        let mixed = in_pieces(&image, 2, &[3, 0, 1, 2]);
        let expected = [
            12, 13, 0, 1, 4, 17, 18, 5, 6, 9, 2, 3, 10, 11, 14, 7, 8, 15, 16, 19, 20, 21, 22, 23,
            24,
        ];
        assert_eq!(mixed.pixels(), expected);
        let mut all = order(9, 4);
        assert_ne!(all, (0..9).collect::<Vec<_>>());
        all.sort_unstable();
        assert_eq!(all, (0..9).collect::<Vec<_>>());
    }
}
