use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Pooling, Position, VitConfig};

/// A named set of sizes. All but mini are those of Touvron et al. and Steiner et al., "How to train
/// your ViT?" (<https://arxiv.org/abs/2106.10270>), for images of 224 px; parameters are counted at
/// 1000 classes. The number is the patch's side in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum VitPreset {
    /// Ours, for images of about 32 px: patches of 4 px, 6 blocks of 128 features; 1.2 M parameters
    /// at 10 classes.
    #[default]
    #[serde(rename = "mini")]
    Mini,
    /// 12 blocks of 192 features, 5,717,416 parameters.
    #[serde(rename = "tiny-16")]
    Tiny16,
    /// 12 blocks of 384 features, 22,050,664 parameters.
    #[serde(rename = "small-16")]
    Small16,
    /// 12 blocks of 384 features, 22,878,952 parameters.
    #[serde(rename = "small-32")]
    Small32,
    /// 12 blocks of 768 features, 86,567,656 parameters.
    #[serde(rename = "base-16")]
    Base16,
    /// 12 blocks of 768 features, 88,224,232 parameters.
    #[serde(rename = "base-32")]
    Base32,
    /// 24 blocks of 1024 features, 304,326,632 parameters.
    #[serde(rename = "large-16")]
    Large16,
    /// 24 blocks of 1024 features, 306,535,400 parameters.
    #[serde(rename = "large-32")]
    Large32,
}

impl VitPreset {
    /// Every preset, the smallest first.
    pub const ALL: &[Self] = &[
        Self::Mini,
        Self::Tiny16,
        Self::Small16,
        Self::Small32,
        Self::Base16,
        Self::Base32,
        Self::Large16,
        Self::Large32,
    ];

    /// The name that JSON uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mini => "mini",
            Self::Tiny16 => "tiny-16",
            Self::Small16 => "small-16",
            Self::Small32 => "small-32",
            Self::Base16 => "base-16",
            Self::Base32 => "base-32",
            Self::Large16 => "large-16",
            Self::Large32 => "large-32",
        }
    }
}

impl fmt::Display for VitPreset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
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
