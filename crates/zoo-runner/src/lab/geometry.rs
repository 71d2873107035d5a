//! How the layers of a network lie over the photo: which window each looks at, and what that comes to
//! through all of them.

use burn::nn::PaddingConfig2d;
use zoo_alexnet::{AlexNet, AlexNetConfig};
use zoo_cnn::{Cnn, CnnConfig, Pooling};
use zoo_kernels::nn::{BatchNorm, Conv2d};
use zoo_model::{AnyModel, Predictor};
use zoo_resnet::{ConvNorm, Path, ResNet};
use zoo_vit::Vit;

/// A layer that has maps.
pub struct Unit<'a> {
    /// Its name, as a [`Tap`](zoo_kernels::nn::Tap) hears of it.
    pub layer: String,
    /// The layer that it looks at; none looks at the photo.
    pub input: Option<String>,
    /// What it does.
    pub does: Does<'a>,
}

/// What a layer does with a window.
pub enum Does<'a> {
    /// A convolution, what normalises its sums, and the name of the function after it.
    Convolve { conv: &'a Conv2d, norm: Option<&'a BatchNorm>, activation: String },
    /// The largest or the mean of a window.
    Pool { kind: &'static str, window: Window },
    /// Several convolutions, to which what goes around them is added.
    Block(Block<'a>),
    /// Every place, on its own.
    Pointwise,
    /// Everything, at once: attention.
    Everything,
}

/// Convolutions with a way around them.
pub enum Block<'a> {
    /// Those of the small CNN.
    Pair(&'a [zoo_cnn::ConvBlock], String),
    /// Those of a residual network.
    Residual(&'a [ConvNorm], Option<&'a Path>),
}

/// A window: rows or columns, the same both ways.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Its length.
    pub size: usize,
    /// From one to the next.
    pub stride: usize,
    /// Places before the first.
    pub padding: usize,
}

/// The part of the photo that a place of a map depends on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field {
    /// Its length, in pixels.
    pub size: usize,
    /// From that of one place to that of the next.
    pub stride: usize,
    /// Pixels before the photo that the first one reaches.
    pub padding: usize,
}

impl Window {
    /// That of a convolution.
    pub fn of(conv: &Conv2d) -> Self {
        let padding = match conv.padding {
            PaddingConfig2d::Explicit(top, ..) => top,
            PaddingConfig2d::Valid | PaddingConfig2d::Same => 0,
        };
        Self { size: conv.kernel_size[0], stride: conv.stride[0], padding }
    }
}

impl Field {
    /// A pixel.
    pub const PIXEL: Self = Self { size: 1, stride: 1, padding: 0 };

    /// What a window of places depends on, each of which depends on `self`.
    pub fn through(self, window: Window) -> Self {
        Self {
            size: self.size + (window.size - 1) * self.stride,
            stride: self.stride * window.stride,
            padding: self.padding + window.padding * self.stride,
        }
    }

    /// The first row, or column, of the photo that the place depends on; negative outside.
    pub fn start(self, place: usize) -> isize {
        (place * self.stride) as isize - self.padding as isize
    }
}

impl Does<'_> {
    /// The windows, in their order; `None` for everything.
    fn windows(&self) -> Option<Vec<Window>> {
        Some(match self {
            Self::Convolve { conv, .. } => vec![Window::of(conv)],
            Self::Pool { window, .. } => vec![*window],
            Self::Block(block) => block.convolutions().into_iter().map(Window::of).collect(),
            Self::Pointwise => Vec::new(),
            Self::Everything => return None,
        })
    }
}

impl<'a> Block<'a> {
    /// The convolutions, in their order.
    pub fn convolutions(&self) -> Vec<&'a Conv2d> {
        match self {
            Self::Pair(blocks, _) => blocks.iter().map(|block| &block.conv).collect(),
            Self::Residual(layers, _) => layers.iter().map(|layer| &layer.conv).collect(),
        }
    }
}

/// The layers of a network that have maps, in the order of the forward pass.
pub fn units(network: &Predictor) -> Vec<Unit<'_>> {
    let settings = &network.info.model;
    match &network.model {
        AnyModel::Cnn(cnn) => CnnConfig::try_from(settings).map(|config| of_cnn(cnn, &config)),
        AnyModel::AlexNet(net) => {
            AlexNetConfig::try_from(settings).map(|config| of_alexnet(net, &config))
        }
        AnyModel::ResNet(resnet) => Ok(of_resnet(resnet)),
        AnyModel::Vit(vit) => Ok(of_vit(vit)),
    }
    .unwrap_or_default()
}

/// What a place of a layer depends on; `None` if on the whole photo, or if there is no such layer.
pub fn field(units: &[Unit], layer: &str) -> Option<Field> {
    let unit = units.iter().find(|unit| unit.layer == layer)?;
    let before = match &unit.input {
        Some(input) => field(units, input)?,
        None => Field::PIXEL,
    };
    Some(unit.does.windows()?.into_iter().fold(before, Field::through))
}

