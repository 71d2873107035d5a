//! How a pretrained network is fitted to the data.

use burn::module::{Lora, ParamGroup};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zoo_model::{Classifier, host, seeded};
use zoo_settings::{range, settings};

use super::Freeze;
use crate::hidden_matrices;

/// How a pretrained network is fitted to the data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// All weights are trained, except those that `freeze` names.
    #[default]
    Train,
    /// The weights stay unchanged. The features of the images are computed once, and logistic
    /// regression fits a new head to them, with the penalty that does best on the valid split.
    /// Augmentation, optimizer, schedule and budget have no effect.
    /// <https://arxiv.org/abs/2103.00020>, section 3.2
    LinearProbe,
    /// The weights stay unchanged, but the product of two narrow matrices is added to each matrix
    /// of the hidden layers; these and the head are trained.
    Lora(LoraConfig),
}

settings! {
    /// Low-rank adapters. <https://arxiv.org/abs/2106.09685>
    pub struct LoraConfig {
        /// Number of columns of the first and rows of the second narrow matrix, at least 1.
        pub rank: usize = 8,
        /// The product is scaled by this, above 0, divided by the rank.
        pub alpha: f64 = 16.0,
    }
}

impl Method {
    /// Refuses settings out of range, including `freeze` where it has no effect.
    pub(super) fn check(&self, freezes: bool, has_new_head: bool) -> Result<(), String> {
        match self {
            Self::Train => return Ok(()),
            Self::LinearProbe if !has_new_head => {
                return Err(String::from(
                    "`method`: `linear-probe` fits a new head: set `head` to `new`",
                ));
            }
            Self::LinearProbe => {}
            Self::Lora(LoraConfig { rank: 0, .. }) => {
                return Err(String::from("`method.lora.rank` must be at least 1"));
            }
            Self::Lora(LoraConfig { alpha, .. }) => {
                range::above_zero("method.lora.alpha", *alpha)?;
            }
        }
        match freezes {
            true => Err(String::from(
                "`freeze` and `thaw` work only with the method `train`: leave them out",
            )),
            false => Ok(()),
        }
    }
}

impl LoraConfig {
    /// `model` with adapters, drawn by `seed`: all of it is frozen but these and the head.
    ///
    /// # Errors
    ///
    /// If the network has no hidden matrix.
    pub fn attach<M: Classifier>(&self, model: M, seed: u64) -> Result<M, String> {
        let hidden = hidden_matrices(&model);
        if hidden.is_empty() {
            return Err(String::from(
                "`method`: `lora` adapts the matrices of hidden layers, and this network has none",
            ));
        }
        let head = Freeze::head(&model.layers())?;
        let device = model.devices().into_iter().next().unwrap_or_else(host);
        // Drawn on the host, so that they are the same on every device.
        let model = model.to_device(&host()).freeze();
        let lora = Lora::new(self.rank, self.alpha).set_param_group(ParamGroup::from_paths(hidden));
        let model = seeded(&host(), seed, || model.apply_lora(lora));
        Ok(model.unfreeze_group(head).to_device(&device))
    }
}

#[cfg(test)]
mod tests {
    use burn::{
        module::{Module, ModuleVisitor, Param},
        tensor::{Tensor, Tolerance},
    };
    use zoo_cnn::{CnnConfig, CnnPreset};
    use zoo_vit::{VitConfig, VitPreset};

    use super::*;

    /// Counts the numbers that are trained.
    #[derive(Default)]
    struct Trained(usize);

    impl ModuleVisitor for Trained {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if param.base().is_require_grad() {
                self.0 += param.lazy_shape().num_elements();
            }
        }
    }

    #[test]
    fn adapters_of_hidden_matrices_and_the_head_are_trained() {
        let config = VitConfig::preset(VitPreset::Mini);
        let model = config.init(&host());
        let images =
            Tensor::ones([1, config.channels, config.image_size, config.image_size], &host());
        let before = model.forward(images.clone()).into_data();
        let adapted = LoraConfig { rank: 4, alpha: 8.0 }.attach(model, 7).unwrap();
        let mut trained = Trained::default();
        adapted.clone().train().fork(&host().autodiff()).visit(&mut trained);
        let (width, mlp) = (config.embed_dim, config.mlp_dim);
        let sides = [(width, 3 * width), (width, width), (width, mlp), (mlp, width)];
        let of_block: usize = sides.iter().map(|(rows, columns)| 4 * (rows + columns)).sum();
        let head = config.num_classes * (width + 1);
        assert_eq!(trained.0, config.depth * of_block + head);
        // The second matrix of each pair starts at 0.
        let after = adapted.forward(images).into_data();
        after.assert_approx_eq::<f32>(&before, Tolerance::absolute(1e-6));
    }

    #[test]
    fn a_network_of_convolutions_alone_is_refused() {
        let model = CnnConfig::preset(CnnPreset::Residual).init(&host());
        let error = LoraConfig::default().attach(model, 0).unwrap_err();
        assert_eq!(
            error,
            "`method`: `lora` adapts the matrices of hidden layers, and this network has none"
        );
    }
}
