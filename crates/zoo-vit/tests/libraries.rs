//! The networks of other libraries, by their numbers of parameters.

use burn::{module::Module, tensor::Device};
use zoo_vit::{Activation, Pooling, VitConfig, VitPreset};

/// DINOv2's Vision Transformer with patches of 14 pixels.
fn dinov2(preset: VitPreset, registers: usize) -> VitConfig {
    VitConfig {
        num_classes: 0,
        image_size: 518,
        patch_size: 14,
        registers,
        class_position: registers == 0,
        layer_scale: Some(1e-5),
        ..VitConfig::preset(preset)
    }
}

/// The image tower of CLIP.
fn clip(preset: VitPreset, patch_size: usize, projection: usize) -> VitConfig {
    VitConfig {
        num_classes: 0,
        patch_size,
        pre_norm: true,
        projection: Some(projection),
        ..VitConfig::preset(preset)
    }
}

fn deit3(preset: VitPreset) -> VitConfig {
    VitConfig { class_position: false, layer_scale: Some(1e-6), ..VitConfig::preset(preset) }
}

/// As timm 1.0.31 and open_clip 3.3.0 count them. The two heads of a distilled DeiT are one here,
/// with one bias for each class instead of two.
#[test]
fn parameters_are_those_of_the_libraries() {
    let giant = VitConfig {
        embed_dim: 1536,
        depth: 40,
        num_heads: 24,
        mlp_dim: 4096,
        activation: Some(Activation::SwiGlu),
        ..dinov2(VitPreset::Base16, 0)
    };
    let distilled = |preset| VitConfig::preset(preset).with_pooling(Pooling::ClassAndDistillation);
    let counts = [
        ("vit_small_patch14_dinov2", dinov2(VitPreset::Small16, 0), 22_056_192),
        ("vit_base_patch14_dinov2", dinov2(VitPreset::Base16, 0), 86_579_712),
        ("vit_large_patch14_dinov2", dinov2(VitPreset::Large16, 0), 304_367_616),
        ("vit_giant_patch14_dinov2", giant, 1_136_479_232),
        ("vit_small_patch14_reg4_dinov2", dinov2(VitPreset::Small16, 4), 22_057_344),
        ("vit_base_patch14_reg4_dinov2", dinov2(VitPreset::Base16, 4), 86_582_016),
        ("vit_large_patch14_reg4_dinov2", dinov2(VitPreset::Large16, 4), 304_370_688),
        ("deit3_small_patch16_224", deit3(VitPreset::Small16), 22_059_496),
        ("deit3_base_patch16_224", deit3(VitPreset::Base16), 86_585_320),
        ("deit3_large_patch16_224", deit3(VitPreset::Large16), 304_374_760),
        ("deit_tiny_distilled", distilled(VitPreset::Tiny16), 5_910_800 - 1000),
        ("deit_small_distilled", distilled(VitPreset::Small16), 22_436_432 - 1000),
        ("deit_base_distilled", distilled(VitPreset::Base16), 87_338_192 - 1000),
        ("ViT-B-16 of CLIP", clip(VitPreset::Base16, 16, 512), 86_192_640),
        ("ViT-B-32 of CLIP", clip(VitPreset::Base32, 32, 512), 87_849_216),
        ("ViT-L-14 of CLIP", clip(VitPreset::Large16, 14, 768), 303_966_208),
    ];
    for (name, config, expected) in counts {
        assert_eq!(config.init(&Device::flex()).num_params(), expected, "{name}");
    }
}
