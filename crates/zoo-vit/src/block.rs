use std::fmt::Display;

use burn::{
    module::Module,
    nn::{Dropout, DropoutConfig},
    tensor::{Device, Tensor},
};
use zoo_kernels::nn::{
    LayerNorm, LayerNormConfig, Linear, Tap, add, fork, mlp, self_attention, softmax,
};

use crate::{Activation, DropPath, LayerScale, VitConfig, initialization::linear};

/// An encoder block: attention among the tokens, then an MLP for each, both added to what came in.
#[derive(Module, Debug)]
pub struct Block {
    /// The normalisation before the attention.
    pub norm1: LayerNorm,
    /// The first half.
    pub attention: Attention,
    /// Scales what the attention adds, if the config has `layer_scale`.
    pub layer_scale1: Option<LayerScale>,
    /// The normalisation before the MLP.
    pub norm2: LayerNorm,
    /// The second half.
    pub mlp: Mlp,
    /// Scales what the MLP adds, if the config has `layer_scale`.
    pub layer_scale2: Option<LayerScale>,
    /// Skips a half for some images, in training.
    pub drop_path: DropPath,
}

/// Self-attention with several heads.
#[derive(Module, Debug)]
pub struct Attention {
    /// Queries, keys and values by one layer: its output holds all queries, then all keys, then all
    /// values, and in each the heads one after the other.
    pub qkv: Linear,
    /// Mixes what the heads found.
    pub proj: Linear,
    dropout: Dropout,
    num_heads: usize,
}

/// Two linear layers with an activation between them.
#[derive(Module, Debug)]
pub struct Mlp {
    /// Widens.
    pub fc1: Linear,
    /// Narrows.
    pub fc2: Linear,
    dropout: Dropout,
    #[module(skip)]
    activation: Activation,
}

impl VitConfig {
    pub(crate) fn init_block(&self, drop_path: f64, device: &Device) -> Block {
        let dropout = || DropoutConfig::new(self.dropout).init();
        let layer_scale =
            || self.layer_scale.map(|value| LayerScale::new(self.embed_dim, value, device));
        let activation = self.activation.unwrap_or_default();
        let hidden = activation.inputs() * self.mlp_dim;
        Block {
            norm1: self.init_norm(device),
            attention: Attention {
                qkv: linear(self.embed_dim, 3 * self.embed_dim, self.weight_deviation, device),
                proj: linear(self.embed_dim, self.embed_dim, self.weight_deviation, device),
                dropout: dropout(),
                num_heads: self.num_heads,
            },
            layer_scale1: layer_scale(),
            norm2: self.init_norm(device),
            mlp: Mlp {
                fc1: linear(self.embed_dim, hidden, self.weight_deviation, device),
                fc2: linear(self.mlp_dim, self.embed_dim, self.weight_deviation, device),
                dropout: dropout(),
                activation,
            },
            layer_scale2: layer_scale(),
            drop_path: DropPath::new(drop_path),
        }
    }

    pub(crate) fn init_norm(&self, device: &Device) -> LayerNorm {
        LayerNormConfig::new(self.embed_dim).with_epsilon(self.layer_norm_epsilon).init(device)
    }
}

impl Block {
    /// One step of the encoder.
    ///
    /// # Shapes
    /// - tokens: `[batch, tokens, embed_dim]`
    /// - returns: the same
    pub fn forward(&self, tokens: Tensor<3>) -> Tensor<3> {
        self.forward_tapped(tokens, "", &mut ())
    }

    /// [`forward`](Self::forward) with a look at `norm1` and at the weights of `attention`, under
    /// the block's `path`.
    pub(crate) fn forward_tapped(
        &self,
        tokens: Tensor<3>,
        path: impl Display,
        tap: &mut impl Tap,
    ) -> Tensor<3> {
        let normalized =
            tap.layer(format_args!("{path}.norm1"), self.norm1.forward(tokens.clone()));
        tap.attention(format_args!("{path}.attention"), || {
            self.attention.weights(normalized.clone())
        });
        let branch = self.drop_path.forward(self.attention.forward(normalized));
        let [tokens, around] = fork(joined(tokens, branch, &self.layer_scale1));
        let branch = self.drop_path.forward(self.mlp.forward(self.norm2.forward(tokens)));
        joined(around, branch, &self.layer_scale2)
    }
}

fn joined(around: Tensor<3>, branch: Tensor<3>, layer_scale: &Option<LayerScale>) -> Tensor<3> {
    match layer_scale {
        Some(layer_scale) => layer_scale.add(around, branch),
        None => add(around, branch),
    }
}

impl Attention {
    /// What each token takes from the others.
    ///
    /// # Shapes
    /// - tokens: `[batch, tokens, embed_dim]`, normalised
    /// - returns: the same
    pub fn forward(&self, tokens: Tensor<3>) -> Tensor<3> {
        let joined = self_attention(self.qkv.forward(tokens), self.num_heads);
        self.dropout.forward(self.proj.forward(joined))
    }

    /// How much each token looks at each other one, for attention maps and rollout.
    ///
    /// # Shapes
    /// - tokens: `[batch, tokens, embed_dim]`, normalised
    /// - returns: `[batch, heads, looking tokens, tokens looked at]`; the last axis adds up to 1
    pub fn weights(&self, tokens: Tensor<3>) -> Tensor<4> {
        let [batch, length, embed_dim] = tokens.dims();
        let (heads, width) = (self.num_heads, embed_dim / self.num_heads);
        let qkv = self.qkv.forward(tokens).reshape([batch, length, 3, heads, width]);
        let qkv: Tensor<5> = qkv.permute([2, 0, 3, 1, 4]);
        let [queries, keys] = [0, 1]
            .map(|part| qkv.clone().narrow(0, part, 1).reshape([batch, heads, length, width]));
        softmax(queries.matmul(keys.transpose()) / (width as f64).sqrt(), 3)
    }
}

impl Mlp {
    /// Works on each token alone.
    ///
    /// # Shapes
    /// - tokens: `[batch, tokens, embed_dim]`, normalised
    /// - returns: the same
    pub fn forward(&self, tokens: Tensor<3>) -> Tensor<3> {
        let is_tracked =
            tokens.device().is_autodiff() || self.fc1.weight.val().device().is_autodiff();
        if self.activation == Activation::Gelu && !is_tracked {
            return mlp(&self.fc1, &self.fc2, tokens);
        }
        let hidden = self.activation.forward(self.fc1.forward(tokens));
        let hidden = self.dropout.forward(hidden);
        self.dropout.forward(self.fc2.forward(hidden))
    }
}
