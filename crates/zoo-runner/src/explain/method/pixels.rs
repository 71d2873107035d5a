//! What the computer gets: numbers.

use super::Method;
use crate::explain::{
    Figure, Subject,
    figure::{Cell, Numbers, Tint},
    picture::framed,
};

/// Numbers shown in a row.
const SHOWN: usize = Numbers::WRITTEN;

pub(super) static METHOD: Method = Method {
    name: "pixels",
    title: "What the computer sees",
    about: "A picture is a grid of numbers. Each pixel has one number per colour, from 0 (none of \
            it) to 255 (all of it); three grids, for red, green and blue, make up the picture. No \
            number says what the picture shows: the network has to find that out from which numbers \
            lie next to which.",
    figures: |subject| Ok(figures(subject)),
    ..Method::PLAIN
};

fn figures(subject: &Subject) -> Vec<Figure> {
    let side = subject.side();
    let shown = SHOWN.min(side);
    let [top, left] = corner(subject, shown);
    let scale = (288 / side).max(1);
    let frame = framed(&subject.image, scale, [top, left], [shown, shown]);
    let caption = format!("{side} × {side} pixels; the frame marks the numbers shown beside it");
    let mut figures =
        vec![Figure::text(preparation(subject, [top, left])), Figure::picture("", &frame, caption)];
    let channels = subject.image.channels();
    let names: &[(&str, Tint)] = match channels {
        1 => &[("grey", Tint::Grey)],
        _ => &[("red", Tint::Red), ("green", Tint::Green), ("blue", Tint::Blue)],
    };
    for (channel, &(name, tint)) in names.iter().enumerate() {
        let row = |row| {
            let pixels = subject.image.row(row).chunks_exact(channels).skip(left).take(shown);
            pixels.map(|pixel| cell(pixel[channel])).collect()
        };
        let rows = (top..top + shown).map(row).collect();
        figures.push(Figure::Numbers(Numbers { caption: name.to_string(), tint, rows }));
    }
    figures
}

fn cell(value: u8) -> Cell {
    Cell { text: value.to_string(), share: f32::from(value) / 255.0 }
}

/// Row and column of the first pixel shown: they lie where the network looks most.
fn corner(subject: &Subject, shown: usize) -> [usize; 2] {
    let side = subject.side();
    let hottest = subject.hires_cam(subject.label).resized([side, side]).hottest();
    hottest.map(|place| place.saturating_sub(shown / 2).min(side - shown))
}

/// How the image became what the network gets.
fn preparation(subject: &Subject, [top, left]: [usize; 2]) -> String {
    let [width, height] = subject.original_size;
    let side = subject.side();
    let preprocess = &subject.network.info.preprocess;
    let size = match [width, height] == [side, side] {
        true => format!("The image has {width} × {height} pixels."),
        false => format!(
            "The image had {width} × {height} pixels and was resized to {side} × {side} ({}).",
            format!("{:?}", preprocess.resize).to_lowercase()
        ),
    };
    let value = subject.image.row(top)[left * subject.image.channels()];
    let (mean, std) = (preprocess.mean[0], preprocess.std[0]);
    let normalised = (f32::from(value) / 255.0 - mean) / std;
    format!(
        "{size} Before the first layer, each number is normalised to lie near 0: the {value} in the \
         corner becomes ({value} / 255 − {mean}) / {std} = {normalised:.2}."
    )
}
