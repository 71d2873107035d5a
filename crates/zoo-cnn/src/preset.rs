use zoo_settings::names;

use crate::{Activation, CnnConfig, Pooling};

names! {
    /// A named set of sizes.
    #[derive(Default)]
    pub enum CnnPreset {
        /// Three convolutions and a hidden layer: 0.62 M parameters and 11 M multiply-adds at 32 px
        /// and 10 classes.
        #[default]
        Small = "small",
        /// A network for fast training, 1.94 M parameters and 114 M multiply-adds at 32 px and 10
        /// classes. Ours, after the ResNet-9 of Page, "How to Train Your ResNet" (2018, a DAWNBench
        /// winner) and Jordan's airbench (<https://arxiv.org/abs/2404.00498>): narrower than
        /// either, with a residual pair in each stage, so that all layers after the stem cost the
        /// same.
        Residual = "residual",
    }
}

impl CnnConfig {
    /// The config that `preset` names, for RGB images of 32 px and 1000 classes.
    pub fn preset(preset: CnnPreset) -> Self {
        let small = Self {
            preset,
            num_classes: 1000,
            channels: 3,
            image_size: 32,
            stem: 0,
            widths: vec![32, 64, 128],
            kernel_size: 3,
            stride: 1,
            padding: 1,
            batch_norm: true,
            activation: Activation::Relu,
            pooling: Pooling::Max,
            pool_size: 2,
            residual: false,
            global_pooling: Pooling::None,
            hidden: 256,
            dropout: 0.25,
            logit_scale: 1.0,
        };
        match preset {
            CnnPreset::Small => small,
            CnnPreset::Residual => Self {
                stem: 32,
                widths: vec![64, 128, 256],
                residual: true,
                global_pooling: Pooling::Max,
                hidden: 0,
                dropout: 0.0,
                logit_scale: 0.125,
                ..small
            },
        }
    }
}
