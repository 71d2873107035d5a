use zoo_settings::names;

use crate::{Pooling, Position, VitConfig};

names! {
    /// A named set of sizes. All but mini are those of Touvron et al. and Steiner et al., "How to
    /// train your ViT?" (<https://arxiv.org/abs/2106.10270>), for images of 224 px; parameters are
    /// counted at 1000 classes. The number is the patch's side in pixels.
    #[derive(Default)]
    pub enum VitPreset {
        /// Ours, for images of about 32 px: patches of 4 px, 6 blocks of 128 features; 1.2 M
        /// parameters at 10 classes.
        #[default]
        Mini = "mini",
        /// 12 blocks of 192 features, 5,717,416 parameters.
        Tiny16 = "tiny-16",
        /// 12 blocks of 384 features, 22,050,664 parameters.
        Small16 = "small-16",
        /// 12 blocks of 384 features, 22,878,952 parameters.
        Small32 = "small-32",
        /// 12 blocks of 768 features, 86,567,656 parameters.
        Base16 = "base-16",
        /// 12 blocks of 768 features, 88,224,232 parameters.
        Base32 = "base-32",
        /// 24 blocks of 1024 features, 304,326,632 parameters.
        Large16 = "large-16",
        /// 24 blocks of 1024 features, 306,535,400 parameters.
        Large32 = "large-32",
    }
}

impl VitConfig {
    /// The config that `preset` names, for RGB images and 1000 classes.
    pub fn preset(preset: VitPreset) -> Self {
        let (image_size, patch_size, embed_dim, depth, num_heads) = match preset {
            VitPreset::Mini => (32, 4, 128, 6, 4),
            VitPreset::Tiny16 => (224, 16, 192, 12, 3),
            VitPreset::Small16 => (224, 16, 384, 12, 6),
            VitPreset::Small32 => (224, 32, 384, 12, 6),
            VitPreset::Base16 => (224, 16, 768, 12, 12),
            VitPreset::Base32 => (224, 32, 768, 12, 12),
            VitPreset::Large16 => (224, 16, 1024, 24, 16),
            VitPreset::Large32 => (224, 32, 1024, 24, 16),
        };
        Self {
            preset,
            num_classes: 1000,
            channels: 3,
            image_size,
            patch_size,
            embed_dim,
            depth,
            num_heads,
            mlp_dim: 4 * embed_dim,
            activation: None,
            pooling: Pooling::ClassToken,
            position: Position::Learned,
            class_position: true,
            registers: 0,
            pre_norm: false,
            layer_scale: None,
            projection: None,
            dropout: 0.0,
            drop_path: 0.0,
            layer_norm_epsilon: 1e-6,
            weight_deviation: if preset == VitPreset::Mini { 0.05 } else { 0.02 },
        }
    }
}
