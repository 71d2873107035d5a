//! The graph of `zoo-vit`.

use zoo_vit::{Activation, Block, LayerScale, Pooling, Vit, VitConfig};

use super::{
    graph::ints,
    layers::{Given, Layers, Value, values},
};

/// The part of the config that the blocks do not show.
struct Switches {
    num_heads: usize,
    activation: Activation,
    layer_norm_epsilon: f64,
}

/// Class scores of `images`, `[channels, image_size, image_size]`.
pub fn logits(layers: &mut Layers, model: &Vit, config: VitConfig, images: Value) -> Given {
    // Every setting is named: one that is new must be dealt with here.
    let VitConfig {
        preset: _,
        num_classes: _,
        channels: _,
        image_size: _,
        patch_size: _,
        embed_dim: _,
        depth: _,
        num_heads,
        mlp_dim: _,
        activation,
        pooling,
        // Both kinds are added alike.
        position: _,
        class_position,
        registers,
        pre_norm: _,
        layer_scale: _,
        projection: _,
        dropout: _,
        drop_path: _,
        layer_norm_epsilon,
        weight_deviation: _,
    } = config;
    let activation = activation.unwrap_or_default();
    let switches = Switches { num_heads, activation, layer_norm_epsilon };
    let mut tokens = embed(layers, model, class_position, &images)?;
    if let Some(norm) = &model.pre_norm {
        tokens = layers.layer_norm("pre_norm", norm, layer_norm_epsilon, &tokens)?;
    }
    for (index, block) in model.blocks.iter().enumerate() {
        tokens = self::block(layers, &format!("blocks.{index}"), block, &switches, &tokens)?;
    }
    let mut x = pooled(layers, model, pooling, registers, layer_norm_epsilon, &tokens)?;
    if let Some(projection) = &model.projection {
        x = layers.linear("projection", projection, &x)?;
    }
    match &model.head {
        Some(head) => layers.linear("head", head, &x),
        None => Err(String::from(
            "has no head (`num_classes` is 0), so there are no scores of classes to export",
        )),
    }
}

/// The tokens that the first block sees. Class tokens and registers are rows of zeros before the patches,
/// to which the tokens and their positions are added as one: so nothing in the graph asks for the size of
/// the batch.
fn embed(layers: &mut Layers, model: &Vit, class_position: bool, images: &Value) -> Given {
    let path = "patch_embedding";
    let patches = layers.conv2d(path, &model.patch_embedding, images)?;
    let [embed_dim, count] = [patches.shape[0], patches.shape[1] * patches.shape[2]];
    let patches = layers.reshape(path, &patches, &[embed_dim, count]);
    let order = vec![ints("perm", &[0, 2, 1])];
    let mut tokens = layers.node("Transpose", path, &[&patches.name], order, &[count, embed_dim]);
    let mut learned = |path: &str, tokens: &Option<_>| match tokens {
        Some(tokens) => {
            layers.placed.insert(path.to_string());
            values(tokens)
        }
        None => Vec::new(),
    };
    let mut added = learned("class_token", &model.class_token);
    added.extend(learned("distillation_token", &model.distillation_token));
    let registers = learned("register_tokens", &model.register_tokens);
    let places: Vec<f32> = match model.places() {
        Some(places) => places.into_data().iter::<f32>().collect(),
        None => vec![0.0; count * embed_dim],
    };
    let of_class = if class_position { places.len() - count * embed_dim } else { 0 };
    let (of_class, of_patches) = places.split_at(of_class);
    added.iter_mut().zip(of_class).for_each(|(value, place)| *value += place);
    added.extend(registers);
    let before = added.len() / embed_dim;
    added.extend(of_patches);
    if before > 0 {
        let pads = [0, before as i64, 0, 0, 0, 0];
        let pads = layers.graph.integers("class_token/pads", &pads);
        let shape = [before + count, embed_dim];
        tokens = layers.node("Pad", "class_token", &[&tokens.name, &pads], Vec::new(), &shape);
    }
    let path = "position_embedding";
    let added = layers.parameter(path, &added, &tokens.shape)?;
    Ok(layers.node("Add", path, &[&tokens.name, &added], Vec::new(), &tokens.shape))
}

