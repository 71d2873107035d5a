//! The functions between layers, by operators that every runtime has: `Gelu` came with opset 20.

use std::f64::consts::{FRAC_2_SQRT_PI, SQRT_2};

use super::{
    graph::{float, int},
    layers::{Layers, Value},
};

impl Layers {
    /// max(x, slope x).
    pub fn leaky_relu(&mut self, path: &str, slope: f64, x: &Value) -> Value {
        self.node("LeakyRelu", path, &[&x.name], vec![float("alpha", slope)], &x.shape)
    }

    /// x Φ(x), by the error function. ONNX Runtime makes one kernel of these nodes in this order.
    pub fn gelu(&mut self, path: &str, x: &Value) -> Value {
        let [root, one] = [SQRT_2, 1.0].map(|number| self.graph.number(number as f32));
        let scaled = self.node("Div", path, &[&x.name, &root], Vec::new(), &x.shape);
        let erf = self.map("Erf", path, &scaled);
        let sum = self.node("Add", path, &[&erf.name, &one], Vec::new(), &x.shape);
        let product = self.node("Mul", path, &[&x.name, &sum.name], Vec::new(), &x.shape);
        self.scale(path, &product, 0.5)
    }

    /// GELU by tanh, as [`zoo_kernels::nn::gelu_tanh`] has it: x σ(2 √(2/π) (x + 0.044715 x³)).
    pub fn gelu_tanh(&mut self, path: &str, x: &Value) -> Value {
        let one = self.graph.number(1.0);
        let square = self.node("Mul", path, &[&x.name, &x.name], Vec::new(), &x.shape);
        let square = self.scale(path, &square, 0.044_715);
        let sum = self.node("Add", path, &[&square.name, &one], Vec::new(), &x.shape);
        let cubic = self.node("Mul", path, &[&sum.name, &x.name], Vec::new(), &x.shape);
        let gate = self.scale(path, &cubic, SQRT_2 * FRAC_2_SQRT_PI);
        self.gated(path, x, &gate)
    }

    /// x σ(1.702 x).
    pub fn quick_gelu(&mut self, path: &str, x: &Value) -> Value {
        let gate = self.scale(path, x, 1.702);
        self.gated(path, x, &gate)
    }

    /// x σ(x).
    pub fn silu(&mut self, path: &str, x: &Value) -> Value {
        self.gated(path, x, x)
    }

    /// x σ(x) of the first half of the features, times the second.
    pub fn swiglu(&mut self, path: &str, x: &Value) -> Value {
        let mut shape = x.shape.clone();
        let last = shape.last_mut().expect("features");
        *last /= 2;
        let sizes = self.graph.integers(&format!("{path}/sizes"), &[*last as i64; 2]);
        let attributes = vec![int("axis", -1)];
        let parts = self.graph.nodes("Split", path, &[&x.name, &sizes], attributes, 2);
        let gate = Value { name: parts[0].clone(), shape: shape.clone() };
        let gate = self.silu(path, &gate);
        self.node("Mul", path, &[&gate.name, &parts[1]], Vec::new(), &shape)
    }

    /// x σ(gate).
    fn gated(&mut self, path: &str, x: &Value, gate: &Value) -> Value {
        let gate = self.map("Sigmoid", path, gate);
        self.node("Mul", path, &[&x.name, &gate.name], Vec::new(), &x.shape)
    }
}
