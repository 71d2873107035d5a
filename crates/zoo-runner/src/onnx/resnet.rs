//! The graph of `zoo-resnet`.

use zoo_resnet::{Block, ConvNorm, ResNet, ResNetConfig, Shortcut, Stem};

use super::layers::{Given, Layers, Value};

/// Class scores of `images`, `[channels, image_size, image_size]`.
pub fn logits(layers: &mut Layers, model: &ResNet, config: ResNetConfig, images: Value) -> Given {
    // Every setting is named: one that is new must be dealt with here.
    let ResNetConfig {
        preset: _,
        num_classes: _,
        channels: _,
        image_size: _,
        stem,
        stem_width: _,
        block: _,
        depths: _,
        widths: _,
        shortcut,
        zero_init_last_norm: _,
        dropout: _,
    } = config;
    let mut x = images;
    for (index, layer) in model.stem.iter().enumerate() {
        let path = format!("stem.{index}");
        x = conv_norm(layers, &path, layer, &x)?;
        x = layers.map("Relu", &path, &x);
    }
    match stem {
        Stem::SevenBySeven | Stem::ThreeConvolutions => {
            x = layers.padded_pool("MaxPool", "pool", [3, 2], [1; 4], &x);
        }
        Stem::ThreeByThree => {}
    }
    for (stage, blocks) in model.stages.iter().enumerate() {
        for (index, block) in blocks.blocks.iter().enumerate() {
            let path = format!("stages.{stage}.blocks.{index}");
            x = self::block(layers, &path, block, shortcut, &x)?;
        }
    }
    let x = layers.global_pool("GlobalAveragePool", "global_pooling", &x);
    layers.linear("head", &model.head, &x)
}

fn block(layers: &mut Layers, path: &str, block: &Block, kind: Shortcut, x: &Value) -> Given {
    let shortcut = shortcut(layers, path, block, kind, x)?;
    let mut x = x.clone();
    let last = block.layers.len() - 1;
    for (index, layer) in block.layers.iter().enumerate() {
        let path = format!("{path}.layers.{index}");
        x = conv_norm(layers, &path, layer, &x)?;
        if index < last {
            x = layers.map("Relu", &path, &x);
        }
    }
    let sum = layers.add(path, &x, &shortcut);
    Ok(layers.map("Relu", path, &sum))
}

/// The block's input at the size of its output.
fn shortcut(layers: &mut Layers, path: &str, block: &Block, kind: Shortcut, x: &Value) -> Given {
    let Some(way) = &block.shortcut else {
        return Ok(x.clone());
    };
    let path = format!("{path}.shortcut");
    let stride = block.layers.iter().map(|layer| layer.conv.stride[0]).product();
    let x = match kind {
        Shortcut::Convolution => x.clone(),
        Shortcut::AveragePooling if stride == 1 => x.clone(),
        Shortcut::AveragePooling => {
            // A window that reaches over the edge is the mean of what it sees.
            let over = |axis: usize| x.shape[axis].next_multiple_of(stride) - x.shape[axis];
            layers.padded_pool("AveragePool", &path, [stride; 2], [0, 0, over(1), over(2)], x)
        }
        Shortcut::ZeroPadding => {
            let channels =
                block.layers.last().map_or(x.shape[0], |last| last.conv.weight.dims()[0]);
            let pixels = layers.every(&path, stride, x);
            layers.pad_channels(&path, (channels - x.shape[0]) / 2, &pixels)
        }
    };
    match &way.project {
        Some(project) => conv_norm(layers, &format!("{path}.project"), project, &x),
        None => Ok(x),
    }
}

fn conv_norm(layers: &mut Layers, path: &str, layer: &ConvNorm, x: &Value) -> Given {
    let paths = [&*format!("{path}.conv"), &*format!("{path}.norm")];
    layers.conv2d_norm(paths, &layer.conv, Some(&layer.norm), x)
}
