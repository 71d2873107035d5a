//! What is timed: the networks that papers and other frameworks are measured by, or a config.

use serde_json::{Value, json};

use super::BATCHES;
use crate::{case::Case, config::RunConfig};

/// The built-in cases, on drawn images, with `batch` images a step or as many as they have of
/// their own.
pub fn built_in(batch: Option<usize>) -> Vec<Case> {
    let vit = json!({"vit": {"preset": "mini", "embed_dim": 192, "num_heads": 3, "mlp_dim": 768}});
    let dinov2 = json!({"vit": {"preset": "small-16", "patch_size": 14, "layer_scale": 1e-5}});
    [
        ("cnn-32", json!({"cnn": {"preset": "small", "dropout": 0}}), 32, 128, 10),
        ("alexnet-224", json!({"alexnet": {"preset": "torchvision"}}), 224, 16, 1000),
        ("resnet-20-32", json!({"resnet": {"preset": "resnet20"}}), 32, 128, 10),
        ("resnet-18-224", json!({"resnet": {"preset": "resnet18"}}), 224, 16, 1000),
        ("resnet-50-224", json!({"resnet": {"preset": "resnet50"}}), 224, 8, 1000),
        ("vit-tiny-16-224", json!({"vit": {"preset": "tiny-16"}}), 224, 8, 1000),
        ("vit-192x6-32", vit, 32, 64, 10),
        ("dinov2-small-14-224", dinov2, 224, 8, 10),
    ]
    .into_iter()
    .map(|(name, model, image_size, usual, num_classes)| Case {
        name: name.to_string(),
        config: config(&model, image_size, batch.unwrap_or(usual)),
        num_classes: Some(num_classes),
    })
    .collect()
}

fn config(model: &Value, image_size: usize, batch: usize) -> RunConfig {
    // At least one image per class.
    let train = (BATCHES * batch).max(10);
    let config = json!({
        "data": {"sea": {"train": train, "valid": 10, "test": 10, "preprocess": {"image_size": image_size}}},
        "loader": {"batch_size": batch},
        "model": model,
        "optimizer": {"sgd": {"learning_rate": 0.001, "momentum": 0.9}},
    });
    serde_json::from_value(config).expect("the built-in cases are sound")
}

#[cfg(test)]
mod tests {

    use zoo_model::DataShape;

    use super::*;

    #[test]
    fn the_built_in_cases_can_be_run() {
        for case in built_in(None) {
            case.config.check().unwrap();
            let data = case.config.data.open().unwrap();
            case.model(DataShape::of(&data)).unwrap();
        }
    }
}