/// Units one after the other.
struct Chain<'a> {
    units: Vec<Unit<'a>>,
    last: Option<String>,
}

impl<'a> Chain<'a> {
    const fn new() -> Self {
        Self { units: Vec::new(), last: None }
    }

    fn add(&mut self, layer: impl Into<String>, does: Does<'a>) {
        let layer = layer.into();
        let input = self.last.replace(layer.clone());
        self.units.push(Unit { layer, input, does });
    }
}

/// The name of a setting, as in configs.
fn named(setting: impl serde::Serialize) -> String {
    serde_json::to_value(setting)
        .ok()
        .and_then(|value| value.as_str().map(String::from))
        .unwrap_or_default()
}

fn of_cnn<'a>(cnn: &'a Cnn, config: &CnnConfig) -> Vec<Unit<'a>> {
    let activation = named(config.activation);
    let convolve = |block: &'a zoo_cnn::ConvBlock| Does::Convolve {
        conv: &block.conv,
        norm: block.norm.as_ref(),
        activation: activation.clone(),
    };
    let window = Window { size: config.pool_size, stride: config.pool_size, padding: 0 };
    let mut chain = Chain::new();
    if let Some(stem) = &cnn.stem {
        chain.add("stem", convolve(stem));
    }
    for (index, stage) in cnn.stages.iter().enumerate() {
        chain.add(format!("stages.{index}.block"), convolve(&stage.block));
        match config.pooling {
            Pooling::Max => {
                chain.add(format!("stages.{index}.pooling"), Does::Pool { kind: "max", window })
            }
            Pooling::Average => {
                chain
                    .add(format!("stages.{index}.pooling"), Does::Pool { kind: "average", window });
            }
            Pooling::None => {}
        }
        if !stage.residual.is_empty() {
            let block = Block::Pair(&stage.residual, activation.clone());
            chain.add(format!("stages.{index}"), Does::Block(block));
        }
    }
    chain.units
}

fn of_alexnet<'a>(net: &'a AlexNet, config: &AlexNetConfig) -> Vec<Unit<'a>> {
    let features = &net.features;
    let pool = || {
        let window =
            Window { size: if config.overlapping_pooling { 3 } else { 2 }, stride: 2, padding: 0 };
        Does::Pool { kind: "max", window }
    };
    let convolve = |conv| Does::Convolve { conv, norm: None, activation: String::from("relu") };
    let mut chain = Chain::new();
    for (number, conv) in [(1, &features.conv1), (2, &features.conv2)] {
        chain.add(format!("features.conv{number}"), convolve(conv));
        chain.add(format!("features.norm{number}"), Does::Pointwise);
        chain.add(format!("features.pool{number}"), pool());
    }
    for (number, conv) in [(3, &features.conv3), (4, &features.conv4), (5, &features.conv5)] {
        chain.add(format!("features.conv{number}"), convolve(conv));
    }
    chain.add("classifier.pool", pool());
    chain.units
}

fn of_resnet(resnet: &ResNet) -> Vec<Unit<'_>> {
    let mut chain = Chain::new();
    for (index, layer) in resnet.stem.iter().enumerate() {
        let (conv, norm) = (&layer.conv, Some(&layer.norm));
        let does = Does::Convolve { conv, norm, activation: String::from("relu") };
        chain.add(format!("stem.{index}"), does);
    }
    if resnet.is_pooled() {
        let window = Window { size: 3, stride: 2, padding: 1 };
        chain.add("pool", Does::Pool { kind: "max", window });
    }
    for (stage_index, stage) in resnet.stages.iter().enumerate() {
        for (index, block) in stage.blocks.iter().enumerate() {
            let does = Does::Block(Block::Residual(&block.layers, block.shortcut.as_ref()));
            chain.add(format!("stages.{stage_index}.blocks.{index}"), does);
        }
    }
    chain.units
}

fn of_vit(vit: &Vit) -> Vec<Unit<'_>> {
    let mut chain = Chain::new();
    let conv = &vit.patch_embedding;
    let does = Does::Convolve { conv, norm: None, activation: String::new() };
    chain.add("patch_embedding", does);
    for index in 0..vit.blocks.len() {
        chain.add(format!("blocks.{index}"), Does::Everything);
    }
    chain.units
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_grows_through_layers() {
        // AlexNet as torchvision has it: a place of conv5 depends on 163 pixels, 16 further each.
        let windows =
            [(11, 4, 2), (3, 2, 0), (5, 1, 2), (3, 2, 0), (3, 1, 1), (3, 1, 1), (3, 1, 1)];
        let windows = windows.map(|(size, stride, padding)| Window { size, stride, padding });
        let field = windows.into_iter().fold(Field::PIXEL, Field::through);
        assert_eq!((field.size, field.stride), (163, 16));
        assert_eq!(field.start(0), -(field.padding as isize));
        assert_eq!(field.padding, 2 + 2 * 8 + 3 * 16);
    }
}
