//! Published weights that can be imported by their names: one line a file of weights in [`CATALOGUE`].

use serde::Serialize;

/// Published weights.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Weights {
    /// The name under which `zoo import`, `zoo features` and `pretrained` fetch them.
    pub name: &'static str,
    /// The model, as in a config.
    pub model: &'static str,
    /// Parameters of the network that they become, image tower alone where there are two.
    pub parameters: usize,
    /// Size of the file, in megabytes of 10⁶ bytes.
    pub megabytes: usize,
    /// Side of the image that the network sees unless something else is asked for, in pixels.
    pub image_size: usize,
    /// The licence of the weights, by its SPDX name.
    pub licence: &'static str,
    /// What they reach.
    pub accuracy: Accuracy,
    /// The shipped config to start from.
    pub recipe: &'static str,
}

/// A published accuracy.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Accuracy {
    /// The figure with its unit.
    pub value: &'static str,
    /// Of what.
    pub task: &'static str,
    /// Where it is published.
    pub source: &'static str,
}

impl Weights {
    /// Whether the licence lets them be used for profit.
    pub fn is_commercial(&self) -> bool {
        !self.licence.contains("-NC-")
    }

    /// Whether the name has the parts of `pattern`, between its stars, in their order, in whatever case.
    pub fn matches(&self, pattern: &str) -> bool {
        let name = self.name.to_lowercase();
        let mut rest = name.as_str();
        pattern.to_lowercase().split('*').all(|part| match rest.split_once(part) {
            Some((_, after)) => {
                rest = after;
                true
            }
            None => false,
        })
    }
}

const FINE_TUNE_VIT: &str = "finetune-vit-folder";
const FINE_TUNE_ALEXNET: &str = "finetune-alexnet-folder";
const FINE_TUNE_RESNET: &str = "finetune-resnet-folder";
const PROBE_DINOV2: &str = "probe-dinov2-folder";
const PROBE_BIOCLIP: &str = "probe-bioclip-folder";

const TOP_1: &str = "ImageNet-1k";
const TOP_1_AT_288: &str = "ImageNet-1k at 288 pixels";
const KNN: &str = "ImageNet-1k, k-NN";
const LINEAR: &str = "ImageNet-1k, linear probe";
const ZERO_SHOT: &str = "ImageNet-1k, zero-shot";
const FINE_TUNED: &str = "ImageNet-1k, fine-tuned";

const TORCHVISION: &str = "https://pytorch.org/vision/stable/models.html";
const RSB: &str = "https://arxiv.org/abs/2110.00476";
const TIMM: &str =
    "https://github.com/huggingface/pytorch-image-models, results/results-imagenet.csv";
const DINO: &str = "https://github.com/facebookresearch/dino";
const DINOV2: &str = "https://github.com/facebookresearch/dinov2";
const MAE: &str = "https://github.com/facebookresearch/mae";
const OPEN_CLIP: &str = "https://github.com/mlfoundations/open_clip, docs/openclip_results.csv";
const METACLIP: &str = "https://github.com/facebookresearch/MetaCLIP";
const BIOCLIP: &str = "https://huggingface.co/imageomics/bioclip";
const BIOCLIP2: &str = "https://imageomics.github.io/bioclip-2";

const APACHE: &str = "Apache-2.0";
const BSD: &str = "BSD-3-Clause";
const MIT: &str = "MIT";
const NO_COMMERCE: &str = "CC-BY-NC-4.0";

