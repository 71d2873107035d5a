//! Small networks and an image for tests.

use serde_json::{Value, json};
use zoo_data::{Image, Interpolation, Preprocess, Resize};
use zoo_model::{DataShape, ModelSettings, Predictor, WeightsInfo};

use crate::backend::host;

/// Side of the images that the networks see, in pixels.
pub const SIDE: usize = 16;

/// The settings of a small network of each model, with its number of channels.
pub fn settings() -> [(Value, usize); 5] {
    [
        (json!({"cnn": {"widths": [4, 8], "hidden": 8}}), 3),
        (json!({"cnn": {"preset": "residual", "stem": 4, "widths": [4, 8]}}), 1),
        (json!({"alexnet": {"preset": "small-images", "widths": [4, 4, 4, 4, 4], "hidden": 8}}), 3),
        (
            json!({"resnet": {"preset": "resnet20", "depths": [1, 1], "stem_width": 4, "widths": [4, 8]}}),
            3,
        ),
        (json!({"vit": {"embed_dim": 16, "depth": 2, "num_heads": 2, "mlp_dim": 32}}), 3),
    ]
}

/// A network with fresh weights.
pub fn network(settings: &Value, channels: usize, classes: Vec<String>) -> Predictor {
    let model: ModelSettings = serde_json::from_value(settings.clone()).unwrap();
    let shape = DataShape { num_classes: classes.len(), channels, image_size: SIDE };
    let model = model.fit_to(shape).unwrap();
    let (mean, std) = (vec![0.5; channels], vec![0.25; channels]);
    let preprocess = Preprocess {
        image_size: SIDE,
        resize: Resize::Crop,
        crop_ratio: 1.0,
        crop_offset: Default::default(),
        interpolation: Interpolation::Bilinear,
        mean,
        std,
    };
    let device = host();
    Predictor {
        model: model.init(0, &device),
        info: WeightsInfo { model, classes, preprocess },
        device,
    }
}

/// Names of ten classes.
pub fn ten_classes() -> Vec<String> {
    (0..10).map(|number| format!("class {number}")).collect()
}

/// An image of another size and shape than the networks see.
pub fn image() -> Image {
    let pixels = (0..40 * 30 * 3).map(|place| (place * place % 251) as u8).collect();
    Image::new(40, 30, 3, pixels)
}
