//! Weights that are explained, and an image before them.

use std::path::Path;

use burn::tensor::{Device, Tensor};
use zoo_data::Image;

use super::{HeatMap, Record, Slopes, slopes};
use crate::{
    Error, class_names,
    evaluation::{NO_ANSWER, is_answer, probabilities, ranking, rows},
    model::{AnyModel, WeightsInfo, on_model},
};

/// A trained network with all that it needs to look at an image.
pub struct Network {
    /// The network's settings, its classes and how it wants its images.
    pub info: WeightsInfo,
    /// The network.
    pub model: AnyModel,
    /// Where it computes.
    pub device: Device,
}

/// An image as a network sees it, and what the network makes of it.
pub struct Subject<'a> {
    /// Who looks.
    pub network: &'a Network,
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

impl Network {
    /// Reads a file of weights.
    ///
    /// # Errors
    ///
    /// Those of [`WeightsInfo::read`] and [`AnyModel::load`].
    pub fn open(weights: &Path, device: &Device) -> Result<Self, Error> {
        let info = WeightsInfo::read(weights)?;
        let mut model = info.model.init(0, device);
        model.load(weights)?;
        Ok(Self { info, model, device: device.clone() })
    }

    /// What the layers give for an image of zeros: enough to know which layers there are.
    pub fn blank_record(&self) -> Record {
        let (channels, side) = (self.info.preprocess.channels(), self.info.preprocess.image_size);
        self.record(Tensor::zeros([1, channels, side, side], &self.device))
    }

    /// What every layer gives for one image, `[1, channels, height, width]`.
    fn record(&self, image: Tensor<4>) -> Record {
        let mut record = Record::default();
        on_model!(&self.model, model => drop(model.forward_tapped(image, &mut record)));
        record
    }

    /// How the deep maps of each image, `[batch, channels, height, width]`, speak for the class of
    /// its label.
    pub fn slopes(&self, images: Tensor<4>, labels: &[usize]) -> Vec<Slopes> {
        on_model!(&self.model, model => slopes(model, images, labels))
    }

    /// Looks at an image. What is explained is the class of `label`, or else the most probable.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if the device gives up, or the scores are no numbers.
    pub fn look(&self, image: &Image, label: Option<usize>) -> Result<Subject<'_>, Error> {
        let original_size = [image.width(), image.height()];
        let input = self.info.preprocess.tensor(std::slice::from_ref(image), &self.device);
        let image = self.info.preprocess.apply(image.clone());
        let logits = self.model.logits(input.clone());
        let probabilities = probabilities(logits.clone())?.remove(0);
        let logits = rows(logits)?.remove(0);
        if !is_answer(&logits) {
            return Err(Error::Failed(String::from(NO_ANSWER)));
        }
        let ranking = ranking(&logits);
        Ok(Subject {
            network: self,
            original_size,
            record: self.record(input.clone()),
            image,
            input,
            logits,
            probabilities,
            label: label.unwrap_or(ranking[0]),
            ranking,
        })
    }
}

impl Subject<'_> {
    /// The name of a class, with its label where several have the name.
    ///
    /// # Panics
    ///
    /// If there is no such class.
    pub fn class(&self, label: usize) -> String {
        class_names::told(label, &self.network.info.classes)
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
        self.network.slopes(self.input.clone(), &[label]).remove(0)
    }

    /// Side of the image in pixels.
    pub fn side(&self) -> usize {
        self.image.width()
    }
}
