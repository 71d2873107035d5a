//! From the settings of a network to the network.

use burn::{
    module::{Module, ModuleVisitor, Param},
    tensor::{Device, Tensor},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use zoo_kernels::{Precision, computes_on_host};
use zoo_vit::VitConfig;

use super::{AnyModel, DataShape, ModelSettings};
use crate::{host, seeded};

impl ModelSettings {
    /// The same network with every setting written out, but for what the data decides.
    pub fn resolved(&self) -> Self {
        let mut all: Self = on_config!(self, config => config.into());
        let mut given = self.clone();
        for ((_, all), (_, given)) in all.of_data().into_iter().zip(given.of_data()) {
            *all = given.take();
        }
        all
    }

    /// What the network multiplies the output of its head by.
    pub fn logit_scale(&self) -> f64 {
        match self {
            Self::Cnn(settings) => zoo_cnn::CnnConfig::from(settings.clone()).logit_scale,
            _ => 1.0,
        }
    }

    /// What to say of images that cost many times what those cost that the preset is for.
    pub fn note(&self) -> Option<String> {
        const TIMES: f64 = 16.0;
        let (preset, shape) = (self.of_preset(), self.shape());
        let usual = preset.shape().image_size;
        let cost = preset.with_shape(DataShape { image_size: usual, ..shape }).multiply_adds();
        let times = (self.multiply_adds() as f64 / cost as f64).round();
        (shape.image_size > usual && times >= TIMES).then(|| {
            let name = self.name();
            format!(
                "an image of {} pixels costs this {name} {times} times what one of {usual} costs its preset, which is \
                 for small images",
                shape.image_size
            )
        })
    }

    /// The number of attention heads that the settings of a Vision Transformer give.
    pub fn num_heads(&self) -> Option<usize> {
        match self {
            Self::Vit(settings) => settings.num_heads,
            _ => None,
        }
    }

    /// Features that the network gives if it has no head; 0 of a network that always has one.
    pub fn num_features(&self) -> usize {
        match self {
            Self::Vit(settings) => VitConfig::from(settings.clone()).num_features(),
            _ => 0,
        }
    }

    /// The same network with nothing that is drawn in training.
    pub fn without_dropout(&self) -> Self {
        on_config!(self, config => config.without_dropout().into())
    }

    /// The shape of data that the network is for, with every default filled in.
    pub fn shape(&self) -> DataShape {
        on_config!(self, config => {
            let (num_classes, channels) = (config.num_classes, config.channels);
            DataShape { num_classes, channels, image_size: config.image_size }
        })
    }

    /// The same network for data of another shape.
    pub fn with_shape(mut self, shape: DataShape) -> Self {
        for ((_, setting), value) in self.of_data().into_iter().zip(shape.values()) {
            *setting = Some(value);
        }
        self
    }

    /// The same network for images of that many pixels a side, unless the settings say another number.
    pub fn or_image_size(mut self, image_size: usize) -> Self {
        let [_, _, (_, setting)] = self.of_data();
        setting.get_or_insert(image_size);
        self
    }

    /// The network for this data, with every setting written out: what the settings leave open is
    /// taken from the data.
    ///
    /// # Errors
    ///
    /// If the settings say something else than the data, or no such network exists.
    pub fn fit_to(&self, data: DataShape) -> Result<Self, String> {
        for ((name, said), found) in self.clone().of_data().into_iter().zip(data.values()) {
            if let Some(said) = said.filter(|&said| said != found) {
                return Err(format!(
                    "`{name}` is {said}, but the data has {found}; leave it out to use the data's"
                ));
            }
        }
        let fitted = self.resolved().with_shape(data);
        fitted.check()?;
        Ok(fitted)
    }

    /// Refuses sizes of which no network can be made.
    pub fn check(&self) -> Result<(), String> {
        on_config!(self, config => config.check().map_err(|error| error.to_string()))
    }

    /// Multiply-adds of one image's forward pass.
    pub fn multiply_adds(&self) -> u64 {
        on_config!(self, config => config.multiply_adds())
    }

    /// A network whose weights depend on `seed` alone: drawn on the host, then moved.
    ///
    /// # Panics
    ///
    /// If [`check`](Self::check) fails.
    pub fn init(&self, seed: u64, device: &Device) -> AnyModel {
        let host = host();
        let drawn = seeded(&host, seed, || {
            let model = self.blank(&host);
            // Burn draws a parameter when it is first used, where it then is.
            on_model!(&model, model => model.visit(&mut Draw));
            model
        });
        on_model!(drawn, model => model.to_device(device).into())
    }

    /// The same network for whoever computes with it in `precision` alone, see [`AnyModel::held_in`]: never
    /// are all of its weights in f32.
    ///
    /// # Panics
    ///
    /// If [`check`](Self::check) fails.
    pub fn init_held_in(&self, precision: Precision, seed: u64, device: &Device) -> AnyModel {
        let host = host();
        match computes_on_host(device) {
            true => seeded(&host, seed, || {
                let model = self.blank(&host).held_in(precision);
                on_model!(&model, model => model.visit(&mut Draw));
                model
            }),
            false => self.init(seed, device),
        }
    }

    /// A network on `device` whose weights are yet to be loaded: none is drawn.
    ///
    /// # Panics
    ///
    /// If [`check`](Self::check) fails.
    pub fn blank(&self, device: &Device) -> AnyModel {
        on_config!(self, config => config.init(device).into())
    }

    /// Number of parameters, counted from the network without drawing a weight.
    ///
    /// # Panics
    ///
    /// If [`check`](Self::check) fails.
    pub fn num_params(&self) -> usize {
        self.blank(&host()).num_params()
    }
}

/// `base`, or of it only what is in `stays`, with what `settings` says laid over it, and what neither
/// says left open; what the data decides is left to the data. By way of JSON, in which both hold only
/// what they say.
pub(super) fn overlaid<S: Serialize + DeserializeOwned>(
    base: &S,
    stays: Option<&[&str]>,
    settings: &S,
) -> S {
    let fields = |settings: &S| match serde_json::to_value(settings) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let mut all = fields(base);
    all.retain(|key, _| {
        let key = key.as_str();
        !DataShape::KEYS.contains(&key) && stays.is_none_or(|stays| stays.contains(&key))
    });
    all.extend(fields(settings));
    serde_json::from_value(Value::Object(all)).expect("settings are JSON objects")
}

/// Has every parameter drawn, in the order of their paths.
struct Draw;

impl ModuleVisitor for Draw {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        param.val();
    }
}
