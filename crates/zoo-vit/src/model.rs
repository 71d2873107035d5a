use burn::{
    module::{Module, Param},
    nn::{Dropout, DropoutConfig},
    tensor::{Device, Tensor, assert_shape},
};
use zoo_kernels::nn::{Conv2d, Conv2dConfig, LayerNorm, Linear, Tap};

use crate::{
    Block, Pooling, Position, VitConfig,
    initialization::{linear, truncated_normal},
    position::sin_cos,
};

/// A Vision Transformer. Made by [`VitConfig::init`].
///
/// The names of the fields are the paths of the weights in a file.
#[derive(Module, Debug)]
pub struct Vit {
    /// Turns each patch into a token.
    pub patch_embedding: Conv2d,
    /// The token that the head looks at, `[1, 1, embed_dim]`; none with mean pooling.
    pub class_token: Option<Param<Tensor<3>>>,
    /// The token that has learned from another network, `[1, 1, embed_dim]`, if the pooling has it.
    pub distillation_token: Option<Param<Tensor<3>>>,
    /// The learned places, `[1, tokens, embed_dim]`, those of class tokens first, if they have one;
    /// none with sin-cos positions.
    pub position_embedding: Option<Param<Tensor<3>>>,
    /// Tokens that nothing reads at the end, `[1, registers, embed_dim]`, if there are any.
    pub register_tokens: Option<Param<Tensor<3>>>,
    /// The normalisation before the first block, if the config has it.
    pub pre_norm: Option<LayerNorm>,
    /// Places that are computed instead. Not a parameter, so neither trained nor saved.
    sin_cos: Option<Tensor<3>>,
    dropout: Dropout,
    /// The encoder.
    pub blocks: Vec<Block>,
    /// The normalisation after the last block.
    pub norm: LayerNorm,
    /// Makes the head's features of those that were pooled, if the config has it.
    pub projection: Option<Linear>,
    /// The layer that gives a score for each class; none without classes.
    pub head: Option<Linear>,
    #[module(skip)]
    pooling: Pooling,
    class_position: bool,
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
        let (embed_dim, patch, deviation) =
            (self.embed_dim, self.patch_size, self.weight_deviation);
        let token = |count: usize| {
            (count > 0).then(|| truncated_normal([1, count, embed_dim], deviation, device))
        };
        let class_tokens = self.pooling.class_tokens();
        let placed = self.placed_class_tokens();
        let (position_embedding, sin_cos) = match self.position {
            Position::Learned => (token(placed + self.grid() * self.grid()), None),
            Position::SinCos => (None, Some(sin_cos(self.grid(), placed, embed_dim, device))),
        };
        Vit {
            patch_embedding: Conv2dConfig::new([self.channels, embed_dim], [patch, patch])
                .with_stride([patch, patch])
                .with_bias(!self.pre_norm)
                .init(device),
            class_token: token(class_tokens.min(1)),
            distillation_token: token(class_tokens.saturating_sub(1)),
            position_embedding,
            register_tokens: token(self.registers),
            pre_norm: self.pre_norm.then(|| self.init_norm(device)),
            sin_cos,
            dropout: DropoutConfig::new(self.dropout).init(),
            blocks: (0..self.depth)
                .map(|index| self.init_block(self.drop_path_of(index), device))
                .collect(),
            norm: self.init_norm(device),
            projection: self.projection.map(|width| Linear {
                weight: truncated_normal([self.pooled_dim(), width], deviation, device),
                bias: None,
            }),
            head: (self.num_classes > 0)
                .then(|| linear(self.num_features(), self.num_classes, deviation, device)),
            pooling: self.pooling,
            class_position: self.class_position,
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
    /// Class scores for a batch of images; features without a head.
    ///
    /// # Shapes
    /// - images: `[batch, channels, image_size, image_size]`
    /// - returns: `[batch, num_classes]`, or `[batch, num_features]` without a head
    ///
    /// # Panics
    /// If the images have another shape.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.forward_tapped(images, &mut ())
    }

    /// [`forward`](Self::forward) with a look at the places, the registers, the first tokens, what each
    /// block makes of them and how it divides its attention, at what the head sees, and at the head.
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
    /// - returns: `[batch, tokens, embed_dim]`: class tokens and registers as far as there are any,
    ///   then the patches row by row
    ///
    /// # Panics
    /// If the images have another shape.
    pub fn embed(&self, images: Tensor<4>) -> Tensor<3> {
        self.embed_tapped(images, &mut ())
    }

