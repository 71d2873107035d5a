//! The graph of `zoo-vit`.

use zoo_vit::{Activation, Block, Pooling, Vit, VitConfig};

use super::{
    graph::ints,
    layers::{Layers, Value, values},
};

/// The part of the config that the blocks do not show.
struct Switches {
    num_heads: usize,
    activation: Activation,
    layer_norm_epsilon: f64,
}

/// Class scores of `images`, `[channels, image_size, image_size]`.
pub fn logits(
    layers: &mut Layers,
    model: &Vit,
    config: VitConfig,
    images: Value,
) -> Result<Value, String> {
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
        dropout: _,
        drop_path: _,
        layer_norm_epsilon,
        weight_deviation: _,
    } = config;
    let activation = activation.unwrap_or_default();
    let switches = Switches { num_heads, activation, layer_norm_epsilon };
    let mut tokens = embed(layers, model, &images)?;
    for (index, block) in model.blocks.iter().enumerate() {
        tokens = self::block(layers, &format!("blocks.{index}"), block, &switches, &tokens)?;
    }
    let (path, epsilon) = ("pooling", layer_norm_epsilon);
    let x = match pooling {
        Pooling::ClassToken => {
            let token = layers.tokens(path, [0, 1], &tokens);
            let token = layers.layer_norm("norm", &model.norm, epsilon, &token)?;
            layers.flatten(path, &token)
        }
        Pooling::Mean => {
            let tokens = layers.layer_norm("norm", &model.norm, epsilon, &tokens)?;
            layers.mean_token(path, &tokens)
        }
    };
    layers.linear("head", &model.head, &x)
}

/// The tokens that the first block sees. The class token is a row of zeros before the patches, to
/// which the token and its position are added as one: so nothing in the graph asks for the size of the
/// batch.
fn embed(layers: &mut Layers, model: &Vit, images: &Value) -> Result<Value, String> {
    let path = "patch_embedding";
    let patches = layers.conv2d(path, &model.patch_embedding, images)?;
    let [embed_dim, count] = [patches.shape[0], patches.shape[1] * patches.shape[2]];
    let patches = layers.reshape(path, &patches, &[embed_dim, count]);
    let order = vec![ints("perm", &[0, 2, 1])];
    let mut tokens = layers.node("Transpose", path, &[&patches.name], order, &[count, embed_dim]);
    let mut places = match model.places() {
        Some(places) => places.into_data().iter::<f32>().collect(),
        None => vec![0.0; count * embed_dim],
    };
    if let Some(class_token) = &model.class_token {
        let pads = layers.graph.integers("class_token/pads", &[0, 1, 0, 0, 0, 0]);
        let shape = [1 + count, embed_dim];
        tokens = layers.node("Pad", "class_token", &[&tokens.name, &pads], Vec::new(), &shape);
        let token = values(class_token);
        places.iter_mut().zip(token).for_each(|(place, value)| *place += value);
        layers.placed.insert(String::from("class_token"));
    }
    let places = layers.parameter("position_embedding", &places, &tokens.shape)?;
    Ok(layers.node(
        "Add",
        "position_embedding",
        &[&tokens.name, &places],
        Vec::new(),
        &tokens.shape,
    ))
}

fn block(
    layers: &mut Layers,
    path: &str,
    block: &Block,
    switches: &Switches,
    tokens: &Value,
) -> Result<Value, String> {
    let Switches { num_heads, activation, layer_norm_epsilon } = *switches;
    let below = |name: &str| format!("{path}.{name}");
    let x = layers.layer_norm(&below("norm1"), &block.norm1, layer_norm_epsilon, tokens)?;
    let x = layers.linear(&below("attention.qkv"), &block.attention.qkv, &x)?;
    let x = layers.self_attention(&below("attention"), &x, num_heads);
    let x = layers.linear(&below("attention.proj"), &block.attention.proj, &x)?;
    let tokens = layers.add(&below("attention"), tokens, &x);
    let x = layers.layer_norm(&below("norm2"), &block.norm2, layer_norm_epsilon, &tokens)?;
    let x = layers.linear(&below("mlp.fc1"), &block.mlp.fc1, &x)?;
    let x = activated(layers, &below("mlp"), activation, &x);
    let x = layers.linear(&below("mlp.fc2"), &block.mlp.fc2, &x)?;
    Ok(layers.add(&below("mlp"), &tokens, &x))
}

fn activated(layers: &mut Layers, path: &str, activation: Activation, x: &Value) -> Value {
    match activation {
        Activation::Gelu => layers.gelu(path, x),
        Activation::GeluTanh => layers.gelu_tanh(path, x),
        Activation::QuickGelu => layers.quick_gelu(path, x),
        Activation::Relu => layers.map("Relu", path, x),
        Activation::Silu => layers.silu(path, x),
    }
}
