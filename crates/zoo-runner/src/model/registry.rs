//! The models of the zoo, one line each.

use burn::{
    module::{Module, ModuleVisitor, Param},
    tensor::{Device, Tensor},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use zoo_kernels::nn::{Conv2d, Tap};

use super::{AnyClassifier, Classifier, DataShape};
use crate::backend::host;

/// A named set of sizes of a model.
pub struct Preset {
    /// The model's name.
    pub model: &'static str,
    /// The preset's name.
    pub preset: &'static str,
    /// The sizes.
    pub settings: ModelSettings,
}

/// One line a model: variant, name in JSON, crate, settings, config, preset, module.
macro_rules! zoo {
    ($($variant:ident $name:literal $krate:ident::{$settings:ident, $config:ident, $preset:ident, $module:ident})*) => {
        /// Which network, and what differs from its preset.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        pub enum ModelSettings {
            $(
                #[doc = concat!("See `", stringify!($krate), "`.")]
                #[serde(rename = $name)]
                $variant($krate::$settings),
            )*
        }

        impl ModelSettings {
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

            /// The same network with every setting written out, but for what the data decides.
            pub fn resolved(&self) -> Self {
                match self {
                    $(Self::$variant(settings) => Self::$variant($krate::$settings {
                        num_classes: settings.num_classes,
                        channels: settings.channels,
                        image_size: settings.image_size,
                        ..$krate::$config::from(settings.clone()).into()
                    }),)*
                }
            }

            /// The same network with nothing that is drawn in training.
            pub fn without_dropout(self) -> Self {
                match self {
                    $(Self::$variant(settings) => {
                        Self::$variant($krate::$config::from(settings).without_dropout().into())
                    })*
                }
            }

            /// The shape of data that the network is for, with every default filled in.
            pub fn shape(&self) -> DataShape {
                match self {
                    $(Self::$variant(settings) => {
                        let config = $krate::$config::from(settings.clone());
                        DataShape {
                            num_classes: config.num_classes,
                            channels: config.channels,
                            image_size: config.image_size,
                        }
                    })*
                }
            }

            /// The same network for data of another shape.
            pub fn with_shape(self, shape: DataShape) -> Self {
                match self {
                    $(Self::$variant(settings) => Self::$variant($krate::$settings {
                        num_classes: Some(shape.num_classes),
                        channels: Some(shape.channels),
                        image_size: Some(shape.image_size),
                        ..settings
                    }),)*
                }
            }

            /// The network for this data, with every setting written out: what the settings leave
            /// open is taken from the data.
            ///
            /// # Errors
            ///
            /// If the settings say something else than the data, or no such network exists.
            pub fn fit_to(&self, data: DataShape) -> Result<Self, String> {
                match self {
                    $(Self::$variant(settings) => {
                        agree("num_classes", settings.num_classes, data.num_classes)?;
                        agree("channels", settings.channels, data.channels)?;
                        agree("image_size", settings.image_size, data.image_size)?;
                    })*
                }
                let fitted = self.resolved().with_shape(data);
                fitted.check()?;
                Ok(fitted)
            }

            /// Refuses sizes of which no network can be made.
            pub fn check(&self) -> Result<(), String> {
                match self {
                    $(Self::$variant(settings) => {
                        let config = $krate::$config::from(settings.clone());
                        config.check().map_err(|error| error.to_string())
                    })*
                }
            }

            /// Multiply-adds of one image's forward pass.
            pub fn multiply_adds(&self) -> u64 {
                match self {
                    $(Self::$variant(settings) => {
                        $krate::$config::from(settings.clone()).multiply_adds()
                    })*
                }
            }

            /// A network whose weights depend on `seed` alone: drawn on the host, then moved.
            ///
            /// # Panics
            ///
            /// If [`check`](Self::check) fails.
            pub fn init(&self, seed: u64, device: &Device) -> Box<dyn AnyClassifier> {
                match self {
                    $(Self::$variant(settings) => {
                        let host = host();
                        host.seed(seed);
                        let model = $krate::$config::from(settings.clone()).init(&host);
                        // Burn draws a parameter when it is first used, where it then is.
                        model.visit(&mut Draw);
                        Box::new(model.to_device(device))
                    })*
                }
            }

            /// A network on `device` whose weights are yet to be loaded: none is drawn.
            ///
            /// # Panics
            ///
            /// If [`check`](Self::check) fails.
            pub fn blank(&self, device: &Device) -> Box<dyn AnyClassifier> {
                match self {
                    $(Self::$variant(settings) => {
                        Box::new($krate::$config::from(settings.clone()).init(device))
                    })*
                }
            }

            /// The network of `base`, with what these settings say laid over it. A preset that they
            /// name counts before `base`.
            ///
            /// # Errors
            ///
            /// If these settings are of another model.
            pub fn over(&self, base: &Self) -> Result<Self, String> {
                match (self, base) {
                    $((Self::$variant(settings), Self::$variant(_)) if settings.preset.is_some() => {
                        Ok(self.clone())
                    })*
                    $((Self::$variant(settings), Self::$variant(base)) => {
                        Ok(Self::$variant(overlaid(base, settings)))
                    })*
                    _ => Err(format!("is `{}`, but the weights are of `{}`", self.name(), base.name())),
                }
            }

            /// Number of parameters, counted from the network without drawing a weight.
            pub fn num_params(&self) -> usize {
                match self {
                    $(Self::$variant(settings) => {
                        count_params(&$krate::$config::from(settings.clone()).init(&host()))
                    })*
                }
            }
        }

        $(impl Classifier for $krate::$module {
            fn forward(&self, images: Tensor<4>) -> Tensor<2> {
                $krate::$module::forward(self, images)
            }

            fn forward_tapped(&self, images: Tensor<4>, tap: &mut impl Tap) -> Tensor<2> {
                $krate::$module::forward_tapped(self, images, tap)
            }

            fn layers(&self) -> Vec<Vec<String>> {
                $krate::$module::layers(self)
            }

            fn cam_layer(&self) -> String {
                $krate::$module::cam_layer(self)
            }

            fn first_convolution(&self) -> &Conv2d {
                $krate::$module::first_convolution(self)
            }
        })*
    };
}