    fn embed_tapped(&self, images: Tensor<4>, tap: &mut impl Tap) -> Tensor<3> {
        assert_shape!(images, [_, self.channels, self.image_size, self.image_size]);
        let patches = self.patch_embedding.forward(images).permute([0, 2, 3, 1]);
        let mut tokens: Tensor<3> = patches.flatten(1, 2);
        let [batch, ..] = tokens.dims();
        let of_each_image = |token: &Param<Tensor<3>>| token.val().expand([batch as i32, -1, -1]);
        if !self.class_position {
            tokens = self.add_places(tokens, tap);
        }
        let class_tokens = [&self.class_token, &self.distillation_token];
        let mut parts: Vec<_> = class_tokens.into_iter().flatten().map(of_each_image).collect();
        let class_tokens = parts.len();
        if class_tokens > 0 {
            parts.push(tokens);
            tokens = Tensor::cat(parts, 1);
        }
        if self.class_position {
            tokens = self.add_places(tokens, tap);
        }
        if let Some(registers) = &self.register_tokens {
            let registers = tap.layer("register_tokens", of_each_image(registers));
            let all = tokens.dims()[1];
            let part = |from: usize, to: usize| {
                (from < to).then(|| tokens.clone().narrow(1, from, to - from))
            };
            let parts = [part(0, class_tokens), Some(registers), part(class_tokens, all)];
            tokens = Tensor::cat(parts.into_iter().flatten().collect(), 1);
        }
        let tokens = self.dropout.forward(tokens);
        let tokens = match &self.pre_norm {
            Some(norm) => norm.forward(tokens),
            None => tokens,
        };
        tap.layer("patch_embedding", tokens)
    }

    fn add_places(&self, tokens: Tensor<3>, tap: &mut impl Tap) -> Tensor<3> {
        match self.places() {
            Some(places) => tokens + tap.layer("position_embedding", places),
            None => tokens,
        }
    }

    /// The layers from the images to the head, each by the paths that its modules and parameters have
    /// or would have: the embeddings, each block, the last normalisation with the head.
    pub fn layers(&self) -> Vec<Vec<String>> {
        let embeddings = [
            "patch_embedding",
            "class_token",
            "distillation_token",
            "position_embedding",
            "register_tokens",
            "pre_norm",
        ];
        let mut layers = vec![embeddings.map(String::from).to_vec()];
        layers.extend((0..self.blocks.len()).map(|index| vec![format!("blocks.{index}")]));
        layers.push(["norm", "projection", "head"].map(String::from).to_vec());
        layers
    }

    /// The layer whose features Grad-CAM weighs: the last at which the head still listens to all
    /// patches, before the last attention.
    pub fn cam_layer(&self) -> String {
        format!("blocks.{}.norm1", self.blocks.len() - 1)
    }

    /// What is added to the tokens for their positions, learned or computed: `[1, tokens,
    /// embed_dim]`, those of class tokens first, if they have one.
    pub fn places(&self) -> Option<Tensor<3>> {
        let learned = self.position_embedding.as_ref().map(Param::val);
        learned.or_else(|| self.sin_cos.clone())
    }

    /// The convolution that sees the pixels: its kernels are as large as its step, a patch.
    pub fn first_convolution(&self) -> &Conv2d {
        &self.patch_embedding
    }

    /// Class scores from the last block's tokens; features without a head.
    ///
    /// # Shapes
    /// - tokens: `[batch, tokens, embed_dim]`
    /// - returns: `[batch, num_classes]`, or `[batch, num_features]` without a head
    pub fn classify(&self, tokens: Tensor<3>) -> Tensor<2> {
        self.classify_tapped(tokens, &mut ())
    }

    fn classify_tapped(&self, tokens: Tensor<3>, tap: &mut impl Tap) -> Tensor<2> {
        let mut features = tap.layer("norm", self.pool(tokens).flatten(1, 2));
        if let Some(projection) = &self.projection {
            features = tap.layer("projection", projection.forward(features));
        }
        match &self.head {
            Some(head) => tap.layer("head", head.forward(features)),
            None => features,
        }
    }

    /// What the head reads of the last block's tokens, normalised, `[batch, tokens read, embed_dim]`.
    fn pool(&self, tokens: Tensor<3>) -> Tensor<3> {
        // Normalisation is by token, so those that are not read need none.
        let part =
            |from: usize, count: usize| self.norm.forward(tokens.clone().narrow(1, from, count));
        let registers = self.register_tokens.as_ref().map_or(0, |tokens| tokens.dims()[1]);
        let first = self.pooling.class_tokens() + registers;
        let patches = || match first {
            0 => self.norm.forward(tokens.clone()),
            _ => part(first, tokens.dims()[1] - first),
        };
        match self.pooling {
            Pooling::ClassToken => part(0, 1),
            Pooling::Mean => patches().mean_dim(1),
            Pooling::ClassAndMean => Tensor::cat(vec![part(0, 1), patches().mean_dim(1)], 1),
            Pooling::ClassAndDistillation => part(0, 2),
            Pooling::None => Tensor::cat(vec![part(0, 1), patches()], 1),
        }
    }
}
