use burn::nn::Initializer;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How fresh weights are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Initialization {
    /// PyTorch's default, which torchvision uses: weights and biases uniform within 1/√(inputs of a
    /// neuron).
    Pytorch,
    /// The paper's, section 5: weights from N(0, 0.01²); biases 1 in the second, fourth and fifth
    /// convolution and in the hidden layers, "providing the ReLUs with positive inputs", else 0.
    Paper,
    /// LeCun et al., "Efficient BackProp" (1998): weights from N(0, 1/(inputs of a neuron)), biases
    /// 0. Max pooling makes up for the half that ReLU removes, so the logits start small; with He's
    ///   variance, which is twice as large, `small-images` diverged at a learning rate of 0.01 with
    ///   momentum 0.9.
    #[serde(rename = "lecun")]
    LeCun,
}

impl Initialization {
    pub(crate) fn weights(self) -> Initializer {
        match self {
            Self::Pytorch => {
                Initializer::KaimingUniform { gain: 1.0 / 3f64.sqrt(), fan_out_only: false }
            }
            Self::Paper => Initializer::Normal { mean: 0.0, std: 0.01 },
            Self::LeCun => Initializer::KaimingNormal { gain: 1.0, fan_out_only: false },
        }
    }

    /// The biases, where they are drawn otherwise than the weights. `positive` marks the layers
    /// whose biases the paper sets to 1.
    pub(crate) fn biases(self, positive: bool) -> Option<Initializer> {
        match (self, positive) {
            (Self::Pytorch, _) => None,
            (Self::Paper, true) => Some(Initializer::Ones),
            (Self::Paper, false) | (Self::LeCun, _) => Some(Initializer::Zeros),
        }
    }
}