zoo! {
    Cnn     "cnn"     zoo_cnn::{CnnSettings, CnnConfig, CnnPreset, Cnn}
    AlexNet "alexnet" zoo_alexnet::{AlexNetSettings, AlexNetConfig, AlexNetPreset, AlexNet}
    Vit     "vit"     zoo_vit::{VitSettings, VitConfig, VitPreset, Vit}
}

/// `base` with what `settings` says laid over it. What the data decides is left to the data.
fn overlaid<S: Serialize + DeserializeOwned>(base: &S, settings: &S) -> S {
    let fields = |settings: &S| match serde_json::to_value(settings) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let mut all = fields(base);
    ["num_classes", "channels", "image_size"].iter().for_each(|key| drop(all.remove(*key)));
    all.extend(fields(settings));
    serde_json::from_value(Value::Object(all)).expect("settings are JSON objects")
}

/// Number of parameters that training changes; Burn's own count holds the running statistics of
/// batch-norm too, which the field does not call parameters.
pub fn count_params<M: Module>(model: &M) -> usize {
    let mut count = Count { path: Vec::new(), sum: 0 };
    model.visit(&mut count);
    count.sum
}

struct Count {
    path: Vec<String>,
    sum: usize,
}

impl ModuleVisitor for Count {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_string());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if !self.path.last().is_some_and(|name| name.starts_with("running_")) {
            self.sum += param.lazy_shape().num_elements();
        }
    }
}

/// Has every parameter drawn, in the order of their paths.
struct Draw;

impl ModuleVisitor for Draw {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        param.val();
    }
}

/// Refuses a setting that says something else than the data.
fn agree(name: &str, setting: Option<usize>, found: usize) -> Result<(), String> {
    match setting {
        Some(said) if said != found => Err(format!(
            "`{name}` is {said}, but the data has {found}; leave it out to take the data's"
        )),
        _ => Ok(()),
    }
}
