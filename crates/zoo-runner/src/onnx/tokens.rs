//! Layers of tokens, `[tokens, features]`.

use zoo_kernels::nn::LayerNorm;

use super::{
    graph::{float, int, ints},
    layers::{Given, Layers, Value, values},
};

impl Layers {
    /// Layer normalisation of the last axis.
    pub fn layer_norm(&mut self, path: &str, layer: &LayerNorm, epsilon: f64, x: &Value) -> Given {
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

    /// The tokens from one to before another.
    pub fn tokens(&mut self, path: &str, [from, to]: [usize; 2], x: &Value) -> Value {
        if [from, to] == [0, x.shape[0]] {
            return x.clone();
        }
        let mut number = |name: &str, value: usize| {
            self.graph.integers(&format!("{path}/{name}"), &[value as i64])
        };
        let (start, end, axis) = (number("start", from), number("end", to), number("axis", 1));
        let inputs = [x.name.as_str(), &start, &end, &axis];
        self.node("Slice", path, &inputs, Vec::new(), &[to - from, x.shape[1]])
    }

    /// The mean of the tokens. `ReduceMean` has its axes as an attribute before opset 18 and as an
    /// input from then on; this pooling is the same in all of them.
    pub fn mean_token(&mut self, path: &str, x: &Value) -> Value {
        let [count, features] = [x.shape[0], x.shape[1]];
        let order = vec![ints("perm", &[0, 2, 1])];
        let rows = self.node("Transpose", path, &[&x.name], order, &[features, count]);
        self.global_pool("GlobalAveragePool", path, &rows)
    }

    /// `a`, and behind it `b`, along the first axis of an image's part.
    pub fn join(&mut self, path: &str, a: &Value, b: &Value) -> Value {
        let mut shape = a.shape.clone();
        shape[0] += b.shape[0];
        self.node("Concat", path, &[&a.name, &b.name], vec![int("axis", 1)], &shape)
    }
}
