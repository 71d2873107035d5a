//! The matrices that bring pictures of any size to the network's square: row i holds how much of each
//! old pixel goes into the new pixel i. They are computed in the graph, from the picture's size, by
//! what `zoo_data`'s `preprocess/geometry.rs` does, and weighted as Pillow does.

use std::f32::consts::PI;

use zoo_data::{CropOffset, Interpolation, Preprocess, Resize};

use super::{
    graph::{Graph, int, to},
    proto::DataType,
};

const PATH: &str = "preprocess/size";
const WEIGHTS: &str = "preprocess/weights";

/// One side of the pictures.
pub struct Axis {
    /// `[image_size, length]`.
    pub weights: String,
    /// Which of the square's rows or columns show the picture, `[image_size, 1]`; none if all do.
    pub inside: Option<String>,
}

/// Which part of a side is seen, each a number in the graph; see `zoo_data`'s `Axis`.
struct Seen {
    /// Pixels of the side.
    length: String,
    /// Pixels of the whole side once it is scaled.
    scaled: String,
    /// The first of them that is seen, less the pixels of the bar before it.
    start: String,
    /// Pixels of the bar before the picture, and before the bar after it; none where no bar can be.
    bars: Option<[String; 2]>,
}

/// The matrices of height and width of `pictures`, `[batch, height, width, 3]`.
pub fn matrices(graph: &mut Graph, preprocess: &Preprocess, pictures: &str) -> [Axis; 2] {
    let shape = graph.op("Shape", PATH, &[pictures]);
    let sides = [1, 2].map(|axis| {
        let axis = graph.integer(axis);
        graph.node("Gather", PATH, &[&shape, &axis], vec![int("axis", 0)])
    });
    let [rows, columns] = scaled(graph, preprocess, &sides);
    let [height, width] = sides;
    [(height, rows), (width, columns)].map(|(length, scaled)| {
        let seen = seen(graph, preprocess, length, scaled);
        let inside = inside(graph, preprocess, &seen);
        Axis { weights: weights(graph, preprocess, &seen, inside.as_deref()), inside }
    })
}

/// Pixels to which each side is scaled.
fn scaled(graph: &mut Graph, preprocess: &Preprocess, sides: &[String; 2]) -> [String; 2] {
    let size = graph.integer(preprocess.scaled_size() as i64);
    let [height, width] = sides;
    match preprocess.resize {
        Resize::Squish => [size.clone(), size],
        Resize::Crop => {
            let short = graph.op("Min", PATH, &[height, width]);
            sides.each_ref().map(|side| {
                let product = graph.op("Mul", PATH, &[side, &size]);
                graph.op("Div", PATH, &[&product, &short])
            })
        }
        Resize::Letterbox => {
            let one = graph.integer(1);
            let long = graph.op("Max", PATH, &[height, width]);
            let [long, size] = [&long, &size]
                .map(|number| graph.node("Cast", PATH, &[number], vec![to(DataType::Double)]));
            let ratio = graph.op("Div", PATH, &[&long, &size]);
            sides.each_ref().map(|side| {
                let side = graph.node("Cast", PATH, &[side], vec![to(DataType::Double)]);
                let exact = graph.op("Div", PATH, &[&side, &ratio]);
                let even = graph.op("Round", PATH, &[&exact]);
                let whole = graph.node("Cast", PATH, &[&even], vec![to(DataType::Int64)]);
                graph.op("Max", PATH, &[&whole, &one])
            })
        }
    }
}

