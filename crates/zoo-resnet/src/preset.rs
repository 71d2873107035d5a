use zoo_settings::names;

use crate::{BlockKind, ResNetConfig, Shortcut, Stem};

names! {
    /// A named set of sizes. The number is that of the layers with weights on the longest way.
    #[derive(Default)]
    pub enum ResNetPreset {
        /// For 224 px; 11,689,512 parameters and 1.81 G multiply-adds at 1000 classes.
        #[default]
        ResNet18 = "resnet18",
        /// For 224 px; 21,797,672 parameters and 3.66 G multiply-adds at 1000 classes.
        ResNet34 = "resnet34",
        /// For 224 px; 25,557,032 parameters and 4.09 G multiply-adds at 1000 classes.
        ResNet50 = "resnet50",
        /// For 224 px; 44,549,160 parameters and 7.80 G multiply-adds at 1000 classes.
        ResNet101 = "resnet101",
        /// For 224 px; 60,192,808 parameters and 11.51 G multiply-adds at 1000 classes.
        ResNet152 = "resnet152",
        /// For 32 px, section 4.2 of the paper; 269,722 parameters and 40.6 M multiply-adds at 10
        /// classes.
        ResNet20 = "resnet20",
        /// For 32 px; 464,154 parameters and 68.9 M multiply-adds at 10 classes.
        ResNet32 = "resnet32",
        /// For 32 px; 658,586 parameters and 97.2 M multiply-adds at 10 classes.
        ResNet44 = "resnet44",
        /// For 32 px; 853,018 parameters and 125.5 M multiply-adds at 10 classes.
        ResNet56 = "resnet56",
    }
}

impl ResNetConfig {
    /// The config that `preset` names, for RGB images and 1000 classes.
    pub fn preset(preset: ResNetPreset) -> Self {
        use BlockKind::{Basic, Bottleneck};
        match preset {
            ResNetPreset::ResNet18 => Self::for_imagenet(preset, Basic, [2, 2, 2, 2]),
            ResNetPreset::ResNet34 => Self::for_imagenet(preset, Basic, [3, 4, 6, 3]),
            ResNetPreset::ResNet50 => Self::for_imagenet(preset, Bottleneck, [3, 4, 6, 3]),
            ResNetPreset::ResNet101 => Self::for_imagenet(preset, Bottleneck, [3, 4, 23, 3]),
            ResNetPreset::ResNet152 => Self::for_imagenet(preset, Bottleneck, [3, 8, 36, 3]),
            ResNetPreset::ResNet20 => Self::for_cifar(preset, 3),
            ResNetPreset::ResNet32 => Self::for_cifar(preset, 5),
            ResNetPreset::ResNet44 => Self::for_cifar(preset, 7),
            ResNetPreset::ResNet56 => Self::for_cifar(preset, 9),
        }
    }

    fn for_imagenet(preset: ResNetPreset, block: BlockKind, depths: [usize; 4]) -> Self {
        Self {
            preset,
            num_classes: 1000,
            channels: 3,
            image_size: 224,
            stem: Stem::SevenBySeven,
            stem_width: 64,
            block,
            depths: depths.to_vec(),
            widths: vec![64, 128, 256, 512],
            shortcut: Shortcut::Convolution,
            zero_init_last_norm: true,
            dropout: 0.0,
        }
    }

    /// 6 `depth` + 2 layers.
    fn for_cifar(preset: ResNetPreset, depth: usize) -> Self {
        Self {
            image_size: 32,
            stem: Stem::ThreeByThree,
            stem_width: 16,
            depths: vec![depth; 3],
            widths: vec![16, 32, 64],
            shortcut: Shortcut::ZeroPadding,
            ..Self::for_imagenet(preset, BlockKind::Basic, [0; 4])
        }
    }
}
