//! Layers of tokens, `[tokens, features]`.

use zoo_kernels::nn::LayerNorm;

use super::{
    graph::{float, int, ints},
    layers::{Layers, Value, values},
};

impl Layers {
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
