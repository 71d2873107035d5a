//! What a library calls the tensors of a network, and how they are found in a file. The layouts
//! themselves are in [`entry`](super::entry).

mod find;
mod named;
mod names;

use zoo_data::{CropOffset, Interpolation, Preprocess, Resize};
use zoo_model::{ModelSettings, WeightsInfo};

pub use self::{named::Named, names::Names};
use super::{
    assume::Assumption,
    options::ImportOptions,
    positions::Bicubic,
    sidecar::{Documents, Sidecar},
    source::Lazy,
};
use crate::Error;

/// The last parts of names that `*` stands for.
const LAST: [&str; 4] = ["weight", "bias", "running_mean", "running_var"];
/// The last part of the name of a tensor in which PyTorch counts the batches that a normalisation has
/// seen. It has no part in the scores as long as the momentum is a number.
pub const COUNTER: &str = "num_batches_tracked";

/// What a library calls the tensors of one network, and how to go there and back.
#[derive(Debug)]
pub struct Layout {
    /// The library, as in `--layout`.
    pub library: &'static str,
    /// The model, as in the config.
    pub model: &'static str,
    /// What both call a tensor, ours first. `#` stands for a number, `%` for one that we count from 0
    /// and the library from 1, both in the same order in both names; `*` for the last part of a name,
    /// which is the same in all libraries.
    pub names: &'static [(&'static str, &'static str)],
    /// Other names that some files have, each after the one in `names` for the same.
    pub aliases: &'static [(&'static str, &'static str)],
    /// The names in this layout of tensors that do not affect the logits and are left out. One that
    /// ends in `.` or `_` is the beginning of many.
    pub idle: &'static [&'static str],
    /// The tensor by which the layout is recognised.
    pub mark: &'static str,
    /// Tensors that must be there too, where another layout has the same mark.
    pub with: &'static [&'static str],
    /// Tensors of networks that look like this one and are not supported, each with what it is.
    pub strangers: &'static [(&'static str, &'static str)],
    /// What stands before every name but the head's, and is missing where the library has written the
    /// network without its head; empty in most.
    pub trunk: &'static str,
    /// What the name of every tensor of a head begins with, also of another head than ours.
    pub head: &'static str,
    /// Whether a network without a head is one of ours, too: it gives features.
    pub headless: bool,
    /// What is one tensor here and several there.
    pub split: Option<Split>,
    /// How position embeddings are brought to another number of patches.
    pub positions: Bicubic,
    /// Whether the library's network brings them there by itself, for images of any size. Which size it
    /// mostly sees, the preprocessing then says.
    pub interpolates: bool,
    /// The JSON files that the library wants beside its weights.
    pub beside: &'static [&'static str],
    /// The files on the library's own server: the name of the network, and that of the file, which
    /// ends in the first digits of its SHA-256.
    pub published: &'static [(&'static str, &'static str)],
    /// The network whose tensors a file holds, with what is said beside it. What had to be guessed is
    /// added to the list.
    pub infer: Infer,
    /// How images are mostly prepared for a network of these settings.
    pub preprocess: fn(&ModelSettings) -> Assumed,
    /// What the library's network must have that one of these settings has not, if so.
    pub lacks: fn(&ModelSettings) -> Option<&'static str>,
    /// What the library wants beside the weights.
    pub describe: fn(&WeightsInfo) -> Documents,
    /// What an export changes in the tensors, which have the library's names already, beyond names.
    pub finish: Option<Finish>,
}

/// From the tensors of a network, by the library's names, to those that the library reads.
pub type Finish = fn(&ModelSettings, Vec<Lazy>) -> Vec<Lazy>;

/// From the tensors of a file to the settings of its network.
pub type Infer =
    fn(&mut Named, &Sidecar, &ImportOptions, &mut Vec<Assumption>) -> Result<ModelSettings, Error>;

/// One of our tensors that a library keeps in three, one below the other.
#[derive(Clone, Copy, Debug)]
pub struct Split {
    /// What a part of our name is.
    pub whole: &'static str,
    /// What stands in its place.
    pub parts: [&'static str; 3],
    /// What messages call the three.
    pub noun: &'static str,
}

impl Split {
    /// The names of the three parts of a tensor that has that name, if it is split.
    pub fn of(&self, whole: &str) -> Option<[String; 3]> {
        whole.contains(self.whole).then(|| self.parts.map(|part| whole.replace(self.whole, part)))
    }
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
    /// Side of the square image, in pixels, where it is not the one that positions are for.
    pub image_size: Option<usize>,
}

impl Layout {
    /// What most libraries have. Each says by itself what is empty or unreachable here.
    pub const PLAIN: Self = Self {
        library: "",
        model: "",
        names: &[],
        aliases: &[],
        idle: &[],
        mark: "",
        with: &[],
        strangers: &[],
        trunk: "",
        head: "",
        headless: false,
        split: None,
        positions: Bicubic::Antialiased,
        interpolates: false,
        beside: &[],
        published: &[],
        infer: |_, _, _, _| unreachable!(),
        preprocess: |_| unreachable!(),
        lacks: |_| unreachable!(),
        describe: |_| unreachable!(),
        finish: None,
    };