fn seen(graph: &mut Graph, preprocess: &Preprocess, length: String, scaled: String) -> Seen {
    let size = graph.integer(preprocess.image_size as i64);
    let [zero, two] = [0, 2].map(|number| graph.integer(number));
    let rest = graph.op("Sub", PATH, &[&scaled, &size]);
    let cut = graph.op("Max", PATH, &[&rest, &zero]);
    let first = match preprocess.crop_offset {
        CropOffset::Down => graph.op("Div", PATH, &[&cut, &two]),
        CropOffset::Even => {
            let half = graph.number(0.5);
            let cut = graph.node("Cast", PATH, &[&cut], vec![to(DataType::Float)]);
            let exact = graph.op("Mul", PATH, &[&cut, &half]);
            let even = graph.op("Round", PATH, &[&exact]);
            graph.node("Cast", PATH, &[&even], vec![to(DataType::Int64)])
        }
    };
    // With the others, every side is as long as the square at least.
    if preprocess.resize != Resize::Letterbox {
        return Seen { length, scaled, start: first, bars: None };
    }
    let lacking = graph.op("Sub", PATH, &[&size, &scaled]);
    let lacking = graph.op("Max", PATH, &[&lacking, &zero]);
    let before = graph.op("Div", PATH, &[&lacking, &two]);
    let pixels = graph.op("Min", PATH, &[&scaled, &size]);
    let after = graph.op("Add", PATH, &[&before, &pixels]);
    let start = graph.op("Sub", PATH, &[&first, &before]);
    Seen { length, scaled, start, bars: Some([before, after]) }
}

/// Which of the new pixels show the picture, `[image_size, 1]`.
fn inside(graph: &mut Graph, preprocess: &Preprocess, seen: &Seen) -> Option<String> {
    let [before, after] = seen.bars.as_ref()?;
    let [before, after] = [before, after].map(|bar| float(graph, bar));
    let centres = centres(graph, preprocess);
    let from = graph.op("Greater", PATH, &[&centres, &before]);
    let until = graph.op("Less", PATH, &[&centres, &after]);
    Some(graph.op("And", PATH, &[&from, &until]))
}

/// The middles of the new pixels, `[image_size, 1]`.
fn centres(graph: &mut Graph, preprocess: &Preprocess) -> String {
    let size = preprocess.image_size;
    let values: Vec<f32> = (0..size).map(|pixel| pixel as f32 + 0.5).collect();
    graph.floats(&format!("{PATH}/centres"), &[size, 1], &values)
}

/// How much of each old pixel goes into each new one, `[image_size, length]`.
fn weights(
    graph: &mut Graph,
    preprocess: &Preprocess,
    seen: &Seen,
    inside: Option<&str>,
) -> String {
    let [length, scaled, start] =
        [&seen.length, &seen.scaled, &seen.start].map(|number| float(graph, number));
    let [zero, half, one] = [0.0, 0.5, 1.0].map(|number| graph.number(number));
    let centres = centres(graph, preprocess);
    let place = graph.op("Add", WEIGHTS, &[&centres, &start]);
    // The product first: where the middle falls between two old pixels, this is exact.
    let place = graph.op("Mul", WEIGHTS, &[&place, &length]);
    let place = graph.op("Div", WEIGHTS, &[&place, &scaled]);
    let old = graph.op("Range", WEIGHTS, &[&zero, &length, &one]);
    if preprocess.interpolation == Interpolation::Nearest {
        let pixel = graph.op("Floor", WEIGHTS, &[&place]);
        let is_it = graph.op("Equal", WEIGHTS, &[&old, &pixel]);
        let taken = graph.node("Cast", WEIGHTS, &[&is_it], vec![to(DataType::Float)]);
        return shown(graph, taken, inside);
    }
    let old = graph.op("Add", WEIGHTS, &[&old, &half]);
    // A filter is as wide as an old pixel, or as a new one where that is wider.
    let step = graph.op("Div", WEIGHTS, &[&length, &scaled]);
    let width = graph.op("Max", WEIGHTS, &[&step, &one]);
    let distance = graph.op("Sub", WEIGHTS, &[&old, &place]);
    let distance = graph.op("Div", WEIGHTS, &[&distance, &width]);
    let weights = filter(graph, preprocess.interpolation, &distance);
    let last = graph.integers(&format!("{WEIGHTS}/axis"), &[1]);
    let sum = graph.node("ReduceSum", WEIGHTS, &[&weights, &last], vec![int("keepdims", 1)]);
    let weights = graph.op("Div", WEIGHTS, &[&weights, &sum]);
    shown(graph, weights, inside)
}

/// The weights of pixels that show the picture; 0 for others, whose sum may be 0.
fn shown(graph: &mut Graph, weights: String, inside: Option<&str>) -> String {
    let zero = graph.number(0.0);
    match inside {
        Some(inside) => graph.op("Where", WEIGHTS, &[inside, &weights, &zero]),
        None => weights,
    }
}