/// What the head reads: features in one row.
fn pooled(
    layers: &mut Layers,
    model: &Vit,
    pooling: Pooling,
    registers: usize,
    epsilon: f64,
    tokens: &Value,
) -> Given {
    let norm = |layers: &mut Layers, x: &Value| layers.layer_norm("norm", &model.norm, epsilon, x);
    let (all, path) = (tokens.shape[0], "pooling");
    Ok(match pooling {
        Pooling::ClassToken => {
            let token = layers.tokens(path, [0, 1], tokens);
            let token = norm(layers, &token)?;
            layers.flatten(path, &token)
        }
        Pooling::ClassAndDistillation => {
            let both = layers.tokens(path, [0, 2], tokens);
            let both = norm(layers, &both)?;
            layers.flatten(path, &both)
        }
        Pooling::Mean => {
            let patches = layers.tokens(path, [registers, all], tokens);
            let patches = norm(layers, &patches)?;
            layers.mean_token(path, &patches)
        }
        Pooling::ClassAndMean => {
            let tokens = norm(layers, tokens)?;
            let class = layers.tokens(path, [0, 1], &tokens);
            let class = layers.flatten(path, &class);
            let patches = layers.tokens(path, [1 + registers, all], &tokens);
            let mean = layers.mean_token(path, &patches);
            layers.join(path, &class, &mean)
        }
        Pooling::None => {
            let tokens = norm(layers, tokens)?;
            let class = layers.tokens(path, [0, 1], &tokens);
            let patches = layers.tokens(path, [1 + registers, all], &tokens);
            let both = layers.join(path, &class, &patches);
            layers.flatten(path, &both)
        }
    })
}

fn block(
    layers: &mut Layers,
    path: &str,
    block: &Block,
    switches: &Switches,
    tokens: &Value,
) -> Given {
    let Switches { num_heads, activation, layer_norm_epsilon } = *switches;
    let below = |name: &str| format!("{path}.{name}");
    let x = layers.layer_norm(&below("norm1"), &block.norm1, layer_norm_epsilon, tokens)?;
    let x = layers.linear(&below("attention.qkv"), &block.attention.qkv, &x)?;
    let x = layers.self_attention(&below("attention"), &x, num_heads);
    let x = layers.linear(&below("attention.proj"), &block.attention.proj, &x)?;
    let x = scaled(layers, &below("layer_scale1"), block.layer_scale1.as_ref(), x)?;
    let tokens = layers.add(&below("attention"), tokens, &x);
    let x = layers.layer_norm(&below("norm2"), &block.norm2, layer_norm_epsilon, &tokens)?;
    let x = layers.linear(&below("mlp.fc1"), &block.mlp.fc1, &x)?;
    let x = activated(layers, &below("mlp"), activation, &x);
    let x = layers.linear(&below("mlp.fc2"), &block.mlp.fc2, &x)?;
    let x = scaled(layers, &below("layer_scale2"), block.layer_scale2.as_ref(), x)?;
    Ok(layers.add(&below("mlp"), &tokens, &x))
}

fn scaled(layers: &mut Layers, path: &str, layer_scale: Option<&LayerScale>, x: Value) -> Given {
    let Some(layer_scale) = layer_scale else {
        return Ok(x);
    };
    let gamma = values(&layer_scale.gamma);
    let gamma = layers.parameter(&format!("{path}.gamma"), &gamma, &[gamma.len()])?;
    Ok(layers.node("Mul", path, &[&x.name, &gamma], Vec::new(), &x.shape))
}

fn activated(layers: &mut Layers, path: &str, activation: Activation, x: &Value) -> Value {
    match activation {
        Activation::Gelu => layers.gelu(path, x),
        Activation::GeluTanh => layers.gelu_tanh(path, x),
        Activation::QuickGelu => layers.quick_gelu(path, x),
        Activation::Relu => layers.map("Relu", path, x),
        Activation::Silu => layers.silu(path, x),
        Activation::SwiGlu => layers.swiglu(path, x),
    }
}
