//! The networks of the tests.

use zoo_vit::{Pooling, Position, VitConfig, VitPreset};

/// A network that trains in no time: 9 patches, and a class token with that pooling.
pub fn tiny() -> VitConfig {
    let mini = VitConfig::preset(VitPreset::Mini).with_num_classes(4).with_image_size(12);
    VitConfig { embed_dim: 16, depth: 2, num_heads: 2, mlp_dim: 24, ..mini }
}

/// Every pooling with every position.
pub fn forms(config: &VitConfig) -> Vec<VitConfig> {
    let mut forms = Vec::new();
    for pooling in [Pooling::ClassToken, Pooling::Mean] {
        for position in [Position::Learned, Position::SinCos] {
            forms.push(config.clone().with_pooling(pooling).with_position(position));
        }
    }
    forms
}