/// The weight at each distance, in widths of the filter.
fn filter(graph: &mut Graph, interpolation: Interpolation, distance: &str) -> String {
    let [zero, one] = [0.0, 1.0].map(|number| graph.number(number));
    match interpolation {
        // Handled before: it weighs nothing.
        Interpolation::Nearest => distance.to_string(),
        Interpolation::Bilinear => {
            let far = graph.op("Abs", WEIGHTS, &[distance]);
            let slope = graph.op("Sub", WEIGHTS, &[&one, &far]);
            graph.op("Relu", WEIGHTS, &[&slope])
        }
        Interpolation::Box => {
            let [least, most] = [-0.5, 0.5].map(|number| graph.number(number));
            let from = graph.op("Greater", WEIGHTS, &[distance, &least]);
            let until = graph.op("LessOrEqual", WEIGHTS, &[distance, &most]);
            let both = graph.op("And", WEIGHTS, &[&from, &until]);
            graph.op("Where", WEIGHTS, &[&both, &one, &zero])
        }
        Interpolation::Bicubic => {
            let two = graph.number(2.0);
            let far = graph.op("Abs", WEIGHTS, &[distance]);
            let near = polynomial(graph, &far, [1.5, -2.5, 0.0, 1.0]);
            let outer = polynomial(graph, &far, [-0.5, 2.5, -4.0, 2.0]);
            let is_near = graph.op("Less", WEIGHTS, &[&far, &one]);
            let is_outer = graph.op("Less", WEIGHTS, &[&far, &two]);
            let outer = graph.op("Where", WEIGHTS, &[&is_outer, &outer, &zero]);
            graph.op("Where", WEIGHTS, &[&is_near, &near, &outer])
        }
        Interpolation::Hamming => {
            let far = graph.op("Abs", WEIGHTS, &[distance]);
            let is_near = graph.op("Less", WEIGHTS, &[&far, &one]);
            let wave = sinc(graph, distance);
            let [pi, share, rest] = [PI, 0.46, 0.54].map(|value| graph.number(value));
            let angle = graph.op("Mul", WEIGHTS, &[distance, &pi]);
            let cosine = graph.op("Cos", WEIGHTS, &[&angle]);
            let cosine = graph.op("Mul", WEIGHTS, &[&cosine, &share]);
            let window = graph.op("Add", WEIGHTS, &[&cosine, &rest]);
            let product = graph.op("Mul", WEIGHTS, &[&wave, &window]);
            graph.op("Where", WEIGHTS, &[&is_near, &product, &zero])
        }
        Interpolation::Lanczos => {
            let three = graph.number(3.0);
            let far = graph.op("Abs", WEIGHTS, &[distance]);
            let is_near = graph.op("Less", WEIGHTS, &[&far, &three]);
            let third = graph.op("Div", WEIGHTS, &[distance, &three]);
            let (wave, window) = (sinc(graph, distance), sinc(graph, &third));
            let product = graph.op("Mul", WEIGHTS, &[&wave, &window]);
            graph.op("Where", WEIGHTS, &[&is_near, &product, &zero])
        }
    }
}

/// ((a x + b) x + c) x + d.
fn polynomial(graph: &mut Graph, x: &str, [a, b, c, d]: [f32; 4]) -> String {
    let mut sum = graph.number(a);
    for addend in [b, c, d] {
        let addend = graph.number(addend);
        let product = graph.op("Mul", WEIGHTS, &[&sum, x]);
        sum = graph.op("Add", WEIGHTS, &[&product, &addend]);
    }
    sum
}

/// sin(π x) / (π x), and 1 at 0.
fn sinc(graph: &mut Graph, x: &str) -> String {
    let [zero, one, pi] = [0.0, 1.0, PI].map(|value| graph.number(value));
    let angle = graph.op("Mul", WEIGHTS, &[x, &pi]);
    let sine = graph.op("Sin", WEIGHTS, &[&angle]);
    let wave = graph.op("Div", WEIGHTS, &[&sine, &angle]);
    let is_middle = graph.op("Equal", WEIGHTS, &[x, &zero]);
    graph.op("Where", WEIGHTS, &[&is_middle, &one, &wave])
}

fn float(graph: &mut Graph, number: &str) -> String {
    graph.node("Cast", PATH, &[number], vec![to(DataType::Float)])
}
