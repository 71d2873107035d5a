use burn::module::{Module, Param};
use burn::nn::{Dropout, DropoutConfig};
use burn::tensor::{Device, Tensor, assert_shape};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zoo_kernels::nn::{Conv2d, Conv2dConfig, LayerNorm, Linear, Tap};

use crate::initialization::{linear, truncated_normal};
use crate::position::sin_cos;
use crate::{Block, Position, VitConfig};

/// What the head reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pooling {
    /// A separate learned token before the patches, as in the paper.
    ClassToken,
    /// The mean of the patches' tokens. There is then no class token and no position for one: 2
    /// `embed_dim` parameters fewer, or 1 `embed_dim` with sin-cos positions.
    Mean,
}

/// A Vision Transformer. Made by [`VitConfig::init`].
///
/// The names of the fields are the paths of the weights in a file.
#[derive(Module, Debug)]
pub struct Vit {
    /// Turns each patch into a token.
    pub patch_embedding: Conv2d,
    /// The token that the head looks at, `[1, 1, embed_dim]`; none with mean pooling.
    pub class_token: Option<Param<Tensor<3>>>,
    /// The learned places, `[1, tokens, embed_dim]`, that of the class token first; none with
    /// sin-cos positions.
    pub position_embedding: Option<Param<Tensor<3>>>,
    /// Places that are computed instead. Not a parameter, so neither trained nor saved.
    sin_cos: Option<Tensor<3>>,
    dropout: Dropout,
    /// The encoder.
    pub blocks: Vec<Block>,
    /// The normalisation after the last block.
    pub norm: LayerNorm,
    /// The layer that gives a score for each class.
    pub head: Linear,
    channels: usize,
    image_size: usize,
}

impl VitConfig {
    /// A network with fresh weights on `device`.
    ///
    /// Linear layers, the class token and learned positions come from a normal distribution of
    /// `weight_deviation` cut at two deviations, biases are 0; the patch embedding is drawn as PyTorch draws convolutions,
    /// uniform within 1/√(inputs of a neuron), which is how timm leaves it.
    ///
    /// # Panics
    /// If [`check`](Self::check) fails.
    pub fn init(&self, device: &Device) -> Vit {
        if let Err(error) = self.check() {
            panic!("{error}");
        }
        let (tokens, embed_dim, patch) = (self.num_tokens(), self.embed_dim, self.patch_size);
        let class_token = (self.pooling == Pooling::ClassToken)
            .then(|| truncated_normal([1, 1, embed_dim], self.weight_deviation, device));
        let class_tokens = usize::from(class_token.is_some());
        let (position_embedding, sin_cos) = match self.position {
            Position::Learned => (
                Some(truncated_normal([1, tokens, embed_dim], self.weight_deviation, device)),
                None,
            ),
            Position::SinCos => (None, Some(sin_cos(self.grid(), class_tokens, embed_dim, device))),
        };
        Vit {
            patch_embedding: Conv2dConfig::new([self.channels, embed_dim], [patch, patch])
                .with_stride([patch, patch])
                .init(device),
            class_token,
            position_embedding,
            sin_cos,
            dropout: DropoutConfig::new(self.dropout).init(),
            blocks: (0..self.depth)
                .map(|index| self.init_block(self.drop_path_of(index), device))
                .collect(),
            norm: self.init_norm(device),
            head: linear(embed_dim, self.num_classes, self.weight_deviation, device),
            channels: self.channels,
            image_size: self.image_size,
        }
    }

    /// Rises linearly from 0 in the first block.
    fn drop_path_of(&self, index: usize) -> f64 {
        match self.depth {
            1 => 0.0,
            depth => self.drop_path * index as f64 / (depth - 1) as f64,
        }
    }
}

