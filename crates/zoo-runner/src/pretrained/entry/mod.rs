//! What other libraries have of each model: one file per model, one line in [`LAYOUTS`].

mod alexnet;
mod cnn;
mod resnet;
mod vit;

use super::layout::Layout;

/// Every layout but the zoo's own, whose names are the modules' and whose metadata say the rest.
const LAYOUTS: &[&[&Layout]] = &[alexnet::LAYOUTS, vit::LAYOUTS, resnet::LAYOUTS, cnn::LAYOUTS];

/// Our own layout's name.
pub const ZOO: &str = "zoo";

/// The layouts of that library, or of all.
pub fn layouts(library: Option<&str>) -> Vec<&'static Layout> {
    let is_asked = |layout: &&Layout| library.is_none_or(|library| library == layout.library);
    LAYOUTS.iter().copied().flatten().copied().filter(is_asked).collect()
}

/// The layouts of that library for that model, those of its plain form first.
pub fn layouts_of(library: &str, model: &str) -> Vec<&'static Layout> {
    let mut layouts = layouts(Some(library));
    layouts.retain(|layout| layout.model == model);
    layouts.sort_by_key(|layout| layout.with.len());
    layouts
}

/// The names of all libraries, ours first.
pub fn libraries() -> Vec<&'static str> {
    let mut names = vec![ZOO];
    for layout in layouts(None) {
        if !names.contains(&layout.library) {
            names.push(layout.library);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        let vit = |library| layouts_of(library, "vit")[0];
        let ours = "blocks.11.attention.qkv.bias";
        let theirs = "encoder.layers.encoder_layer_11.self_attention.in_proj_bias";
        assert_eq!(vit("torchvision").theirs(ours).as_deref(), Some(theirs));
        assert_eq!(vit("torchvision").ours(theirs).as_deref(), Some(ours));
        assert_eq!(vit("timm").theirs(ours).as_deref(), Some("blocks.11.attn.qkv.bias"));
        let old = "encoder.layers.encoder_layer_3.mlp.linear_1.weight";
        assert_eq!(vit("torchvision").ours(old).as_deref(), Some("blocks.3.mlp.fc1.weight"));
        assert_eq!(vit("timm").ours("blocks.x.norm1.weight"), None);
        assert_eq!(vit("timm").ours("norm.unknown"), None);

        let resnet = |library| layouts_of(library, "resnet")[0];
        let ours = "stages.3.blocks.12.layers.0.norm.running_var";
        assert_eq!(
            resnet("torchvision").theirs(ours).as_deref(),
            Some("layer4.12.bn1.running_var")
        );
        assert_eq!(resnet("torchvision").ours("layer4.12.bn1.running_var").as_deref(), Some(ours));
        assert_eq!(resnet("torchvision").ours("layer0.0.conv1.weight"), None);
        let theirs = "resnet.encoder.stages.3.layers.12.layer.0.normalization.running_var";
        assert_eq!(resnet("hf").theirs(ours).as_deref(), Some(theirs));
        assert_eq!(resnet("hf").ours(theirs).as_deref(), Some(ours));
        let ours = "stages.1.blocks.0.shortcut.project.conv.weight";
        let d = layouts_of("timm", "resnet")[1];
        assert_eq!(d.theirs(ours).as_deref(), Some("layer2.0.downsample.1.weight"));
        assert_eq!(d.ours("layer2.0.downsample.1.weight").as_deref(), Some(ours));
    }

    #[test]
    fn every_name_of_a_layout_comes_back() {
        for layout in layouts(None) {
            for (ours, theirs) in layout.names {
                let filled = |name: &str, counted: &str| {
                    name.replace('#', "7").replace('%', counted).replace('*', "weight")
                };
                let (ours, theirs) = (filled(ours, "7"), filled(theirs, "8"));
                assert_eq!(layout.ours(&theirs).as_ref(), Some(&ours));
                assert_eq!(layout.theirs(&ours), Some(theirs));
            }
        }
    }

    #[test]
    fn published_files_carry_their_hash() {
        for (_, file) in layouts(None).into_iter().flat_map(|layout| layout.published) {
            let (_, end) = file.rsplit_once('-').unwrap();
            let hash = end.strip_suffix(".pth").unwrap();
            assert!(hash.len() == 8 && hash.chars().all(|c| c.is_ascii_hexdigit()), "{file}");
        }
    }

    #[test]
    fn libraries_are_listed_once() {
        let expected =
            ["zoo", "torchvision", "dinov2", "timm", "hf", "open_clip", "akamaster", "sequential"];
        assert_eq!(libraries(), expected);
    }
}
