//! Augmentation to look at.

use crate::augment::{Augmentation, augment};
use crate::dataset::Split;
use crate::preprocess::Preprocess;
use crate::rng::{Stream, rng};
use crate::{DataError, Image};

/// Cells are enlarged by a whole number up to this many pixels.
const CELL: usize = 96;
/// Pixels between cells.
const GAP: usize = 4;

/// A picture of what augmentation does: a row an image, with the image itself in the first column
/// and `draws` augmented forms beside it.
///
/// The forms are those that training with this `seed` sees in its first epochs. The classes take
/// turns: the first image of each, then the second of each. Small images are enlarged, without
/// smoothing, to at most 96 pixels.
///
/// # Errors
/// If an image cannot be read or decoded; the error names it.
pub fn contact_sheet(
    split: &Split,
    preprocess: &Preprocess,
    augmentations: &[Augmentation],
    seed: u64,
    rows: usize,
    draws: usize,
) -> Result<Image, DataError> {
    let scale = (CELL / preprocess.image_size).max(1);
    let cell = preprocess.image_size * scale;
    let rows = rows.clamp(1, split.len().max(1));
    let along = |cells: usize| cells * (cell + GAP) + GAP;
    let mut sheet = Image::filled(along(draws + 1), along(rows), &vec![255; preprocess.channels()]);
    for (row, position) in by_turns(split).into_iter().take(rows).enumerate() {
        let sample = split.sample(position)?;
        let original = preprocess.apply(sample.image);
        for column in 0..=draws {
            let shown = match column.checked_sub(1) {
                None => original.clone(),
                Some(epoch) => {
                    let mut rng = rng(seed, Stream::Augment, epoch as u64, sample.index as u64);
                    augment(original.clone(), augmentations, &mut rng)
                }
            };
            sheet.paste(&enlarged(&shown, scale), along(column), along(row));
        }
    }
    Ok(sheet)
}

/// All positions of the split: the first of each class, then the second of each.
fn by_turns(split: &Split) -> Vec<usize> {
    let mut seen: Vec<usize> = Vec::new();
    let mut positions: Vec<(usize, usize, usize)> = (0..split.len())
        .map(|position| {
            let label = split.label(position);
            seen.resize(seen.len().max(label + 1), 0);
            seen[label] += 1;
            (seen[label], label, position)
        })
        .collect();
    positions.sort_unstable();
    positions.into_iter().map(|(_, _, position)| position).collect()
}

/// Every pixel as a square of `scale` pixels.
fn enlarged(image: &Image, scale: usize) -> Image {
    let (width, height, channels) =
        (image.width() * scale, image.height() * scale, image.channels());
    let mut pixels = Vec::with_capacity(width * height * channels);
    for row in 0..height {
        let row = image.row(row / scale);
        pixels.extend(row.chunks_exact(channels).flat_map(|pixel| pixel.repeat(scale)));
    }
    Image::new(width, height, channels, pixels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DataConfig, Sample};

    #[test]
    fn enlarging_repeats_pixels() {
        let image = Image::new(2, 1, 3, vec![1, 2, 3, 4, 5, 6]);
        let row = [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6];
        assert_eq!(enlarged(&image, 2), Image::new(4, 2, 3, row.repeat(2)));
    }

    #[test]
    fn sheet_shows_originals_and_what_training_sees() {
        let config: DataConfig =
            serde_json::from_str(r#"{"sea": {"train": 20, "valid": 10, "test": 10}}"#).unwrap();
        let dataset = config.open().unwrap();
        let changes = serde_json::from_str::<Vec<Augmentation>>(
            r#"[{"random-crop": {}}, {"horizontal-flip": {}}]"#,
        )
        .unwrap();
        let sheet = contact_sheet(&dataset.train, &dataset.preprocess, &changes, 7, 4, 2).unwrap();
        assert_eq!((sheet.width(), sheet.height()), (3 * 100 + 4, 4 * 100 + 4));

        let cell = |column: usize, row: usize| -> Vec<u8> {
            let (left, top) = (column * 100 + 4, row * 100 + 4);
            let pixel = |x: usize, y: usize| sheet.row(top + y)[3 * (left + x)..][..3].to_vec();
            (0..32)
                .flat_map(|y| (0..32).flat_map(move |x| [(x, y)]))
                .flat_map(|(x, y)| pixel(3 * x, 3 * y))
                .collect()
        };
        let position = (0..20).find(|&position| dataset.train.label(position) == 3).unwrap();
        let Sample { image: original, index, .. } = dataset.train.sample(position).unwrap();
        assert_eq!(cell(0, 3), original.pixels());
        let mut draws = rng(7, Stream::Augment, 1, index as u64);
        let augmented = augment(original, &changes, &mut draws);
        assert_eq!(cell(2, 3), augmented.pixels());
        assert_eq!(sheet.row(3), [255; 304 * 3]);
    }
}