impl Vit {
    /// Class scores for a batch of images.
    ///
    /// # Shapes
    /// - images: `[batch, channels, image_size, image_size]`
    /// - returns: `[batch, num_classes]`
    ///
    /// # Panics
    /// If the images have another shape.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.forward_tapped(images, &mut ())
    }

    /// [`forward`](Self::forward) with a look at the places, the first tokens, what each block makes
    /// of them and how it divides its attention, at the token that the head sees, and at the head.
    pub fn forward_tapped(&self, images: Tensor<4>, tap: &mut impl Tap) -> Tensor<2> {
        let mut tokens = self.embed_tapped(images, tap);
        for (index, block) in self.blocks.iter().enumerate() {
            let path = format_args!("blocks.{index}");
            tokens = block.forward_tapped(tokens, path, tap);
            tokens = tap.layer(path, tokens);
        }
        self.classify_tapped(tokens, tap)
    }

    /// The tokens that the first block sees.
    ///
    /// # Shapes
    /// - images: `[batch, channels, image_size, image_size]`
    /// - returns: `[batch, tokens, embed_dim]`: the class token if there is one, then the patches
    ///   row by row
    ///
    /// # Panics
    /// If the images have another shape.
    pub fn embed(&self, images: Tensor<4>) -> Tensor<3> {
        self.embed_tapped(images, &mut ())
    }

    fn embed_tapped(&self, images: Tensor<4>, tap: &mut impl Tap) -> Tensor<3> {
        assert_shape!(images, [_, self.channels, self.image_size, self.image_size]);
        let patches: Tensor<3> = self.patch_embedding.forward(images).flatten(2, 3);
        let mut tokens = patches.swap_dims(1, 2);
        if let Some(class_token) = &self.class_token {
            let [batch, _, embed_dim] = tokens.dims();
            let class_token = class_token.val().expand([batch, 1, embed_dim]);
            tokens = Tensor::cat(vec![class_token, tokens], 1);
        }
        if let Some(places) = self.places() {
            tokens = tokens + tap.layer("position_embedding", places);
        }
        tap.layer("patch_embedding", self.dropout.forward(tokens))
    }

    /// The layers from the images to the head, each by the paths of its modules and parameters: the
    /// embeddings, each block, the last normalisation with the head.
    pub fn layers(&self) -> Vec<Vec<String>> {
        let embeddings = ["patch_embedding", "class_token", "position_embedding"];
        let mut layers = vec![embeddings.map(String::from).to_vec()];
        layers.extend((0..self.blocks.len()).map(|index| vec![format!("blocks.{index}")]));
        layers.push(["norm", "head"].map(String::from).to_vec());
        layers
    }

    /// The layer whose features Grad-CAM weighs: the last at which the head still listens to all
    /// patches, before the last attention.
    pub fn cam_layer(&self) -> String {
        format!("blocks.{}.norm1", self.blocks.len() - 1)
    }

    /// What is added to the tokens for their positions, learned or computed: `[1, tokens,
    /// embed_dim]`, that of the class token first.
    pub fn places(&self) -> Option<Tensor<3>> {
        let learned = self.position_embedding.as_ref().map(Param::val);
        learned.or_else(|| self.sin_cos.clone())
    }

    /// The convolution that sees the pixels: its kernels are as large as its step, a patch.
    pub fn first_convolution(&self) -> &Conv2d {
        &self.patch_embedding
    }

    /// Class scores from the last block's tokens.
    ///
    /// # Shapes
    /// - tokens: `[batch, tokens, embed_dim]`
    /// - returns: `[batch, num_classes]`
    pub fn classify(&self, tokens: Tensor<3>) -> Tensor<2> {
        self.classify_tapped(tokens, &mut ())
    }

    fn classify_tapped(&self, tokens: Tensor<3>, tap: &mut impl Tap) -> Tensor<2> {
        let pooled = match self.class_token {
            // Normalisation is by token, so the other tokens need none.
            Some(_) => self.norm.forward(tokens.narrow(1, 0, 1)),
            None => self.norm.forward(tokens).mean_dim(1),
        };
        let pooled = tap.layer("norm", pooled.flatten(1, 2));
        tap.layer("head", self.head.forward(pooled))
    }
}
