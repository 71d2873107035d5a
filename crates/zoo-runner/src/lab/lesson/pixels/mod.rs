//! Lesson 1: a photo is numbers, and every one of them counts.

use axum::{Router, routing::post};
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};
use zoo_data::{
    Image,
    rng::{Stream, rng},
};

use crate::{
    lab::{Answer, Lab, Numbers, Prediction, Told, course::look},
    serve::refused::Refused,
};

/// Classes that are shown.
const SHOWN: usize = 5;

pub fn routes() -> Router<Lab> {
    Router::new().route("/look", post(look_at))
}

/// What is done to the pixels before the network looks.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changed {
    /// Pixels are put in a random order, of this seed.
    #[serde(default)]
    shuffle: Option<u64>,
    /// Numbers that are replaced, after shuffling.
    #[serde(default)]
    edits: Vec<Edit>,
}

/// Another number at a place.
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    row: usize,
    column: usize,
    /// 0 is red, or grey; 1 green; 2 blue.
    channel: usize,
    value: u8,
}

#[derive(Serialize)]
struct Header {
    side: usize,
    channels: usize,
    predictions: Vec<Prediction>,
}

/// The numbers of a photo, row by row, pixel by pixel (HWC), and what the network says of them.
async fn look_at(
    Told { lab, looked, asked: Changed { shuffle, edits } }: Told<Changed>,
) -> Answer<Numbers<Header>> {
    let seen = lab.seen(&looked).await?;
    let mut image = match shuffle {
        Some(seed) => shuffled(&seen.image, seed),
        None => seen.image.clone(),
    };
    for edit in edits {
        edit.apply(&mut image)?;
    }
    let (side, channels) = (image.width(), image.channels());
    let values = image.pixels().iter().copied().map(f32::from).collect();
    let scores = lab.run(&looked.network, move |network| look(network, &image)).await?;
    let predictions = lab.predictions(&looked.network, &scores, SHOWN)?;
    Ok(Numbers { header: Header { side, channels, predictions }, values })
}

impl Edit {
    fn apply(self, image: &mut Image) -> Answer<()> {
        let (height, width, channels) = (image.height(), image.width(), image.channels());
        let Self { row, column, channel, value } = self;
        if row >= height || column >= width || channel >= channels {
            return Err(Refused::bad(format!(
                "row {row}, column {column}, channel {channel}: the photo has {height} rows, {width} columns \
                 and {channels} channels"
            )));
        }
        image.row_mut(row)[column * channels + channel] = value;
        Ok(())
    }
}

/// The same pixels in a random order.
fn shuffled(image: &Image, seed: u64) -> Image {
    let channels = image.channels();
    let mut pixels: Vec<&[u8]> = image.pixels().chunks(channels).collect();
    pixels.shuffle(&mut rng(seed, Stream::Choose, 0, 0));
    Image::new(image.width(), image.height(), channels, pixels.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shuffling_keeps_the_pixels_and_loses_their_places() {
        let image = Image::new(4, 4, 3, (0..48).collect());
        let mixed = shuffled(&image, 1);
        assert_ne!(mixed, image);
        assert_eq!(shuffled(&image, 1), mixed);
        let mut pixels: Vec<&[u8]> = mixed.pixels().chunks(3).collect();
        pixels.sort();
        assert_eq!(pixels.concat(), image.pixels());
    }

    #[test]
    fn one_number_is_replaced_or_refused() {
        let mut image = Image::filled(2, 2, &[7, 8, 9]);
        Edit { row: 1, column: 0, channel: 2, value: 0 }.apply(&mut image).unwrap();
        assert_eq!(image.pixels(), [7, 8, 9, 7, 8, 9, 7, 8, 0, 7, 8, 9]);
        assert!(Edit { row: 2, column: 0, channel: 0, value: 0 }.apply(&mut image).is_err());
    }
}
