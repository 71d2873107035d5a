//! Layers of images, `[channels, height, width]`.

use burn::{nn::PaddingConfig2d, tensor::Tensor};
use zoo_kernels::nn::{BatchNorm, Conv2d};

use super::{
    graph::{float, int, ints},
    layers::{Given, Layers, Value, values},
};

impl Layers {
    /// A convolution.
    pub fn conv2d(&mut self, path: &str, layer: &Conv2d, x: &Value) -> Given {
        let bias = layer.bias.as_ref().map(values);
        self.convolution(path, layer, &values(&layer.weight), bias.as_deref(), x)
    }

    /// A convolution, and the normalisation that follows it, if one does.
    pub fn conv2d_norm(
        &mut self,
        [conv_path, norm_path]: [&str; 2],
        conv: &Conv2d,
        norm: Option<&BatchNorm>,
        x: &Value,
    ) -> Given {
        let Some(norm) = norm else {
            return self.conv2d(conv_path, conv, x);
        };
        if !self.fold {
            let x = self.conv2d(conv_path, conv, x)?;
            return self.batch_norm(norm_path, norm, &x);
        }
        let Statistics { gamma, beta, mean, variance } = Statistics::of(norm);
        let scales: Vec<f64> = gamma
            .iter()
            .zip(&variance)
            .map(|(&gamma, &variance)| {
                f64::from(gamma) / (f64::from(variance) + norm.epsilon).sqrt()
            })
            .collect();
        let mut weights = values(&conv.weight);
        let kernel = weights.len() / scales.len();
        for (weights, scale) in weights.chunks_mut(kernel).zip(&scales) {
            weights.iter_mut().for_each(|weight| *weight = (f64::from(*weight) * scale) as f32);
        }
        let bias = conv.bias.as_ref().map_or_else(|| vec![0.0; scales.len()], values);
        let bias: Vec<f32> = (0..scales.len())
            .map(|channel| {
                let centred = f64::from(bias[channel]) - f64::from(mean[channel]);
                (centred * scales[channel] + f64::from(beta[channel])) as f32
            })
            .collect();
        self.folded += 1;
        self.placed.extend(Statistics::NAMES.map(|name| format!("{norm_path}.{name}")));
        self.convolution(conv_path, conv, &weights, Some(&bias), x)
    }

    fn convolution(
        &mut self,
        path: &str,
        layer: &Conv2d,
        weights: &[f32],
        bias: Option<&[f32]>,
        x: &Value,
    ) -> Given {
        let dims = layer.weight.dims();
        let mut inputs =
            vec![x.name.clone(), self.parameter(&format!("{path}.weight"), weights, &dims)?];
        if let Some(bias) = bias {
            inputs.push(self.parameter(&format!("{path}.bias"), bias, &[bias.len()])?);
        }
        let [top, left, bottom, right] = match layer.padding {
            PaddingConfig2d::Valid => [0; 4],
            PaddingConfig2d::Explicit(top, left, bottom, right) => [top, left, bottom, right],
            PaddingConfig2d::Same => {
                return Err(format!("`{path}` pads to the same size, which is not exported"));
            }
        };
        let size = |axis: usize, padding: usize| {
            let reach = layer.dilation[axis] * (layer.kernel_size[axis] - 1) + 1;
            (x.shape[1 + axis] + padding - reach) / layer.stride[axis] + 1
        };
        let shape = [dims[0], size(0, top + bottom), size(1, left + right)];
        let attributes = vec![
            ints("kernel_shape", &layer.kernel_size.map(|extent| extent as i64)),
            ints("strides", &layer.stride.map(|extent| extent as i64)),
            ints("dilations", &layer.dilation.map(|extent| extent as i64)),
            ints("pads", &[top, left, bottom, right].map(|extent| extent as i64)),
            int("group", layer.groups as i64),
        ];
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        Ok(self.node("Conv", path, &inputs, attributes, &shape))
    }

