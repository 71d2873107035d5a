use zoo_settings::names;

use crate::{AlexNetConfig, Initialization};

names! {
    /// A named form of the network.
    #[derive(Default)]
    pub enum AlexNetPreset {
        /// torchvision's: one tower, after Krizhevsky, "One weird trick for parallelizing
        /// convolutional neural networks" (<https://arxiv.org/abs/1404.5997>). No response
        /// normalisation; 61,100,840 parameters and 714 M multiply-adds at 224 px and 1000 classes.
        #[default]
        Torchvision = "torchvision",
        /// The paper's: Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep
        /// Convolutional Neural Networks" (<https://papers.nips.cc/paper/4824>). Two towers as
        /// groups of channels, local response normalisation; 60,965,224 parameters at 1000 classes.
        /// Its 224 px give its 55 x 55 maps only with a padding of 2, which it does not mention.
        Paper = "paper",
        /// Ours, for images of 28 to 64 px: torchvision's network with half its widths, a 5 x 5
        /// kernel at stride 1 first, and hidden layers of 1024; 2.85 M parameters and 48 M
        /// multiply-adds at 32 px and 10 classes.
        SmallImages = "small-images",
    }
}

impl AlexNetConfig {
    /// The config that `preset` names, for RGB images and 1000 classes.
    pub fn preset(preset: AlexNetPreset) -> Self {
        let torchvision = Self {
            preset,
            num_classes: 1000,
            channels: 3,
            image_size: 224,
            widths: [64, 192, 384, 256, 256],
            conv1_kernel: 11,
            conv1_stride: 4,
            conv1_padding: 2,
            conv2_kernel: 5,
            groups: 1,
            local_response_norm: false,
            overlapping_pooling: true,
            feature_size: 6,
            hidden: 4096,
            dropout: 0.5,
            dropout_after_hidden: false,
            initialization: Initialization::Pytorch,
        };
        match preset {
            AlexNetPreset::Torchvision => torchvision,
            AlexNetPreset::Paper => Self {
                widths: [96, 256, 384, 384, 256],
                groups: 2,
                local_response_norm: true,
                dropout_after_hidden: true,
                initialization: Initialization::Paper,
                ..torchvision
            },
            AlexNetPreset::SmallImages => Self {
                image_size: 32,
                widths: [32, 96, 192, 128, 128],
                conv1_kernel: 5,
                conv1_stride: 1,
                feature_size: 3,
                hidden: 1024,
                initialization: Initialization::LeCun,
                ..torchvision
            },
        }
    }
}