    /// Our name of a tensor that the library calls so.
    pub fn ours(&self, theirs: &str) -> Option<String> {
        let known =
            self.aliases.iter().find_map(|(known, alias)| substitute(alias, known, theirs, 0));
        let theirs = known.as_deref().unwrap_or(theirs);
        self.names.iter().find_map(|(ours, pattern)| substitute(pattern, ours, theirs, -1))
    }

    /// The library's name of a tensor that we call so.
    pub fn theirs(&self, ours: &str) -> Option<String> {
        self.names.iter().find_map(|(pattern, theirs)| substitute(pattern, theirs, ours, 1))
    }

    /// What we and the library call the layer that gives the scores, without `weight` and `bias`; `None`
    /// if the library's network never has one.
    fn head_names(&self) -> Option<(&'static str, &'static str)> {
        let head = self.names.iter().find(|(_, theirs)| theirs.starts_with(self.head));
        head.map(|(ours, theirs)| (ours.trim_end_matches('*'), theirs.trim_end_matches('*')))
    }

    /// Whether the tensor does not affect the logits.
    pub fn is_idle(&self, theirs: &str) -> bool {
        let counts = theirs.strip_suffix(COUNTER).map(|norm| format!("{norm}running_var"));
        let is_idle = |pattern: &&str| match pattern.ends_with(['.', '_']) {
            true => theirs.starts_with(*pattern),
            false => substitute(pattern, pattern, theirs, 0).is_some(),
        };
        counts.is_some_and(|variance| self.ours(&variance).is_some())
            || self.idle.iter().any(is_idle)
    }
}

impl Assumed {
    /// What most networks for ImageNet are trained on: `Resize(256)`, `CenterCrop(224)`, and its
    /// figures.
    pub const IMAGENET: Self = Self {
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
        resize: Resize::Crop,
        crop_ratio: 0.875,
        interpolation: Interpolation::Bilinear,
        image_size: None,
    };

    /// For a network for images of this size and number of channels.
    pub fn preprocess(&self, image_size: usize, channels: usize) -> Preprocess {
        Preprocess {
            image_size: self.image_size.unwrap_or(image_size),
            resize: self.resize,
            crop_ratio: self.crop_ratio,
            crop_offset: CropOffset::Even,
            interpolation: self.interpolation,
            mean: self.mean[..channels].to_vec(),
            std: self.std[..channels].to_vec(),
        }
    }
}

/// `name` with the parts that `from` leaves open put into `to`, if it matches. Numbers for which `%`
/// stands are changed by `shift`.
fn substitute(from: &str, to: &str, name: &str, shift: i64) -> Option<String> {
    let (mut from, mut to, mut name) = (from, to.to_string(), name);
    if let Some(before) = from.strip_suffix('*') {
        let last = LAST.into_iter().find(|last| name.ends_with(last))?;
        (from, to, name) = (before, to.replace('*', last), name.strip_suffix(last)?);
    }
    while let Some(place) = from.find(['#', '%']) {
        let (text, counted) = (&from[..place], &from[place..place + 1]);
        let rest = name.strip_prefix(text)?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: i64 = rest[..digits].parse().ok()?;
        let number = if counted == "%" { number + shift } else { number };
        to = to.replacen(counted, &u64::try_from(number).ok()?.to_string(), 1);
        (from, name) = (&from[place + 1..], &rest[digits..]);
    }
    (name == from).then_some(to)
}

/// The first few of many names.
pub fn some_of<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match names.is_empty() {
        true => String::from("no tensors"),
        false => few(&names),
    }
}

/// The first few of many things, and how many more there are.
pub fn few(things: &[String]) -> String {
    const SHOWN: usize = 5;
    match things.get(SHOWN..) {
        Some(rest) if !rest.is_empty() => {
            format!("{} and {} more", things[..SHOWN].join(", "), rest.len())
        }
        _ => things.join(", "),
    }
}