    /// Batch normalisation by the running statistics.
    pub fn batch_norm(&mut self, path: &str, layer: &BatchNorm, x: &Value) -> Given {
        let Statistics { gamma, beta, mean, variance } = Statistics::of(layer);
        let mut inputs = vec![x.name.clone()];
        for (name, values) in Statistics::NAMES.iter().zip([gamma, beta, mean, variance]) {
            inputs.push(self.parameter(&format!("{path}.{name}"), &values, &[values.len()])?);
        }
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let attributes = vec![float("epsilon", layer.epsilon)];
        Ok(self.node("BatchNormalization", path, &inputs, attributes, &x.shape))
    }

    /// The largest of each window, or with `AveragePool` the mean: windows that do not reach over the
    /// edge.
    pub fn pool(&mut self, op: &str, path: &str, size: usize, stride: usize, x: &Value) -> Value {
        self.padded_pool(op, path, [size, stride], [0; 4], x)
    }

    /// The same with pixels that count for nothing above, left of, below and right of the image.
    pub fn padded_pool(
        &mut self,
        op: &str,
        path: &str,
        [size, stride]: [usize; 2],
        pads: [usize; 4],
        x: &Value,
    ) -> Value {
        let side =
            |axis: usize| (x.shape[axis] + pads[axis - 1] + pads[axis + 1] - size) / stride + 1;
        let shape = [x.shape[0], side(1), side(2)];
        let mut attributes =
            vec![ints("kernel_shape", &[size as i64; 2]), ints("strides", &[stride as i64; 2])];
        if pads != [0; 4] {
            attributes.push(ints("pads", &pads.map(|pixels| pixels as i64)));
        }
        self.node(op, path, &[&x.name], attributes, &shape)
    }

    /// Every `step`th pixel of every `step`th row.
    pub fn every(&mut self, path: &str, step: usize, x: &Value) -> Value {
        if step == 1 {
            return x.clone();
        }
        let mut pair = |name: &str, values: [usize; 2]| {
            self.graph.integers(&format!("{path}/{name}"), &values.map(|value| value as i64))
        };
        let [height, width] = [x.shape[1], x.shape[2]];
        let starts = pair("starts", [0, 0]);
        let ends = pair("ends", [height, width]);
        let axes = pair("axes", [2, 3]);
        let steps = pair("steps", [step, step]);
        let inputs = [x.name.as_str(), &starts, &ends, &axes, &steps];
        let shape = [x.shape[0], height.div_ceil(step), width.div_ceil(step)];
        self.node("Slice", path, &inputs, Vec::new(), &shape)
    }

    /// With so many channels of zeros before those that are there, and behind them.
    pub fn pad_channels(&mut self, path: &str, added: usize, x: &Value) -> Value {
        if added == 0 {
            return x.clone();
        }
        let added = added as i64;
        let pads = self.graph.integers(&format!("{path}/pads"), &[0, added, 0, 0, 0, added, 0, 0]);
        let shape = [x.shape[0] + 2 * added as usize, x.shape[1], x.shape[2]];
        self.node("Pad", path, &[&x.name, &pads], Vec::new(), &shape)
    }

    /// The largest of each channel, or with `GlobalAveragePool` the mean, as features.
    pub fn global_pool(&mut self, op: &str, path: &str, x: &Value) -> Value {
        let channels = x.shape[0];
        let pooled = self.node(op, path, &[&x.name], Vec::new(), &[channels, 1, 1]);
        self.flatten(path, &pooled)
    }
}

/// What batch normalisation computes with.
struct Statistics {
    gamma: Vec<f32>,
    beta: Vec<f32>,
    mean: Vec<f32>,
    variance: Vec<f32>,
}

impl Statistics {
    /// Their names below the layer's path, in the order in which ONNX wants them.
    const NAMES: [&str; 4] = ["gamma", "beta", "running_mean", "running_var"];

    fn of(layer: &BatchNorm) -> Self {
        let host = |tensor: Tensor<1>| tensor.into_data().iter::<f32>().collect();
        Self {
            gamma: values(&layer.gamma),
            beta: values(&layer.beta),
            mean: host(layer.running_mean.value_sync()),
            variance: host(layer.running_var.value_sync()),
        }
    }
}
