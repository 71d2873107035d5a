//! How libraries name the tensors of a network: one file a library, one line in [`LAYOUTS`] a
//! network of it.

mod find;
mod huggingface;
mod named;
mod names;
mod timm;
mod torchvision;

use zoo_data::{CropOffset, Interpolation, Preprocess, Resize};

pub use self::{named::Named, names::Names};
use super::positions::Bicubic;
use crate::model::ModelSettings;

/// What a library calls the tensors of one network, and what it takes for granted.
#[derive(Debug)]
pub struct Layout {
    /// The library, as in `--layout`.
    pub name: &'static str,
    /// The model, as in the config.
    pub model: &'static str,
    /// What both call a tensor, ours first. `#` stands for the number of a block, `*` for the last
    /// part of a name, which is `weight` or `bias` in all libraries.
    pub names: &'static [(&'static str, &'static str)],
    /// Other names that some files have, each after the one in `names` for the same.
    pub aliases: &'static [(&'static str, &'static str)],
    /// The names in this layout of tensors that do not affect the logits and are left out.
    pub idle: &'static [&'static str],
    /// The tensor by which the layout is recognised.
    pub mark: &'static str,
    /// What stands before every name but the head's, and is missing where the library has written the
    /// network without its head; empty in most.
    pub trunk: &'static str,
    /// What the name of every tensor of a head begins with, also of another head than ours.
    pub head: &'static str,
    /// Whether queries, keys and values are tensors of their own.
    pub splits_attention: bool,
    /// What is added to the variance in layer normalisation.
    pub layer_norm_epsilon: f64,
    /// How position embeddings are brought to another number of patches.
    pub positions: Bicubic,
    /// The JSON files that the library wants beside its weights.
    pub beside: &'static [&'static str],
    /// How images are mostly prepared for a network of these settings.
    pub preprocess: fn(&ModelSettings) -> Assumed,
}

/// The preprocessing that a library takes for granted.
#[derive(Clone, Copy, Debug)]
pub struct Assumed {
    /// Mean of each channel, of pixel values from 0 to 1.
    pub mean: [f32; 3],
    /// Standard deviation of each channel.
    pub std: [f32; 3],
    /// How images of another shape become square.
    pub resize: Resize,
    /// How much of the scaled image is seen, side by side.
    pub crop_ratio: f64,
    /// How to interpolate between pixels.
    pub interpolation: Interpolation,
}

/// Every layout but the zoo's own, whose names are the modules' and whose metadata say the rest.
pub const LAYOUTS: &[&Layout] =
    &[&torchvision::ALEXNET, &torchvision::VIT, &timm::VIT, &huggingface::VIT];

/// Our own layout's name.
pub const ZOO: &str = "zoo";

impl Layout {
    /// The layout of that library and network.
    pub fn named(name: &str, model: &str) -> Option<&'static Self> {
        LAYOUTS.iter().find(|layout| layout.name == name && layout.model == model).copied()
    }

    /// Our name of a tensor that the library calls so.
    pub fn ours(&self, theirs: &str) -> Option<String> {
        let known = self.aliases.iter().find_map(|(known, alias)| substitute(alias, known, theirs));
        let theirs = known.as_deref().unwrap_or(theirs);
        self.names.iter().find_map(|(ours, pattern)| substitute(pattern, ours, theirs))
    }

    /// The library's name of a tensor that we call so.
    pub fn theirs(&self, ours: &str) -> Option<String> {
        self.names.iter().find_map(|(pattern, theirs)| substitute(pattern, theirs, ours))
    }

    /// What we and the library call the layer that gives the scores, without `weight` and `bias`.
    fn head_names(&self) -> (&'static str, &'static str) {
        let head = self.names.iter().find(|(_, theirs)| theirs.starts_with(self.head));
        let (ours, theirs) = head.expect("every layout has a head");
        (ours.trim_end_matches('*'), theirs.trim_end_matches('*'))
    }

    /// Whether the tensor does not affect the logits.
    pub fn is_idle(&self, theirs: &str) -> bool {
        self.idle.iter().any(|pattern| substitute(pattern, pattern, theirs).is_some())
    }
}

impl Assumed {
    /// For images of this size and number of channels.
    pub fn preprocess(&self, image_size: usize, channels: usize) -> Preprocess {
        Preprocess {
            image_size,
            resize: self.resize,
            crop_ratio: self.crop_ratio,
            crop_offset: CropOffset::Even,
            interpolation: self.interpolation,
            mean: self.mean[..channels].to_vec(),
            std: self.std[..channels].to_vec(),
        }
    }
}

/// `name` with the parts that `from` leaves open put into `to`, if it matches.
fn substitute(from: &str, to: &str, name: &str) -> Option<String> {
    let last = |name: &str| ["weight", "bias"].into_iter().find(|last| name.ends_with(last));
    let (name, to, from) = match from.strip_suffix('*') {
        Some(from) => {
            let last = last(name)?;
            (name.strip_suffix(last)?, to.replace('*', last), from)
        }
        None => (name, to.to_string(), from),
    };
    match from.split_once('#') {
        None => (name == from).then_some(to),
        Some((before, after)) => {
            let number = name.strip_prefix(before)?.strip_suffix(after)?;
            let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| to.replace('#', number))
        }
    }
}

/// The first few of many names.
pub fn some_of<'a>(names: impl ExactSizeIterator<Item = &'a String>) -> String {
    const SHOWN: usize = 5;
    let rest = names.len().saturating_sub(SHOWN);
    let shown: Vec<String> = names.take(SHOWN).map(|name| format!("`{name}`")).collect();
    match (shown.is_empty(), rest) {
        (true, _) => String::from("no tensors"),
        (_, 0) => shown.join(", "),
        _ => format!("{} and {rest} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        let vit = |name| Layout::named(name, "vit").unwrap();
        let ours = "blocks.11.attention.qkv.bias";
        let theirs = "encoder.layers.encoder_layer_11.self_attention.in_proj_bias";
        assert_eq!(vit("torchvision").theirs(ours).as_deref(), Some(theirs));
        assert_eq!(vit("torchvision").ours(theirs).as_deref(), Some(ours));
        assert_eq!(vit("timm").theirs(ours).as_deref(), Some("blocks.11.attn.qkv.bias"));
        let old = "encoder.layers.encoder_layer_3.mlp.linear_1.weight";
        assert_eq!(vit("torchvision").ours(old).as_deref(), Some("blocks.3.mlp.fc1.weight"));
        assert_eq!(vit("timm").ours("blocks.x.norm1.weight"), None);
        assert_eq!(vit("timm").ours("norm.running_mean"), None);
    }

    #[test]
    fn every_name_of_a_layout_comes_back() {
        for layout in LAYOUTS {
            for (ours, theirs) in layout.names {
                let [ours, theirs] =
                    [ours, theirs].map(|name| name.replace('#', "7").replace('*', "weight"));
                assert_eq!(layout.ours(&theirs).as_ref(), Some(&ours));
                assert_eq!(layout.theirs(&ours), Some(theirs));
            }
        }
    }
}
