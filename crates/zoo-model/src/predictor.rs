//! Trained weights, ready to look at images.

use std::path::Path;

use burn::tensor::{Device, Tensor};
use zoo_data::{Image, Prepared};

use zoo_kernels::Precision;

use super::{AnyModel, Scores, WeightsInfo};
use crate::Error;

/// Trained weights with their classes, their preprocessing and a device: images in, probabilities out.
/// Can be sent to another thread.
///
/// ```no_run
/// use std::path::Path;
/// use burn::tensor::Device;
/// use zoo_model::{Image, Predictor};
///
/// let predictor = Predictor::open(Path::new("model.safetensors"), &Device::flex())?;
/// let scores = predictor.predict(&[Image::open(Path::new("photo.jpg"))?])?;
/// let best = scores[0].ranking()[0];
/// println!("{} {:.1} %", predictor.info.classes[best], 100.0 * scores[0].probabilities[best]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Predictor {
    /// The network's settings, its classes and its preprocessing.
    pub info: WeightsInfo,
    /// The network.
    pub model: AnyModel,
    /// Where it computes.
    pub device: Device,
}

impl Predictor {
    /// Reads a file of weights that the zoo wrote.
    ///
    /// # Errors
    ///
    /// Those of [`WeightsInfo::read`] and [`AnyModel::load`], and [`Error::Run`] if the network has no
    /// head.
    pub fn open(weights: &Path, device: &Device) -> Result<Self, Error> {
        let info = WeightsInfo::read(weights)?;
        info.check_head(weights)?;
        let mut model = info.model.blank(device);
        model.load(weights)?;
        Ok(Self { info, model, device: device.clone() })
    }

    /// The same for whoever computes with it in `precision` alone, see [`AnyModel::held_in`].
    #[must_use]
    pub fn held_in(self, precision: Precision) -> Self {
        Self { model: self.model.held_in(precision), ..self }
    }

    /// Images as the network wants them, `[batch, channels, image_size, image_size]`.
    ///
    /// # Panics
    ///
    /// Without an image.
    pub fn input(&self, images: &[Image]) -> Tensor<4> {
        self.info.preprocess.tensor(images, &self.device)
    }

    /// What the network says of each image. They go through it together: give as many as the memory
    /// takes at once.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if the device gives up.
    pub fn predict(&self, images: &[Image]) -> Result<Vec<Scores>, Error> {
        match images {
            [] => Ok(Vec::new()),
            _ => self.scores(self.input(images)),
        }
    }

    /// The same of images that [`Preprocess::prepare`](zoo_data::Preprocess::prepare) has made ready on
    /// other threads.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if the device gives up.
    ///
    /// # Panics
    ///
    /// Without an image, or if one was prepared for another network.
    pub fn predict_prepared(&self, images: &[Prepared]) -> Result<Vec<Scores>, Error> {
        self.scores(self.info.preprocess.prepared_tensor(images, &self.device))
    }

    /// What the network says of its [`input`](Self::input).
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if the device gives up.
    pub fn scores(&self, input: Tensor<4>) -> Result<Vec<Scores>, Error> {
        Scores::of(self.model.logits(input))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_predictor_can_be_sent_to_another_thread() {
        fn assert_send<T: Send>() {}
        assert_send::<Predictor>();
    }
}
