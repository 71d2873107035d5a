//! The built-in cases: each model in a small size, so that slow backends get through.

use serde_json::{Value, json};

use crate::case::Case;

/// Images a step, unless a user says otherwise.
const BATCH: usize = 16;

/// All four models on drawn images. Learning rates are low: at high ones a rounding error that
/// flips the winner of a max-pooling grows from step to step, whatever computes.
///
/// A step has `batch` images, or 16.
pub fn built_in(batch: Option<usize>) -> Vec<Case> {
    let batch = batch.unwrap_or(BATCH);
    let sgd = json!({"sgd": {"learning_rate": 0.001, "momentum": 0.9}});
    let adamw = json!({"adamw": {"learning_rate": 0.0001}});
    let alexnet = json!({"preset": "small-images", "widths": [8, 16, 24, 16, 16], "hidden": 32});
    let resnet =
        json!({"preset": "resnet20", "depths": [1, 2], "stem_width": 8, "widths": [8, 16]});
    let vit = json!({"preset": "mini", "depth": 2, "embed_dim": 32, "num_heads": 2, "mlp_dim": 64});
    [
        ("cnn", json!({"cnn": {"widths": [8, 16, 24], "hidden": 32}}), &sgd),
        (
            "cnn-residual",
            json!({"cnn": {"preset": "residual", "stem": 8, "widths": [8, 16]}}),
            &sgd,
        ),
        ("alexnet", json!({ "alexnet": alexnet }), &sgd),
        ("resnet", json!({ "resnet": resnet }), &sgd),
        ("vit", json!({ "vit": vit }), &adamw),
    ]
    .into_iter()
    .map(|(name, model, optimizer)| case(name, &model, optimizer, batch))
    .collect()
}

fn case(name: &str, model: &Value, optimizer: &Value, batch: usize) -> Case {
    let config = json!({
        "data": {"sea": {"train": 10 * batch, "valid": 10, "test": 10}},
        "loader": {"batch_size": batch},
        "model": model,
        "optimizer": optimizer,
    });
    let config = serde_json::from_value(config).expect("the built-in cases are sound");
    Case { name: name.to_string(), config, num_classes: None }
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
