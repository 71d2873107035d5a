//! The graph of `zoo-cnn`.

use zoo_cnn::{Activation, Cnn, CnnConfig, ConvBlock, Pooling, Stage};

use super::layers::{Given, Layers, Value};

/// The part of the config that the modules do not show.
struct Switches {
    activation: Activation,
    pooling: Pooling,
    pool_size: usize,
}

/// Class scores of `images`, `[channels, image_size, image_size]`.
pub fn logits(layers: &mut Layers, model: &Cnn, config: CnnConfig, images: Value) -> Given {
    // Every setting is named: one that is new must be dealt with here.
    let CnnConfig {
        preset: _,
        num_classes: _,
        channels: _,
        image_size: _,
        stem: _,
        widths: _,
        kernel_size: _,
        stride: _,
        padding: _,
        batch_norm: _,
        activation,
        pooling,
        pool_size,
        residual: _,
        global_pooling,
        hidden: _,
        dropout: _,
        logit_scale,
    } = config;
    let switches = Switches { activation, pooling, pool_size };
    let mut x = images;
    if let Some(stem) = &model.stem {
        x = block(layers, "stem", stem, activation, &x)?;
    }
    for (index, stage) in model.stages.iter().enumerate() {
        x = self::stage(layers, &format!("stages.{index}"), stage, &switches, &x)?;
    }
    x = match global_pooling {
        Pooling::Max => layers.global_pool("GlobalMaxPool", "global_pooling", &x),
        Pooling::Average => layers.global_pool("GlobalAveragePool", "global_pooling", &x),
        Pooling::None => layers.flatten("global_pooling", &x),
    };
    if let Some(fc1) = &model.fc1 {
        x = layers.linear("fc1", fc1, &x)?;
        x = activated(layers, "fc1", activation, &x);
    }
    let scores = layers.linear("head", &model.head, &x)?;
    match logit_scale {
        1.0 => Ok(scores),
        factor => Ok(layers.scale("head", &scores, factor)),
    }
}

fn stage(layers: &mut Layers, path: &str, stage: &Stage, switches: &Switches, x: &Value) -> Given {
    let Switches { activation, pooling, pool_size } = *switches;
    let x = block(layers, &format!("{path}.block"), &stage.block, activation, x)?;
    let pooled = format!("{path}.pooling");
    let x = match pooling {
        Pooling::Max => layers.pool("MaxPool", &pooled, pool_size, pool_size, &x),
        Pooling::Average => layers.pool("AveragePool", &pooled, pool_size, pool_size, &x),
        Pooling::None => x,
    };
    if stage.residual.is_empty() {
        return Ok(x);
    }
    let mut branch = x.clone();
    for (index, part) in stage.residual.iter().enumerate() {
        branch = block(layers, &format!("{path}.residual.{index}"), part, activation, &branch)?;
    }
    Ok(layers.add(path, &x, &branch))
}

fn block(
    layers: &mut Layers,
    path: &str,
    block: &ConvBlock,
    activation: Activation,
    x: &Value,
) -> Given {
    let paths = [&*format!("{path}.conv"), &*format!("{path}.norm")];
    let x = layers.conv2d_norm(paths, &block.conv, block.norm.as_ref(), x)?;
    Ok(activated(layers, path, activation, &x))
}

fn activated(layers: &mut Layers, path: &str, activation: Activation, x: &Value) -> Value {
    match activation {
        Activation::Relu => layers.map("Relu", path, x),
        Activation::LeakyRelu => layers.leaky_relu(path, 0.01, x),
        Activation::Gelu => layers.gelu(path, x),
        Activation::Silu => layers.silu(path, x),
        Activation::Tanh => layers.map("Tanh", path, x),
    }
}
