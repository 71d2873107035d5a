//! One number of the first layer, worked out.

use burn::{nn::PaddingConfig2d, tensor::Tensor};
use zoo_kernels::nn::Conv2d;

use super::Method;
use crate::explain::{
    Figure, Maps, Subject,
    figure::{Numbers, Table, TableRow},
    picture::map,
};

pub(super) static METHOD: Method = Method {
    name: "convolution",
    title: "A convolution, step by step",
    about: "To measure how well a filter fits at a location, each number of the picture is \
            multiplied by the weight over it, and all products are added up. A large sum says: here \
            it is. The same weights are used at every location, so a pattern is found wherever it \
            is.",
    figures: |subject| Ok(figures(subject)),
    ..Method::PLAIN
};

/// What a filter sees at one place.
struct Window {
    filter: usize,
    /// Row and column in the layer's output.
    place: [usize; 2],
    /// For each channel: the values under the filter, zeros outside the image, and the weights.
    inputs: Vec<Vec<Vec<f32>>>,
    weights: Vec<Vec<Vec<f32>>>,
    bias: f32,
    /// What the network has computed.
    output: f32,
}

fn figures(subject: &Subject) -> Vec<Figure> {
    let (window, response) = strongest(subject);
    let names: &[&str] =
        if window.inputs.len() == 1 { &["grey"] } else { &["red", "green", "blue"] };
    let flat = |grids: &[Vec<Vec<f32>>]| -> f32 {
        grids.iter().flatten().flatten().fold(0.0, |largest, value| largest.max(value.abs()))
    };
    let (input, weight) = (flat(&window.inputs), flat(&window.weights));
    let mut figures = Vec::new();
    let mut rows = Vec::new();
    let mut total = window.bias;
    for ((name, inputs), weights) in names.iter().zip(&window.inputs).zip(&window.weights) {
        figures.push(Figure::Numbers(Numbers::signed(
            format!("the picture, {name}, normalised"),
            inputs,
            input,
        )));
        figures.push(Figure::Numbers(Numbers::signed(
            format!("the filter's weights for {name}"),
            weights,
            weight,
        )));
        let products = inputs.iter().flatten().zip(weights.iter().flatten());
        let sum: f32 = products.map(|(input, weight)| input * weight).sum();
        total += sum;
        rows.push(row(&format!("sum of the products of {name}"), sum));
    }
    rows.push(row("the filter's bias", window.bias));
    rows.push(row("sum: how well the filter fits here", total));
    rows.push(row("the network's value there", window.output));
    figures.push(Figure::Table(Table {
        caption: String::from("added up"),
        head: vec!["part", "value"],
        rows,
    }));
    let caption = format!(
        "how well filter {} fits at each location; the best fit of all filters and locations is at \
         row {}, column {}",
        window.filter + 1,
        window.place[0] + 1,
        window.place[1] + 1
    );
    figures.push(Figure::picture("response", &map(&response, 0), caption));
    figures
}

fn row(name: &str, value: f32) -> TableRow {
    TableRow { name: name.to_string(), cells: vec![format!("{value:.3}")], share: None }
}

/// Where a filter of the first layer fits best, and how well that filter fits everywhere.
fn strongest(subject: &Subject) -> (Window, Maps) {
    let layer = subject.network.model.first_convolution();
    let output = layer.forward(subject.input.clone());
    let [_, filters, rows, columns] = output.dims();
    let values: Vec<f32> = host(output);
    let places = rows * columns;
    let (best, _) =
        values.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).expect("has places");
    let (filter, place) = (best / places, best % places);
    let [height, width] = layer.kernel_size;
    let weight = host(layer.weight.val());
    let weight = &weight[filter * weight.len() / filters..];
    let input = host(subject.input.clone());
    let (side, channels) = (subject.side(), subject.image.channels());
    let [top, left] = [place / columns * layer.stride[0], place % columns * layer.stride[1]];
    let padding = padding(layer);
    let at = |channel: usize, row: usize, column: usize| {
        let [y, x] = [(top + row, padding[0]), (left + column, padding[1])]
            .map(|(place, zeros)| place.checked_sub(zeros));
        match (y.filter(|&y| y < side), x.filter(|&x| x < side)) {
            (Some(y), Some(x)) => input[(channel * side + y) * side + x],
            _ => 0.0,
        }
    };
    let grids = |value: &dyn Fn(usize, usize, usize) -> f32| -> Vec<Vec<Vec<f32>>> {
        let grid = |channel| {
            let row = |row| (0..width).map(|column| value(channel, row, column)).collect();
            (0..height).map(row).collect()
        };
        (0..channels).map(grid).collect()
    };
    let window = Window {
        filter,
        place: [place / columns, place % columns],
        inputs: grids(&at),
        weights: grids(&|channel, row, column| weight[(channel * height + row) * width + column]),
        bias: layer.bias.as_ref().map_or(0.0, |bias| host(bias.val())[filter]),
        output: values[filter * places + place],
    };
    let response = values[filter * places..][..places].to_vec();
    (window, Maps { channels: 1, size: [rows, columns], values: response })
}

/// Rows of zeros above the image and columns left of it; `Same` at a step of 1.
fn padding(layer: &Conv2d) -> [usize; 2] {
    match layer.padding {
        PaddingConfig2d::Valid => [0; 2],
        PaddingConfig2d::Same => layer.kernel_size.map(|length| (length - 1) / 2),
        PaddingConfig2d::Explicit(top, left, ..) => [top, left],
    }
}

fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::sample::{image, network, settings, ten_classes};

    /// What is worked out is what the network has computed, at borders and steps too.
    #[test]
    fn sums_are_those_of_the_network() {
        for (settings, channels) in settings() {
            let network = network(&settings, channels, ten_classes());
            let subject = Subject::new(&network, &image(), None).unwrap();
            let (window, response) = strongest(&subject);
            let flat = |grids: &[Vec<Vec<f32>>]| grids.concat().concat();
            let products = flat(&window.inputs).into_iter().zip(flat(&window.weights));
            let sum = products.map(|(input, weight)| input * weight).sum::<f32>() + window.bias;
            assert!((sum - window.output).abs() < 1e-4, "{settings}: {sum} {}", window.output);
            let largest = response.values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            assert_eq!(window.output, largest, "{settings}");
        }
    }
}
