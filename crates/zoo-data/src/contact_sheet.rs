//! Augmentation to look at.

use font8x8::{BASIC_FONTS, UnicodeFonts};

use crate::{
    DataError, Image,
    augment::{Augmentation, augment_with_captions},
    dataset::{Dataset, Split},
    rng::{Stream, rng},
};

/// Cells are enlarged by a whole number up to this many pixels; smaller ones take as much room.
const CELL: usize = 128;
/// Pixels between cells.
const GAP: usize = 4;
/// Side of a letter's square in pixels.
const LETTER: usize = 8;
/// Pixels from one line of text to the next.
const LINE: usize = 10;

/// A picture of what augmentation does: one row per training image, with the image in the first
/// column and `draws` augmented versions beside it. Its class is under the image; the operations
/// are under each version, one per line.
///
/// The forms are those that training with this `seed` sees in its first epochs. The classes take
/// turns: the first image of each, then the second of each. Small images are enlarged, without
/// smoothing, to at most 128 pixels.
///
/// # Errors
/// If an image cannot be read or decoded; the error names it.
pub fn contact_sheet(
    data: &Dataset,
    augmentations: &[Augmentation],
    seed: u64,
    rows: usize,
    draws: usize,
) -> Result<Image, DataError> {
    let (split, preprocess) = (&data.train, &data.preprocess);
    let scale = (CELL / preprocess.image_size).max(1);
    let mut strips = Vec::new();
    for position in by_turns(split).into_iter().take(rows.max(1)) {
        let sample = split.sample(position)?;
        let class = data.classes[sample.label].clone();
        let original = preprocess.apply(sample.image.clone());
        let mut cells = vec![(original.enlarged(scale), vec![class])];
        for epoch in 0..draws {
            let mut rng = rng(seed, Stream::Augment, epoch as u64, sample.index as u64);
            let (form, captions) =
                augment_with_captions(sample.image.clone(), preprocess, augmentations, &mut rng);
            cells.push((form.enlarged(scale), captions));
        }
        strips.push(strip(&cells));
    }
    Ok(stacked(&strips))
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

/// Images of one size side by side, with a caption under each.
fn strip(cells: &[(Image, Vec<String>)]) -> Image {
    let (first, _) = &cells[0];
    let (side, room) = (first.width(), first.width().max(CELL));
    let texts: Vec<Vec<String>> =
        cells.iter().map(|(_, texts)| wrapped(texts, room / LETTER)).collect();
    let lines = texts.iter().map(Vec::len).max().unwrap_or(0);
    let (width, height) = (cells.len() * (room + GAP) + GAP, GAP + side + GAP + lines * LINE);
    let mut strip = Image::filled(width, height, &vec![255; first.channels()]);
    for (number, ((image, _), lines)) in cells.iter().zip(&texts).enumerate() {
        let left = GAP + number * (room + GAP);
        strip.paste(image, left, GAP);
        for (line, text) in lines.iter().enumerate() {
            write(&mut strip, text, left, side + 2 * GAP + line * LINE);
        }
    }
    strip
}

/// Texts as lines of limited length, broken between words where possible.
fn wrapped(texts: &[String], letters: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for text in texts {
        lines.push(String::new());
        for word in text.split(' ') {
            let word: String = word.chars().take(letters).collect();
            match lines.last_mut() {
                Some(line) if line.is_empty() => *line = word,
                Some(line) if line.chars().count() + 1 + word.chars().count() <= letters => {
                    line.push(' ');
                    line.push_str(&word);
                }
                _ => lines.push(word),
            }
        }
    }
    lines
}

/// Images of one width, one below the other.
fn stacked(strips: &[Image]) -> Image {
    let height = strips.iter().map(Image::height).sum();
    let pixels = strips.iter().flat_map(Image::pixels).copied().collect();
    Image::new(strips[0].width(), height, strips[0].channels(), pixels)
}

/// Writes a line in black, its first letter's upper left corner at (`left`, `top`). What is no ASCII
/// character becomes a question mark.
fn write(image: &mut Image, text: &str, left: usize, top: usize) {
    let channels = image.channels();
    for (place, character) in text.chars().enumerate() {
        let left = left + place * LETTER;
        let rows = BASIC_FONTS.get(character).or_else(|| BASIC_FONTS.get('?')).unwrap_or_default();
        for (y, bits) in rows.into_iter().enumerate() {
            let row = image.row_mut(top + y);
            for x in (0..LETTER).filter(|x| bits >> x & 1 == 1) {
                row[(left + x) * channels..][..channels].fill(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::augment::augment;
    use crate::{DataConfig, Sample};

    #[test]
    fn text_is_black_on_what_was_there() {
        let mut image = Image::filled(18, 10, &[255]);
        write(&mut image, "Hé", 1, 1);
        let lines: Vec<String> = image
            .pixels()
            .chunks(18)
            .map(|row| row.iter().map(|&value| if value == 0 { '#' } else { '.' }).collect())
            .collect();
        assert_eq!(
            lines,
            [
                "..................",
                ".##..##...####....",
                ".##..##..##..##...",
                ".##..##......##...",
                ".######.....##....",
                ".##..##....##.....",
                ".##..##...........",
                ".##..##....##.....",
                "..................",
                "..................",
            ]
        );
    }

    #[test]
    fn long_texts_are_broken_between_words() {
        let texts = ["flip", "rotate -12, scale 0.90", "unbreakable"].map(String::from);
        let lines = ["flip", "rotate", "-12,", "scale", "0.90", "unbreaka"];
        assert_eq!(wrapped(&texts, 8), lines);
    }

    #[test]
    fn sheet_shows_originals_and_what_training_sees() {
        let config: DataConfig =
            serde_json::from_str(r#"{"sea": {"train": 20, "valid": 10, "test": 10}}"#).unwrap();
        let dataset = config.open().unwrap();
        let changes = serde_json::from_str::<Vec<Augmentation>>(
            r#"[{"random-crop": {}}, {"horizontal-flip": {"probability": 1}}]"#,
        )
        .unwrap();
        let sheet = contact_sheet(&dataset, &changes, 7, 4, 2).unwrap();
        // Two lines of text below 128 pixels and two gaps.
        let height = 4 + 128 + 4 + 20;
        assert_eq!((sheet.width(), sheet.height()), (3 * 132 + 4, 4 * height));

        let cell = |column: usize, row: usize| -> Vec<u8> {
            let (left, top) = (column * 132 + 4, row * height + 4);
            let pixel = |x: usize, y: usize| sheet.row(top + y)[3 * (left + x)..][..3].to_vec();
            (0..32)
                .flat_map(|y| (0..32).flat_map(move |x| [(x, y)]))
                .flat_map(|(x, y)| pixel(4 * x, 4 * y))
                .collect()
        };
        let position = (0..20).find(|&position| dataset.train.label(position) == 3).unwrap();
        let Sample { image: original, index, .. } = dataset.train.sample(position).unwrap();
        assert_eq!(cell(0, 3), original.pixels());
        let mut draws = rng(7, Stream::Augment, 1, index as u64);
        let augmented = augment(original, &dataset.preprocess, &changes, &mut draws);
        assert_eq!(cell(2, 3), augmented.pixels());
        assert_eq!(sheet.row(3), [255; 400 * 3]);
    }
}