/// A line of the table.
const fn line(
    (name, model): (&'static str, &'static str),
    (parameters, megabytes, image_size): (usize, usize, usize),
    licence: &'static str,
    (value, task, source): (&'static str, &'static str, &'static str),
    recipe: &'static str,
) -> Weights {
    let accuracy = Accuracy { value, task, source };
    Weights { name, model, parameters, megabytes, image_size, licence, accuracy, recipe }
}

/// All that are known, by their publishers.
#[rustfmt::skip]
pub const CATALOGUE: &[Weights] = &[
    line(("torchvision/alexnet", "alexnet"), (61_100_840, 244, 224), BSD, ("56.5 %", TOP_1, TORCHVISION), FINE_TUNE_ALEXNET),
    line(("torchvision/resnet18", "resnet"), (11_689_512, 47, 224), BSD, ("69.8 %", TOP_1, TORCHVISION), FINE_TUNE_RESNET),
    line(("torchvision/resnet34", "resnet"), (21_797_672, 87, 224), BSD, ("73.3 %", TOP_1, TORCHVISION), FINE_TUNE_RESNET),
    line(("torchvision/resnet50", "resnet"), (25_557_032, 102, 224), BSD, ("76.1 %", TOP_1, TORCHVISION), FINE_TUNE_RESNET),
    line(("torchvision/resnet101", "resnet"), (44_549_160, 179, 224), BSD, ("77.4 %", TOP_1, TORCHVISION), FINE_TUNE_RESNET),
    line(("torchvision/resnet152", "resnet"), (60_192_808, 242, 224), BSD, ("78.3 %", TOP_1, TORCHVISION), FINE_TUNE_RESNET),
    line(("timm/resnet18.a1_in1k", "resnet"), (11_689_512, 47, 224), APACHE, ("73.2 %", TOP_1_AT_288, TIMM), FINE_TUNE_RESNET),
    line(("timm/resnet50.a1_in1k", "resnet"), (25_557_032, 102, 224), APACHE, ("80.4 %", TOP_1, RSB), FINE_TUNE_RESNET),
    line(("torchvision/vit_b_16", "vit"), (86_567_656, 346, 224), BSD, ("81.1 %", TOP_1, TORCHVISION), FINE_TUNE_VIT),
    line(("torchvision/vit_b_32", "vit"), (88_224_232, 353, 224), BSD, ("75.9 %", TOP_1, TORCHVISION), FINE_TUNE_VIT),
    line(("torchvision/vit_l_16", "vit"), (304_326_632, 1217, 224), BSD, ("79.7 %", TOP_1, TORCHVISION), FINE_TUNE_VIT),
    line(("torchvision/vit_l_32", "vit"), (306_535_400, 1226, 224), BSD, ("77.0 %", TOP_1, TORCHVISION), FINE_TUNE_VIT),
    line(("timm/vit_tiny_patch16_224.augreg_in21k_ft_in1k", "vit"), (5_717_416, 23, 224), APACHE, ("75.5 %", TOP_1, TIMM), FINE_TUNE_VIT),
    line(("timm/vit_small_patch16_224.augreg_in21k_ft_in1k", "vit"), (22_050_664, 88, 224), APACHE, ("81.4 %", TOP_1, TIMM), FINE_TUNE_VIT),
    line(("timm/vit_base_patch16_224.augreg2_in21k_ft_in1k", "vit"), (86_567_656, 346, 224), APACHE, ("85.1 %", TOP_1, TIMM), FINE_TUNE_VIT),
    line(("timm/vit_base_patch32_224.augreg_in21k_ft_in1k", "vit"), (88_224_232, 353, 224), APACHE, ("80.7 %", TOP_1, TIMM), FINE_TUNE_VIT),
    line(("timm/deit_small_patch16_224.fb_in1k", "vit"), (22_050_664, 88, 224), APACHE, ("79.8 %", TOP_1, TIMM), FINE_TUNE_VIT),
    line(("timm/deit_base_patch16_224.fb_in1k", "vit"), (86_567_656, 346, 224), APACHE, ("82.0 %", TOP_1, TIMM), FINE_TUNE_VIT),
    line(("timm/deit_tiny_distilled_patch16_224.fb_in1k", "vit"), (5_909_800, 24, 224), APACHE, ("74.5 %", TOP_1, TIMM), FINE_TUNE_VIT),
    line(("timm/deit_small_distilled_patch16_224.fb_in1k", "vit"), (22_435_432, 90, 224), APACHE, ("81.2 %", TOP_1, TIMM), FINE_TUNE_VIT),
    line(("timm/deit_base_distilled_patch16_224.fb_in1k", "vit"), (87_337_192, 349, 224), APACHE, ("83.4 %", TOP_1, TIMM), FINE_TUNE_VIT),
    line(("timm/deit3_small_patch16_224.fb_in1k", "vit"), (22_059_496, 88, 224), APACHE, ("81.4 %", TOP_1, TIMM), FINE_TUNE_VIT),
    line(("timm/deit3_small_patch16_224.fb_in22k_ft_in1k", "vit"), (22_059_496, 88, 224), APACHE, ("83.1 %", TOP_1, TIMM), FINE_TUNE_VIT),
    line(("timm/deit3_base_patch16_224.fb_in22k_ft_in1k", "vit"), (86_585_320, 346, 224), APACHE, ("85.7 %", TOP_1, TIMM), FINE_TUNE_VIT),
    line(("timm/deit3_large_patch16_224.fb_in22k_ft_in1k", "vit"), (304_374_760, 1218, 224), APACHE, ("87.0 %", TOP_1, TIMM), FINE_TUNE_VIT),
    line(("timm/vit_small_patch14_dinov2.lvd142m", "vit"), (22_056_192, 88, 518), APACHE, ("81.1 %", LINEAR, DINOV2), PROBE_DINOV2),
    line(("timm/vit_base_patch14_dinov2.lvd142m", "vit"), (86_579_712, 346, 518), APACHE, ("84.5 %", LINEAR, DINOV2), PROBE_DINOV2),
    line(("timm/vit_large_patch14_dinov2.lvd142m", "vit"), (304_367_616, 1217, 518), APACHE, ("86.3 %", LINEAR, DINOV2), PROBE_DINOV2),
    line(("timm/vit_giant_patch14_dinov2.lvd142m", "vit"), (1_136_479_232, 4546, 518), APACHE, ("86.5 %", LINEAR, DINOV2), PROBE_DINOV2),
    line(("timm/vit_small_patch14_reg4_dinov2.lvd142m", "vit"), (22_057_344, 88, 518), APACHE, ("80.9 %", LINEAR, DINOV2), PROBE_DINOV2),
    line(("timm/vit_base_patch14_reg4_dinov2.lvd142m", "vit"), (86_582_016, 346, 518), APACHE, ("84.6 %", LINEAR, DINOV2), PROBE_DINOV2),
    line(("timm/vit_large_patch14_reg4_dinov2.lvd142m", "vit"), (304_370_688, 1217, 518), APACHE, ("86.7 %", LINEAR, DINOV2), PROBE_DINOV2),
    line(("facebook/dinov2-small", "vit"), (22_056_192, 88, 224), APACHE, ("81.1 %", LINEAR, DINOV2), PROBE_DINOV2),
    line(("facebook/dinov2-base", "vit"), (86_579_712, 346, 224), APACHE, ("84.5 %", LINEAR, DINOV2), PROBE_DINOV2),
    line(("facebook/dinov2-large", "vit"), (304_367_616, 1217, 224), APACHE, ("86.3 %", LINEAR, DINOV2), PROBE_DINOV2),
    line(("facebook/dinov2-with-registers-small", "vit"), (22_057_728, 88, 224), APACHE, ("80.9 %", LINEAR, DINOV2), PROBE_DINOV2),
    line(("timm/vit_small_patch16_224.dino", "vit"), (21_665_664, 87, 224), APACHE, ("74.5 %", KNN, DINO), PROBE_DINOV2),
    line(("timm/vit_small_patch8_224.dino", "vit"), (21_670_272, 87, 224), APACHE, ("78.3 %", KNN, DINO), PROBE_DINOV2),
    line(("timm/vit_base_patch16_224.dino", "vit"), (85_798_656, 343, 224), APACHE, ("76.1 %", KNN, DINO), PROBE_DINOV2),
    line(("timm/vit_base_patch16_224.mae", "vit"), (85_798_656, 343, 224), NO_COMMERCE, ("83.6 %", FINE_TUNED, MAE), FINE_TUNE_VIT),
    line(("timm/vit_large_patch16_224.mae", "vit"), (303_301_632, 1213, 224), NO_COMMERCE, ("85.9 %", FINE_TUNED, MAE), FINE_TUNE_VIT),
    line(("timm/vit_base_patch32_clip_224.openai", "vit"), (87_849_216, 351, 224), APACHE, ("63.3 %", ZERO_SHOT, OPEN_CLIP), PROBE_BIOCLIP),
    line(("timm/vit_base_patch16_clip_224.openai", "vit"), (86_192_640, 345, 224), APACHE, ("68.3 %", ZERO_SHOT, OPEN_CLIP), PROBE_BIOCLIP),
    line(("timm/vit_large_patch14_clip_224.openai", "vit"), (303_966_208, 1216, 224), APACHE, ("75.5 %", ZERO_SHOT, OPEN_CLIP), PROBE_BIOCLIP),
    line(("timm/vit_base_patch16_clip_224.laion2b", "vit"), (86_192_640, 345, 224), APACHE, ("70.2 %", ZERO_SHOT, OPEN_CLIP), PROBE_BIOCLIP),
    line(("timm/vit_large_patch14_clip_224.laion2b", "vit"), (303_966_208, 1216, 224), APACHE, ("75.3 %", ZERO_SHOT, OPEN_CLIP), PROBE_BIOCLIP),
    line(("timm/vit_base_patch16_clip_224.metaclip_2pt5b", "vit"), (86_192_640, 345, 224), NO_COMMERCE, ("72.1 %", ZERO_SHOT, METACLIP), PROBE_BIOCLIP),
    line(("laion/CLIP-ViT-B-32-laion2B-s34B-b79K", "vit"), (87_849_216, 605, 224), MIT, ("66.6 %", ZERO_SHOT, OPEN_CLIP), PROBE_BIOCLIP),
    line(("imageomics/bioclip", "vit"), (86_192_640, 599, 224), MIT, ("41.5 %", "10 sets of species, zero-shot", BIOCLIP), PROBE_BIOCLIP),
    line(("imageomics/bioclip-2", "vit"), (303_966_208, 1711, 224), MIT, ("18.1 points", "above BioCLIP on species", BIOCLIP2), PROBE_BIOCLIP),
];

#[cfg(test)]
mod tests {
    use super::*;
    use zoo_model::ModelSettings;

    use crate::{
        config::shipped,
        pretrained::{Published, entry::layouts},
    };

    #[test]
    fn every_line_can_be_fetched_and_started_from() {
        let published: Vec<&str> = layouts(None)
            .into_iter()
            .flat_map(|layout| layout.published)
            .map(|(name, _)| *name)
            .collect();
        for (index, weights) in CATALOGUE.iter().enumerate() {
            let Weights { name, model, parameters, megabytes, .. } = *weights;
            assert!(Published::parse(name).is_some(), "{name}");
            assert!(ModelSettings::NAMES.contains(&model), "{name}");
            if let Some(file) = name.strip_prefix("torchvision/") {
                assert!(published.contains(&file), "{name}");
            }
            // Four bytes a parameter, and more for a text tower.
            assert!(megabytes * 1_000_000 + 1_000_000 > 4 * parameters, "{name}");
            assert!(shipped::text(weights.recipe).is_some(), "{name}: {}", weights.recipe);
            assert!(!CATALOGUE[..index].iter().any(|before| before.name == name), "{name} twice");
        }
        for name in published {
            let name = format!("torchvision/{name}");
            assert!(CATALOGUE.iter().any(|weights| weights.name == name), "{name} is not listed");
        }
    }

    #[test]
    fn patterns_find_parts_of_names_in_their_order() {
        let found = |pattern: &str| -> Vec<&str> {
            let matching = CATALOGUE.iter().filter(|weights| weights.matches(pattern));
            matching.map(|weights| weights.name).collect()
        };
        assert_eq!(found("").len(), CATALOGUE.len());
        assert_eq!(found("BioCLIP"), ["imageomics/bioclip", "imageomics/bioclip-2"]);
        assert_eq!(found("small*reg4"), ["timm/vit_small_patch14_reg4_dinov2.lvd142m"]);
        assert!(found("reg4*small").is_empty());
    }

    #[test]
    fn licences_that_forbid_commerce_are_known() {
        let forbidden = CATALOGUE.iter().filter(|weights| !weights.is_commercial());
        let forbidden: Vec<&str> = forbidden.map(|weights| weights.name).collect();
        assert_eq!(
            forbidden,
            [
                "timm/vit_base_patch16_224.mae",
                "timm/vit_large_patch16_224.mae",
                "timm/vit_base_patch16_clip_224.metaclip_2pt5b",
            ]
        );
    }
}
