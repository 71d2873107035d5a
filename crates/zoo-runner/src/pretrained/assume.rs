//! What is assumed of weights that nothing says.

use std::fmt;

use serde::{Serialize, Serializer};
use zoo_data::{Preprocess, Resize};

use super::{options::ImportOptions, sidecar::settings::named};

/// Something that nothing has said about weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Assumption {
    what: String,
    /// How the command line says otherwise.
    flags: Option<&'static str>,
    /// How a config does.
    key: Option<&'static str>,
}

impl Assumption {
    /// A number of heads.
    pub fn heads(num_heads: usize, embed_dim: usize) -> Self {
        Self {
            what: format!(
                "{num_heads} attention heads ({embed_dim} features / {})",
                embed_dim / num_heads
            ),
            flags: Some("--num-heads says"),
            key: Some("model.vit.num_heads"),
        }
    }

    /// What bends the hidden features of an MLP, as `library` mostly has it.
    pub fn activation(name: &str, library: &str) -> Self {
        Self {
            what: format!("{name} as the activation, as {library} mostly has it"),
            flags: None,
            key: Some("model.vit.activation"),
        }
    }

    /// No head.
    pub fn headless(num_features: usize) -> Self {
        Self::note(format!(
            "no head: the network gives {num_features} features, for `zoo features` and for fine-tuning"
        ))
    }

    /// Classes without names, for that reason if there is one.
    pub fn classes(reason: &str) -> Self {
        Self {
            what: format!("classes by their number{reason}"),
            flags: Some("--classes FILE says"),
            key: None,
        }
    }

    /// What can be said otherwise only where it was read.
    pub fn note(what: String) -> Self {
        Self { what, flags: None, key: None }
    }

    /// What `options` leave open of a preprocessing that `library` mostly has.
    pub fn preprocess(
        preprocess: &Preprocess,
        library: &str,
        options: &ImportOptions,
    ) -> Vec<Self> {
        let Preprocess { image_size, mean, std, .. } = preprocess;
        let mut assumed = Vec::new();
        if options.mean.is_none() || options.std.is_none() {
            assumed.push(Self {
                what: format!("mean {mean:?} and deviation {std:?}, as {library} mostly has them"),
                flags: Some("--mean and --std say"),
                key: Some("preprocess.normalize"),
            });
        }
        if options.resize.is_none() {
            let what = match preprocess.resize {
                Resize::Crop => {
                    format!(
                        "images cropped to the middle {image_size} of {}",
                        preprocess.scaled_size()
                    )
                }
                Resize::Letterbox => format!("images scaled to {image_size} pixels between bars"),
                Resize::Squish => format!("images stretched to {image_size}"),
            };
            assumed.push(Self {
                what: format!("{what} pixels, as {library} mostly has them"),
                flags: Some("--resize and --crop-ratio say"),
                key: None,
            });
        }
        if options.interpolation.is_none() {
            let (name, _) = named(preprocess.interpolation);
            assumed.push(Self {
                what: format!("{name} interpolation, as {library} mostly has it"),
                flags: Some("--interpolation says"),
                key: None,
            });
        }
        assumed
    }

    /// The same for whoever has a config instead of a command line, if a config can say it.
    pub fn in_config(&self) -> Option<String> {
        let Self { what, key, .. } = self;
        key.map(|key| format!("pretrained: assumed {what}; `{key}` says otherwise"))
    }

    /// Whether a config says otherwise by that key.
    pub fn is_about(&self, key: &str) -> bool {
        self.key == Some(key)
    }
}

impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.flags {
            Some(flags) => write!(f, "{}; {flags} otherwise", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl Serialize for Assumption {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
