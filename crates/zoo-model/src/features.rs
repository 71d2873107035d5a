//! What the head of a network reads.

use std::fmt::Display;

use burn::tensor::Tensor;
use zoo_kernels::nn::Tap;

use super::{AnyModel, head_path};

impl AnyModel {
    /// What the head reads of images, or what the network gives if it has none: its features.
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]`
    /// - returns: `[batch, features]`
    pub fn features(&self, images: Tensor<4>) -> Tensor<2> {
        let layers = self.layers();
        let mut tap = BeforeHead { head: head_path(&layers), features: None };
        let output = on_model!(self, model => model.forward_tapped(images, &mut tap));
        tap.features.unwrap_or(output)
    }
}

/// Keeps what the last layer before the head gives.
struct BeforeHead<'a> {
    head: &'a str,
    features: Option<Tensor<2>>,
}

impl Tap for BeforeHead<'_> {
    fn layer<const D: usize>(&mut self, name: impl Display, output: Tensor<D>) -> Tensor<D> {
        if name.to_string() != self.head {
            let batch = output.dims()[0];
            self.features = Some(output.clone().reshape([batch as i32, -1]));
        }
        output
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ModelSettings, host};

    /// Every network tells of its head by the path of its head, so that what comes before is found.
    #[test]
    fn features_are_what_the_head_reads() {
        for json in [
            r#"{"cnn": {"preset": "small"}}"#,
            r#"{"cnn": {"preset": "residual"}}"#,
            r#"{"alexnet": {"preset": "small-images"}}"#,
            r#"{"vit": {"preset": "mini", "depth": 1}}"#,
            r#"{"vit": {"preset": "mini", "depth": 1, "projection": 8}}"#,
        ] {
            let settings: ModelSettings = serde_json::from_str(json).unwrap();
            let model = settings.blank(&host());
            let layers = model.layers();
            let weight = format!("{}.weight", head_path(&layers));
            let tensors = model.tensors(None);
            let head = tensors.iter().find(|tensor| tensor.name == weight).expect("a head");
            let side = settings.shape().image_size;
            let features = model.features(Tensor::zeros([2, 3, side, side], &host()));
            assert_eq!(features.dims(), [2, head.shape[0]], "{json}");
        }
        let json = r#"{"vit": {"preset": "mini", "depth": 1, "num_classes": 0}}"#;
        let settings: ModelSettings = serde_json::from_str(json).unwrap();
        let images = || Tensor::zeros([2, 3, 32, 32], &host());
        let model = settings.init(0, &host());
        assert_eq!(model.features(images()).into_data(), model.logits(images()).into_data());
    }
}
