//! From pictures to what the network sees, as `zoo predict` computes it ([`zoo_data::Preprocess`]).

use zoo_data::Preprocess;

use super::{
    Input,
    graph::{Extent, Graph, ints, to},
    layers::Value,
    proto::DataType,
    resample::{Axis, matrices},
};

/// The input's name where the file prepares pictures itself.
const PICTURES: &str = "images";
/// Its name where it does not; Hugging Face's, whose tools feed such files.
const RAW: &str = "pixel_values";

/// Adds the graph's input and what is done to it; gives the network's own input,
/// `[channels, image_size, image_size]`.
pub fn add(graph: &mut Graph, preprocess: &Preprocess, input: Input) -> Value {
    let size = preprocess.image_size;
    let shape = vec![preprocess.channels(), size, size];
    if input == Input::Raw {
        add_raw(graph, preprocess);
        return Value { name: RAW.to_string(), shape };
    }
    let [height, width] = match input {
        Input::AnySize => [Extent::Free("height"), Extent::Free("width")],
        _ => [Extent::Fixed(size); 2],
    };
    let extents = [Extent::Free("batch"), height, width, Extent::Fixed(3)];
    let denotations = ["DATA_BATCH", "DATA_FEATURE", "DATA_FEATURE", "DATA_CHANNEL"];
    let doc = match input {
        Input::AnySize => {
            format!("RGB pictures of one size, as bytes; brought to {size} x {size} inside")
        }
        _ => format!("RGB pictures of {size} x {size} pixels, as bytes"),
    };
    graph.input(PICTURES, DataType::Uint8, &extents, &denotations, &doc);
    let x = graph.node("Cast", "preprocess", &[PICTURES], vec![to(DataType::Float)]);
    let mut x = graph.node("Transpose", "preprocess", &[&x], vec![ints("perm", &[0, 3, 1, 2])]);
    if preprocess.channels() == 1 {
        x = luma(graph, &x);
    }
    if input == Input::AnySize {
        x = square(graph, preprocess, &x);
    }
    Value { name: normalize(graph, preprocess, &x), shape }
}

fn add_raw(graph: &mut Graph, preprocess: &Preprocess) {
    let size = Extent::Fixed(preprocess.image_size);
    let extents = [Extent::Free("batch"), Extent::Fixed(preprocess.channels()), size, size];
    let denotations = ["DATA_BATCH", "DATA_CHANNEL", "DATA_FEATURE", "DATA_FEATURE"];
    let doc = format!(
        "(value / 255 - mean) / std, with mean {:?} and std {:?}",
        preprocess.mean, preprocess.std
    );
    graph.input(RAW, DataType::Float, &extents, &denotations, &doc);
}

/// The luma of RGB, rounded as [`zoo_data::Image::with_channels`] does: (299 R + 587 G + 114 B + 500)
/// / 1000 without its fraction. All of these are whole numbers that f32 holds exactly.
fn luma(graph: &mut Graph, x: &str) -> String {
    let path = "preprocess/luma";
    let weights = graph.floats(&format!("{path}/weights"), &[1, 3, 1, 1], &[299.0, 587.0, 114.0]);
    let half = graph.floats(&format!("{path}/half"), &[1], &[500.0]);
    let thousand = graph.number(1000.0);
    let windows = vec![ints("kernel_shape", &[1, 1]), ints("strides", &[1, 1])];
    let sum = graph.node("Conv", path, &[x, &weights, &half], windows);
    let luma = graph.op("Div", path, &[&sum, &thousand]);
    graph.op("Floor", path, &[&luma])
}

/// Pictures of any size as the network's square: each row, then each column, is a product with a matrix
/// of weights, and bytes are rounded in between and at the end.
///
/// ONNX has `Resize` for this, but OpenVINO and TensorRT pass over its `antialias`, so the same file
/// would give other answers there; and it has no other filters than the linear and the cubic.
fn square(graph: &mut Graph, preprocess: &Preprocess, x: &str) -> String {
    let [rows, columns] = matrices(graph, preprocess, PICTURES);
    let path = "preprocess/resize";
    let order = vec![ints("perm", &[1, 0])];
    let right = graph.node("Transpose", path, &[&columns.weights], order);
    let x = graph.op("MatMul", path, &[x, &right]);
    let x = bytes(graph, path, &x);
    let x = graph.op("MatMul", path, &[&rows.weights, &x]);
    let x = bytes(graph, path, &x);
    bars(graph, preprocess, &x, [&rows, &columns])
}

/// Fills what is no part of the picture with the mean colour.
fn bars(graph: &mut Graph, preprocess: &Preprocess, x: &str, axes: [&Axis; 2]) -> String {
    let [Some(rows), Some(columns)] = axes.map(|axis| axis.inside.as_ref()) else {
        return x.to_string();
    };
    let path = "preprocess/bars";
    let colour: Vec<f32> = preprocess.mean_colour().into_iter().map(f32::from).collect();
    let colour = graph.floats(&format!("{path}/colour"), &[1, colour.len(), 1, 1], &colour);
    let order = vec![ints("perm", &[1, 0])];
    let columns = graph.node("Transpose", path, &[columns], order);
    let inside = graph.op("And", path, &[rows, &columns]);
    graph.op("Where", path, &[&inside, x, &colour])
}

/// The nearest bytes.
fn bytes(graph: &mut Graph, path: &str, x: &str) -> String {
    let [least, most] = [0.0, 255.0].map(|number| graph.number(number));
    let x = graph.op("Round", path, &[x]);
    graph.op("Clip", path, &[&x, &least, &most])
}

/// (value / 255 - mean) / std, as a factor and an addend like in `zoo predict`.
fn normalize(graph: &mut Graph, preprocess: &Preprocess, x: &str) -> String {
    let path = "preprocess/normalize";
    let figures = || preprocess.mean.iter().zip(&preprocess.std);
    let scale: Vec<f32> = figures().map(|(_, std)| 1.0 / (255.0 * std)).collect();
    let shift: Vec<f32> = figures().map(|(mean, std)| -mean / std).collect();
    let dims = [1, scale.len(), 1, 1];
    let scale = graph.floats(&format!("{path}/scale"), &dims, &scale);
    let shift = graph.floats(&format!("{path}/shift"), &dims, &shift);
    let x = graph.op("Mul", path, &[x, &scale]);
    graph.op("Add", path, &[&x, &shift])
}
