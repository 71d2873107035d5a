//! The graph of `zoo-alexnet`.

use zoo_alexnet::{AlexNet, AlexNetConfig};
use zoo_kernels::nn::Conv2d;

use super::{
    graph::{float, int},
    layers::{Given, Layers, Value},
};

/// Class scores of `images`, `[channels, image_size, image_size]`.
pub fn logits(layers: &mut Layers, model: &AlexNet, config: AlexNetConfig, images: Value) -> Given {
    // Every setting is named: one that is new must be dealt with here.
    let AlexNetConfig {
        preset: _,
        num_classes: _,
        channels: _,
        image_size: _,
        widths: _,
        conv1_kernel: _,
        conv1_stride: _,
        conv1_padding: _,
        conv2_kernel: _,
        groups: _,
        local_response_norm,
        overlapping_pooling,
        feature_size,
        hidden: _,
        dropout: _,
        dropout_after_hidden: _,
        initialization: _,
    } = config;
    let window = if overlapping_pooling { 3 } else { 2 };
    let features = &model.features;
    let mut x = images;
    for (number, conv) in [(1, &features.conv1), (2, &features.conv2)] {
        x = convolution(layers, number, conv, &x)?;
        if local_response_norm {
            x = response_norm(layers, &format!("features.norm{number}"), &x);
        }
        x = layers.pool("MaxPool", &format!("features.pool{number}"), window, 2, &x);
    }
    for (number, conv) in [(3, &features.conv3), (4, &features.conv4), (5, &features.conv5)] {
        x = convolution(layers, number, conv, &x)?;
    }
    x = layers.pool("MaxPool", "classifier.pool", window, 2, &x);
    x = adaptive_average(layers, "classifier.average", feature_size, &x);
    x = layers.flatten("classifier.average", &x);
    let classifier = &model.classifier;
    for (path, layer) in [("classifier.fc6", &classifier.fc6), ("classifier.fc7", &classifier.fc7)]
    {
        x = layers.linear(path, layer, &x)?;
        x = layers.map("Relu", path, &x);
    }
    layers.linear("classifier.head", &classifier.head, &x)
}

fn convolution(layers: &mut Layers, number: usize, conv: &Conv2d, x: &Value) -> Given {
    let path = format!("features.conv{number}");
    let x = layers.conv2d(&path, conv, x)?;
    Ok(layers.map("Relu", &path, &x))
}

/// The paper's constants; ONNX divides alpha by the size, as the layer does.
fn response_norm(layers: &mut Layers, path: &str, x: &Value) -> Value {
    let attributes =
        vec![int("size", 5), float("alpha", 5e-4), float("beta", 0.75), float("bias", 2.0)];
    layers.node("LRN", path, &[&x.name], attributes, &x.shape)
}

/// The mean of `size` parts of each axis, which overlap where they do not come out even. ONNX has no
/// such operator, but a mean of pixels is a product with a matrix.
fn adaptive_average(layers: &mut Layers, path: &str, size: usize, x: &Value) -> Value {
    let [channels, height, width] = [x.shape[0], x.shape[1], x.shape[2]];
    if [height, width] == [size, size] {
        return x.clone();
    }
    let rows = layers.graph.floats(&format!("{path}/rows"), &[size, height], &means(size, height));
    let columns = transposed(&means(size, width), size);
    let columns = layers.graph.floats(&format!("{path}/columns"), &[width, size], &columns);
    let shape = [channels, size, width];
    let x = layers.node("MatMul", path, &[&rows, &x.name], Vec::new(), &shape);
    layers.node("MatMul", path, &[&x.name, &columns], Vec::new(), &[channels, size, size])
}

/// The matrix `[size, length]` that takes the means, row by row.
fn means(size: usize, length: usize) -> Vec<f32> {
    let mut matrix = vec![0.0; size * length];
    for (part, row) in matrix.chunks_mut(length).enumerate() {
        let (start, end) = (part * length / size, ((part + 1) * length).div_ceil(size));
        row[start..end].fill(1.0 / (end - start) as f32);
    }
    matrix
}

fn transposed(matrix: &[f32], rows: usize) -> Vec<f32> {
    let columns = matrix.len() / rows;
    let column = |column: usize| (0..rows).map(move |row| matrix[row * columns + column]);
    (0..columns).flat_map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_do_not_come_out_even_overlap() {
        let third = 1.0 / 3.0;
        let expected = [third, third, third, 0.0, 0.0, 0.0, 0.0, third, third, third];
        assert_eq!(means(2, 5), expected);
        assert_eq!(means(3, 2), [1.0, 0.0, 0.5, 0.5, 0.0, 1.0]);
        assert_eq!(transposed(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    }
}
