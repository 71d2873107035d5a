//! The models of the zoo, one line each.

use burn::tensor::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zoo_kernels::nn::{Conv2d, Tap};

use super::{Classifier, DataShape, Explainable, settings::overlaid};

/// A named set of sizes of a model.
pub struct Preset {
    /// The model's name.
    pub model: &'static str,
    /// The preset's name.
    pub preset: &'static str,
    /// The sizes.
    pub settings: ModelSettings,
}

/// One line per model: variant, name in JSON, crate, settings, config, preset, module. The first
/// token is a dollar sign, with which the macro writes another one.
macro_rules! zoo {
    ($d:tt $($variant:ident $name:literal $krate:ident::{$settings:ident, $config:ident, $preset:ident, $module:ident})*) => {
        /// The network, and its differences from a preset.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        pub enum ModelSettings {
            $(
                #[doc = concat!("See `", stringify!($krate), "`.")]
                #[serde(rename = $name)]
                $variant($krate::$settings),
            )*
        }

        /// A network of any kind. Not a module itself, so that it adds nothing to parameter paths.
        #[derive(Clone, Debug)]
        #[expect(clippy::large_enum_variant, reason = "a program holds a few, and moves them rarely")]
        pub enum AnyModel {
            $(
                #[doc = concat!("See `", stringify!($krate), "`.")]
                $variant($krate::$module),
            )*
        }

        /// Runs an expression on the network that an [`AnyModel`] holds, where its type is known:
        /// `on_model!(any, model => train(model, plan))`.
        #[macro_export]
        macro_rules! on_model {
            ($d any:expr, $d model:ident => $d run:expr) => {
                match $d any { $($crate::AnyModel::$variant($d model) => $d run,)* }
            };
        }

        /// Runs an expression on the config that [`ModelSettings`] come to, with every default
        /// filled in.
        macro_rules! on_config {
            ($d settings:expr, $d config:ident => $d run:expr) => {
                match $d settings {
                    $($crate::ModelSettings::$variant(settings) => {
                        let $d config = $krate::$config::from(settings.clone());
                        $d run
                    })*
                }
            };
        }

        impl ModelSettings {
            /// The names of all models in JSON.
            pub const NAMES: &[&str] = &[$($name),*];

            /// The name in JSON.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)* }
            }

            /// All presets of all models.
            pub fn presets() -> Vec<Preset> {
                let mut presets = Vec::new();
                $(presets.extend($krate::$preset::ALL.iter().map(|&preset| Preset {
                    model: $name,
                    preset: preset.name(),
                    settings: Self::$variant($krate::$config::preset(preset).into()),
                }));)*
                presets
            }

            /// The settings of the preset that these start from.
            pub(super) fn of_preset(&self) -> Self {
                match self {
                    $(Self::$variant(settings) => {
                        let preset = settings.preset.unwrap_or_default();
                        Self::$variant($krate::$config::preset(preset).into())
                    })*
                }
            }

            /// What is taken from the data where the settings leave it open, by its key in JSON.
            pub(super) fn of_data(&mut self) -> [(&'static str, &mut Option<usize>); 3] {
                let [num_classes, channels, image_size] = DataShape::KEYS;
                match self {
                    $(Self::$variant(settings) => [
                        (num_classes, &mut settings.num_classes),
                        (channels, &mut settings.channels),
                        (image_size, &mut settings.image_size),
                    ],)*
                }
            }

            /// Settings, by their keys in JSON, that are never told as the reason why weights do
            /// not fit: those that the data decides, the preset, which stands for others, and what
            /// the model's config lists as `SHAPELESS`.
            pub fn shapeless(&self) -> impl Iterator<Item = &'static str> {
                let own = match self { $(Self::$variant(_) => $krate::$config::SHAPELESS,)* };
                DataShape::KEYS.into_iter().chain(["preset"]).chain(own.iter().copied())
            }

            /// The network of trained `weights`, with what these settings say laid over it; what the
            /// data decides is left to the data. A preset that they name stands for sizes: what the
            /// model's config lists as `OF_WEIGHTS` stays that of the weights.
            ///
            /// # Errors
            ///
            /// If these settings are of another model.
            pub fn over_weights(&self, weights: &Self) -> Result<Self, String> {
                match (self, weights) {
                    $((Self::$variant(settings), Self::$variant(weights)) => {
                        let stays = settings.preset.map(|_| $krate::$config::OF_WEIGHTS);
                        Ok(Self::$variant(overlaid(weights, stays, settings)))
                    })*
                    _ => Err(format!("is `{}`, but the weights are of `{}`", self.name(), weights.name())),
                }
            }
        }

        $(
            impl From<$krate::$module> for AnyModel {
                fn from(model: $krate::$module) -> Self {
                    Self::$variant(model)
                }
            }

            impl TryFrom<&ModelSettings> for $krate::$config {
                type Error = String;

                fn try_from(settings: &ModelSettings) -> Result<Self, String> {
                    match settings {
                        ModelSettings::$variant(settings) => Ok(settings.clone().into()),
                        other => Err(format!("is `{}`, not `{}`", other.name(), $name)),
                    }
                }
            }

            impl From<$krate::$config> for ModelSettings {
                fn from(config: $krate::$config) -> Self {
                    Self::$variant(config.into())
                }
            }

            impl Classifier for $krate::$module {
                fn forward_tapped(&self, images: Tensor<4>, tap: &mut impl Tap) -> Tensor<2> {
                    self.forward_tapped(images, tap)
                }

                fn layers(&self) -> Vec<Vec<String>> {
                    self.layers()
                }

            }

            impl Explainable for $krate::$module {
                fn cam_layer(&self) -> String {
                    self.cam_layer()
                }

                fn first_convolution(&self) -> &Conv2d {
                    self.first_convolution()
                }
            }
        )*
    };
}

zoo! { $
    Cnn     "cnn"     zoo_cnn::{CnnSettings, CnnConfig, CnnPreset, Cnn}
    AlexNet "alexnet" zoo_alexnet::{AlexNetSettings, AlexNetConfig, AlexNetPreset, AlexNet}
    ResNet  "resnet"  zoo_resnet::{ResNetSettings, ResNetConfig, ResNetPreset, ResNet}
    Vit     "vit"     zoo_vit::{VitSettings, VitConfig, VitPreset, Vit}
}
