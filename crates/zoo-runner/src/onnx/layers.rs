//! The layers of `zoo-kernels` as nodes, so that a network's graph reads like its `forward`.
//!
//! Shapes are of one image: the batch, which comes before, is free.

use std::collections::BTreeSet;

use burn::{
    module::Param,
    nn::PaddingConfig2d,
    tensor::{Tensor, f16},
};
use zoo_kernels::nn::{BatchNorm, Conv2d, LayerNorm, Linear};

use super::{
    graph::{Graph, float, int, ints, to},
    proto::DataType,
};

/// A value of the graph: its name, and its extents without the batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// The name.
    pub name: String,
    /// The extents of one image's part.
    pub shape: Vec<usize>,
}

/// Adds layers to a graph.
#[derive(Default)]
pub struct Layers {
    /// The graph so far.
    pub graph: Graph,
    /// Whether matrices and kernels are stored in half precision.
    pub half: bool,
    /// Whether batch normalisation goes into the convolution before it.
    pub fold: bool,
    /// How many normalisations have.
    pub folded: usize,
    /// The paths of the parameters that are in the graph.
    pub placed: BTreeSet<String>,
}

impl Layers {
    /// A node with one input, of which it keeps the shape.
    pub fn map(&mut self, op: &str, path: &str, x: &Value) -> Value {
        self.node(op, path, &[&x.name], Vec::new(), &x.shape)
    }

    /// A node with one output of this shape.
    pub fn node(
        &mut self,
        op: &str,
        path: &str,
        inputs: &[&str],
        attributes: Vec<super::proto::Attribute>,
        shape: &[usize],
    ) -> Value {
        let name = self.graph.node(op, path, inputs, attributes);
        Value { name, shape: shape.to_vec() }
    }

    /// The sum of two values of one shape.
    pub fn add(&mut self, path: &str, a: &Value, b: &Value) -> Value {
        self.node("Add", path, &[&a.name, &b.name], Vec::new(), &a.shape)
    }

    /// Every number of `x` times `factor`.
    pub fn scale(&mut self, path: &str, x: &Value, factor: f64) -> Value {
        let factor = self.graph.number(factor as f32);
        self.node("Mul", path, &[&x.name, &factor], Vec::new(), &x.shape)
    }

    /// `x` with its numbers arranged otherwise.
    pub fn reshape(&mut self, path: &str, x: &Value, shape: &[usize]) -> Value {
        let extents: Vec<i64> =
            std::iter::once(-1).chain(shape.iter().map(|&extent| extent as i64)).collect();
        let extents = self.graph.integers(&format!("{path}/shape"), &extents);
        self.node("Reshape", path, &[&x.name, &extents], Vec::new(), shape)
    }

    /// A parameter as a constant, which is called by its path.
    ///
    /// # Errors
    ///
    /// If a number is not finite, or too large for half precision where that is asked for.
    pub fn parameter(
        &mut self,
        path: &str,
        values: &[f32],
        shape: &[usize],
    ) -> Result<String, String> {
        if let Some(value) = values.iter().find(|value| !value.is_finite()) {
            return Err(format!("`{path}` holds {value}, with which no network gives an answer"));
        }
        self.placed.insert(path.to_string());
        // Vectors weigh little and say much: scales, variances, biases.
        if !self.half || shape.len() < 2 {
            return Ok(self.graph.floats(path, shape, values));
        }
        let most = f32::from(f16::MAX);
        if let Some(value) = values.iter().find(|value| value.abs() > most) {
            return Err(format!(
                "`{path}` holds {value}: half precision ends at {most}; leave out --f16"
            ));
        }
        let bytes = values.iter().flat_map(|&value| f16::from_f32(value).to_le_bytes()).collect();
        let half = self.graph.constant(path, shape, DataType::Float16, bytes);
        Ok(self.graph.node("Cast", path, &[&half], vec![to(DataType::Float)]))
    }

