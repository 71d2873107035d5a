//! What a user says about weights, applied over what is known about them.

use std::path::Path;

use burn::tensor::Device;
use zoo_data::{CropOffset, Preprocess};
use zoo_model::DataShape;

use super::{ImportOptions, Pretrained, adapt::Adaptation};
use crate::Error;

impl Pretrained {
    /// Lays what the user said over what is known of the weights.
    pub(super) fn describe(
        &mut self,
        path: &Path,
        options: &ImportOptions,
        device: &Device,
    ) -> Result<(), Error> {
        let refuse = |message: String| Error::run(path, message);
        let preprocess = &mut self.info.preprocess;
        if let Some(mean) = &options.mean {
            preprocess.mean.clone_from(mean);
        }
        if let Some(std) = &options.std {
            preprocess.std.clone_from(std);
        }
        if let Some(resize) = options.resize {
            (preprocess.resize, preprocess.crop_ratio) = (resize, 1.0);
            preprocess.crop_offset = CropOffset::Even;
        }
        preprocess.crop_ratio = options.crop_ratio.unwrap_or(preprocess.crop_ratio);
        preprocess.interpolation = options.interpolation.unwrap_or(preprocess.interpolation);
        if let Some(classes) = &options.classes {
            let scores = self.info.classes.len();
            if classes.len() != scores {
                return Err(refuse(format!(
                    "has a head for {scores} classes, but {} are named; for a new head, fine-tune \
                     with `fine_tune.head` `new`",
                    classes.len()
                )));
            }
            self.info.classes.clone_from(classes);
        }
        let DataShape { channels, image_size, .. } = self.info.model.shape();
        check_preprocess(preprocess, channels).map_err(refuse)?;
        preprocess.image_size = options.image_size.unwrap_or(preprocess.image_size);
        match preprocess.image_size {
            wanted if wanted != image_size && !options.keep_positions => {
                self.resize(path, wanted, device)
            }
            _ => Ok(()),
        }
    }

    /// The weights for data of the same shape.
    pub fn adaptation(&self) -> Adaptation<'_> {
        Adaptation {
            source: &self.model,
            settings: &self.info.model,
            names: &self.names,
            positions: self.positions,
            shape: self.info.model.shape(),
            new_head: false,
        }
    }

    /// The same network for images of another size.
    fn resize(&mut self, path: &Path, image_size: usize, device: &Device) -> Result<(), Error> {
        let shape = DataShape { image_size, ..self.info.model.shape() };
        let settings = self.info.model.clone().with_shape(shape);
        settings.check().map_err(|message| Error::run(path, message))?;
        let mut model = settings.blank(device);
        let adaptation = Adaptation { shape, ..self.adaptation() };
        let reshaped = adaptation.apply(&mut model).map_err(|message| Error::run(path, message))?;
        self.report.reshaped = reshaped.iter().map(|path| self.names.theirs(path)).collect();
        self.model = model;
        self.info.model = settings;
        self.info.preprocess.image_size = image_size;
        self.info.preprocess.check().map_err(|error| Error::run(path, error.to_string()))
    }
}

fn check_preprocess(preprocess: &Preprocess, channels: usize) -> Result<(), String> {
    preprocess.check().map_err(|error| error.to_string())?;
    match preprocess.channels() {
        found if found == channels => Ok(()),
        found => Err(format!(
            "takes images with {channels} channels, but --mean and --std have {found} values"
        )),
    }
}
