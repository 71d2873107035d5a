//! The layers of `zoo-kernels` as nodes, so that a network's graph reads like its `forward`.
//!
//! Shapes are of one image: the batch, which comes before, is free.

use std::collections::BTreeSet;

use burn::{
    module::Param,
    tensor::{Tensor, f16},
};
use zoo_kernels::nn::Linear;

use super::{
    graph::{Graph, int, to},
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

/// What a layer gives, or why it cannot be said in a graph.
pub type Given = Result<Value, String>;

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

    /// A linear layer on the last axis.
    pub fn linear(&mut self, path: &str, layer: &Linear, x: &Value) -> Given {
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

    /// All that there is of an image in one row.
    pub fn flatten(&mut self, path: &str, x: &Value) -> Value {
        let features = x.shape.iter().product();
        self.node("Flatten", path, &[&x.name], vec![int("axis", 1)], &[features])
    }
}

/// The numbers of a parameter, the last axis fastest.
pub fn values<const D: usize>(parameter: &Param<Tensor<D>>) -> Vec<f32> {
    parameter.val().into_data().iter::<f32>().collect()
}
