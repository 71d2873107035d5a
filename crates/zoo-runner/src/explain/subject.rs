//! An image before a trained network.

use burn::tensor::Tensor;
use zoo_data::Image;
use zoo_model::{NO_ANSWER, Predictor, Scores, on_model};

use super::{HeatMap, Record, Slopes, slopes};
use crate::{Error, classes::names};

/// An image as a network sees it, and what the network makes of it.
pub struct Subject<'a> {
    /// Who looks.
    pub network: &'a Predictor,
    /// Width and height in pixels of the image as it came.
    pub original_size: [usize; 2],
    /// The image with the network's size and channels.
    pub image: Image,
    /// The same normalised, `[1, channels, image_size, image_size]`.
    pub input: Tensor<4>,
    /// What every layer gives.
    pub record: Record,
    /// The score of each class.
    pub logits: Vec<f32>,
    /// The probability of each class.
    pub probabilities: Vec<f32>,
    /// Labels from the most to the least probable.
    pub ranking: Vec<usize>,
    /// The class that is explained.
    pub label: usize,
}

/// What the layers give for an image of zeros: enough to know which layers there are.
pub fn blank_record(network: &Predictor) -> Record {
    let preprocess = &network.info.preprocess;
    let (channels, side) = (preprocess.channels(), preprocess.image_size);
    record(network, Tensor::zeros([1, channels, side, side], &network.device))
}

/// What every layer gives for one image, `[1, channels, height, width]`.
fn record(network: &Predictor, image: Tensor<4>) -> Record {
    let mut record = Record::default();
    on_model!(&network.model, model => drop(model.forward_tapped(image, &mut record)));
    record
}

impl<'a> Subject<'a> {
    /// What `network` makes of an image. What is explained is the class of `label`, or else the most
    /// probable.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if the device gives up, or the scores are no numbers.
    pub fn new(network: &'a Predictor, image: &Image, label: Option<usize>) -> Result<Self, Error> {
        let size = [image.width(), image.height()];
        Self::of_applied(network, network.info.preprocess.apply(image.clone()), size, label)
    }

    /// The same of an image to which the network's preprocessing has been applied already; it was
    /// `original_size` before.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if the device gives up, or the scores are no numbers.
    ///
    /// # Panics
    ///
    /// If the image has not the size and channels that the network sees.
    pub fn of_applied(
        network: &'a Predictor,
        image: Image,
        original_size: [usize; 2],
        label: Option<usize>,
    ) -> Result<Self, Error> {
        let preprocess = &network.info.preprocess;
        let input = preprocess.prepared_tensor(&[preprocess.packed(&image)], &network.device);
        let scores = Scores::of(network.model.logits(input.clone()))?.remove(0);
        if !scores.is_answer() {
            return Err(Error::Failed(String::from(NO_ANSWER)));
        }
        let ranking = scores.ranking();
        Ok(Self {
            network,
            original_size,
            record: record(network, input.clone()),
            image,
            input,
            logits: scores.logits,
            probabilities: scores.probabilities,
            label: label.unwrap_or(ranking[0]),
            ranking,
        })
    }

    /// The name of a class, with its label where several have the name.
    ///
    /// # Panics
    ///
    /// If there is no such class.
    pub fn class(&self, label: usize) -> String {
        names::told(label, &self.network.info.classes)
    }

    /// A class with its probability, as in `crab (98.1 %)`.
    pub fn class_and_probability(&self, label: usize) -> String {
        format!("{} ({:.1} %)", self.class(label), 100.0 * self.probabilities[label])
    }

    /// What speaks for a class, by Grad-CAM.
    pub fn grad_cam(&self, label: usize) -> HeatMap {
        self.slopes(label).grad_cam()
    }

    /// What speaks for a class, by HiResCAM.
    pub fn hires_cam(&self, label: usize) -> HeatMap {
        self.slopes(label).hires_cam()
    }

    fn slopes(&self, label: usize) -> Slopes {
        let input = self.input.clone();
        on_model!(&self.network.model, model => slopes(model, input, &[label])).remove(0)
    }

    /// Side of the image in pixels.
    pub fn side(&self) -> usize {
        self.image.width()
    }
}