    /// A convolution.
    pub fn conv2d(&mut self, path: &str, layer: &Conv2d, x: &Value) -> Result<Value, String> {
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
    ) -> Result<Value, String> {
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
    ) -> Result<Value, String> {
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
    pub fn batch_norm(
        &mut self,
        path: &str,
        layer: &BatchNorm,
        x: &Value,
    ) -> Result<Value, String> {
        let Statistics { gamma, beta, mean, variance } = Statistics::of(layer);
        let mut inputs = vec![x.name.clone()];
        for (name, values) in Statistics::NAMES.iter().zip([gamma, beta, mean, variance]) {
            inputs.push(self.parameter(&format!("{path}.{name}"), &values, &[values.len()])?);
        }
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let attributes = vec![float("epsilon", layer.epsilon)];
        Ok(self.node("BatchNormalization", path, &inputs, attributes, &x.shape))
    }

    /// A linear layer on the last axis.
    pub fn linear(&mut self, path: &str, layer: &Linear, x: &Value) -> Result<Value, String> {
        let dims = layer.weight.dims();
        let weight = self.parameter(&format!("{path}.weight"), &values(&layer.weight), &dims)?;
        let bias = match &layer.bias {
            Some(bias) => {
                Some(self.parameter(&format!("{path}.bias"), &values(bias), &[dims[1]])?)
            }
            None => None,
        };
        let mut shape = x.shape.clone();
        *shape.last_mut().expect("features") = dims[1];
        let product = |layers: &mut Self, op: &str, more: &[&str]| {
            let inputs = [&[&x.name, weight.as_str()], more].concat();
            layers.node(op, path, &inputs, Vec::new(), &shape)
        };
        Ok(match bias {
            Some(bias) if shape.len() == 1 => product(self, "Gemm", &[&bias]),
            Some(bias) => {
                let product = product(self, "MatMul", &[]);
                self.node("Add", path, &[&product.name, &bias], Vec::new(), &shape)
            }
            None => product(self, "MatMul", &[]),
        })
    }

    /// Layer normalisation of the last axis.
    pub fn layer_norm(
        &mut self,
        path: &str,
        layer: &LayerNorm,
        epsilon: f64,
        x: &Value,
    ) -> Result<Value, String> {
        let gamma = values(&layer.gamma);
        let mut inputs =
            vec![x.name.clone(), self.parameter(&format!("{path}.gamma"), &gamma, &[gamma.len()])?];
        if let Some(beta) = &layer.beta {
            inputs.push(self.parameter(&format!("{path}.beta"), &values(beta), &[gamma.len()])?);
        }
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let attributes = vec![int("axis", -1), float("epsilon", epsilon)];
        Ok(self.node("LayerNormalization", path, &inputs, attributes, &x.shape))
    }

    /// The largest of each window, or with `AveragePool` the mean: windows that do not reach over the
    /// edge.
    pub fn pool(&mut self, op: &str, path: &str, size: usize, stride: usize, x: &Value) -> Value {
        let side = |axis: usize| (x.shape[axis] - size) / stride + 1;
        let shape = [x.shape[0], side(1), side(2)];
        let attributes =
            vec![ints("kernel_shape", &[size as i64; 2]), ints("strides", &[stride as i64; 2])];
        self.node(op, path, &[&x.name], attributes, &shape)
    }

    /// The largest of each channel, or with `GlobalAveragePool` the mean, as features.
    pub fn global_pool(&mut self, op: &str, path: &str, x: &Value) -> Value {
        let channels = x.shape[0];
        let pooled = self.node(op, path, &[&x.name], Vec::new(), &[channels, 1, 1]);
        self.flatten(path, &pooled)
    }

    /// All that there is of an image in one row.
    pub fn flatten(&mut self, path: &str, x: &Value) -> Value {
        let features = x.shape.iter().product();
        self.node("Flatten", path, &[&x.name], vec![int("axis", 1)], &[features])
    }

    /// Attention of tokens to each other, from one layer's output for queries, keys and values
    /// together; see [`zoo_kernels::nn::self_attention`].
    pub fn self_attention(&mut self, path: &str, qkv: &Value, num_heads: usize) -> Value {
        let [tokens, features] = [qkv.shape[0], qkv.shape[1] / 3];
        let width = features / num_heads;
        let sizes = self.graph.integers(&format!("{path}/sizes"), &[features as i64; 3]);
        let attributes = vec![int("axis", -1)];
        let parts = self.graph.nodes("Split", path, &[&qkv.name, &sizes], attributes, 3);
        let mut heads = |part: usize, order: [i64; 4], shape: [usize; 3]| {
            let part = Value { name: parts[part].clone(), shape: vec![tokens, features] };
            let split = self.reshape(path, &part, &[tokens, num_heads, width]);
            let attributes = vec![ints("perm", &order)];
            self.node("Transpose", path, &[&split.name], attributes, &shape)
        };
        let query = heads(0, [0, 2, 1, 3], [num_heads, tokens, width]);
        let key = heads(1, [0, 2, 3, 1], [num_heads, width, tokens]);
        let value = heads(2, [0, 2, 1, 3], [num_heads, tokens, width]);
        let query = self.scale(path, &query, 1.0 / (width as f64).sqrt());
        let shape = [num_heads, tokens, tokens];
        let scores = self.node("MatMul", path, &[&query.name, &key.name], Vec::new(), &shape);
        let weights = self.node("Softmax", path, &[&scores.name], vec![int("axis", -1)], &shape);
        let inputs = [weights.name.as_str(), &value.name];
        let joined = self.node("MatMul", path, &inputs, Vec::new(), &value.shape);
        let order = vec![ints("perm", &[0, 2, 1, 3])];
        let shape = [tokens, num_heads, width];
        let joined = self.node("Transpose", path, &[&joined.name], order, &shape);
        self.reshape(path, &joined, &[tokens, features])
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

/// The numbers of a parameter, the last axis fastest.
pub fn values<const D: usize>(parameter: &Param<Tensor<D>>) -> Vec<f32> {
    parameter.val().into_data().iter::<f32>().collect()
}
