use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the head reads. It also decides which tokens stand before those of the patches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pooling {
    /// A separate learned token before the patches, as in the paper.
    ClassToken,
    /// The mean of the patches' tokens. There is then no class token and no position for one: 2
    /// `embed_dim` parameters fewer, or 1 `embed_dim` with sin-cos positions.
    Mean,
    /// The class token and, behind it, the mean of the patches' tokens: 2 `embed_dim` features, as
    /// in DINOv2's linear heads (<https://arxiv.org/abs/2304.07193>).
    ClassAndMean,
    /// The class token and, behind it, a second one, which has learned from another network: 2
    /// `embed_dim` features, as in DeiT's distilled networks (<https://arxiv.org/abs/2012.12877>).
    /// The mean of the paper's two heads is one head on both tokens.
    ClassAndDistillation,
    /// No pooling: the class token and the tokens of all patches, one after the other.
    None,
}

impl Pooling {
    /// Tokens before those of the patches and of the registers.
    pub(crate) fn class_tokens(self) -> usize {
        match self {
            Self::Mean => 0,
            Self::ClassToken | Self::ClassAndMean | Self::None => 1,
            Self::ClassAndDistillation => 2,
        }
    }

    /// How many tokens' features come out of that many patches.
    pub(crate) fn tokens_read(self, patches: usize) -> usize {
        match self {
            Self::ClassToken | Self::Mean => 1,
            Self::ClassAndMean | Self::ClassAndDistillation => 2,
            Self::None => 1 + patches,
        }
    }
}
