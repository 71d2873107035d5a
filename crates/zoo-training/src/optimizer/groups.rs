//! Which parameters are treated differently: those without weight decay, and layers with learning
//! rates of their own.

use burn::{
    module::{ModuleVisitor, Param, ParamGroup},
    optim::lr_scheduler::module_lr_scheduler::{ModuleLearningRate, ModuleLrScheduler},
    tensor::Tensor,
};
use zoo_model::{Classifier, head_path, is_within};
use zoo_settings::{range, settings};

settings! {
    /// Which parameters are treated differently.
    pub struct ParameterGroupsConfig {
        /// Parameters without weight decay, by the last part of their names: by default norms,
        /// biases, class and distillation tokens and positions, as in timm and the papers of the
        /// Vision Transformer. With an empty list, weight decay applies to all, as in a plain
        /// PyTorch optimizer.
        pub no_weight_decay: Vec<String> = UNDECAYED.map(String::from).to_vec(),
        /// The factor of the learning rate from each layer to the one before it, above 0 and at
        /// most 1; with 1, all layers have the same learning rate.
        /// <https://arxiv.org/abs/2106.08254>
        pub layer_decay: f64 = 1.0,
    }
}

const UNDECAYED: [&str; 6] =
    ["bias", "gamma", "beta", "class_token", "distillation_token", "position_embedding"];

impl ParameterGroupsConfig {
    /// Refuses settings that are out of range.
    ///
    /// # Errors
    ///
    /// What was found and what was expected, beginning with the name of the setting.
    pub fn check(&self) -> Result<(), String> {
        range::above_zero("layer_decay", self.layer_decay)?;
        Ok(range::fraction("layer_decay", self.layer_decay)?)
    }
}

/// The parameters of one network, grouped.
#[derive(Clone)]
pub struct ParameterGroups {
    /// Those that weight decay leaves alone.
    pub undecayed: ParamGroup,
    /// The matrices of hidden layers: not the head, not embeddings, not convolutions.
    pub hidden_matrices: ParamGroup,
    /// Layers with their factor of the learning rate, all but the last one.
    layers: Vec<(ParamGroup, f64)>,
}

impl ParameterGroups {
    /// The groups of `model`.
    pub fn new<M: Classifier>(model: &M, config: &ParameterGroupsConfig) -> Self {
        let mut list = ParameterList::default();
        model.visit(&mut list);
        let layers = model.layers();
        let in_layer =
            |path: &str, layer: &[String]| layer.iter().any(|prefix| is_within(path, prefix));
        let group = |chosen: &dyn Fn(&Parameter) -> bool| {
            let chosen = list.parameters.iter().filter(|parameter| chosen(parameter));
            ParamGroup::from_paths(chosen.map(|parameter| parameter.path.clone()).collect())
        };
        let last = layers.len().saturating_sub(1);
        let slowed = if config.layer_decay == 1.0 { 0 } else { last };
        Self {
            undecayed: group(&|parameter| {
                let name = parameter.path.rsplit('.').next().unwrap_or_default();
                config.no_weight_decay.iter().any(|undecayed| undecayed == name)
            }),
            hidden_matrices: ParamGroup::from_paths(hidden_matrices(model)),
            layers: layers[..slowed]
                .iter()
                .enumerate()
                .map(|(depth, layer)| {
                    let factor = config.layer_decay.powi((last - depth) as i32);
                    (group(&|parameter| in_layer(&parameter.path, layer)), factor)
                })
                .collect(),
        }
    }

    /// The same with a learning rate of the head that is `factor` times that of the last layer.
    pub fn with_head<M: Classifier>(mut self, model: &M, factor: f64) -> Self {
        let mut list = ParameterList::default();
        model.visit(&mut list);
        let layers = model.layers();
        let head = head_path(&layers);
        let paths = list.parameters.into_iter().map(|parameter| parameter.path);
        let paths = paths.filter(|path| is_within(path, head)).collect();
        self.layers.push((ParamGroup::from_paths(paths), factor));
        self
    }

    /// The learning rate of each parameter, if that of the last layer is `rate`.
    pub fn rates(&self, rate: f64) -> ModuleLearningRate {
        // Burn lets groups of rates be made by a scheduler only.
        let rates = ModuleLrScheduler::new(rate);
        let with_layer = |rates: ModuleLrScheduler, (layer, factor): &(ParamGroup, f64)| {
            rates.with_group(layer.clone(), rate * factor)
        };
        self.layers.iter().fold(rates, with_layer).step()
    }
}

/// The paths of the matrices of hidden layers: not the head, not embeddings, not convolutions.
pub fn hidden_matrices<M: Classifier>(model: &M) -> Vec<String> {
    let mut list = ParameterList::default();
    model.visit(&mut list);
    let last = model.layers().pop().unwrap_or_default();
    let is_hidden = |path: &str| !last.iter().any(|layer| is_within(path, layer));
    let matrices = list.parameters.into_iter().filter(|parameter| parameter.rank == 2);
    matrices.map(|parameter| parameter.path).filter(|path| is_hidden(path)).collect()
}

struct Parameter {
    path: String,
    rank: usize,
}

#[derive(Default)]
struct ParameterList {
    path: Vec<String>,
    parameters: Vec<Parameter>,
}

impl ModuleVisitor for ParameterList {
    zoo_model::keep_path!();

    fn visit_float<const D: usize>(&mut self, _: &Param<Tensor<D>>) {
        self.parameters.push(Parameter { path: self.path.join("."), rank: D });
    }
}

#[cfg(test)]
mod tests {
    use burn::module::ParamId;
    use zoo_alexnet::{AlexNetConfig, AlexNetPreset};
    use zoo_cnn::{CnnConfig, CnnPreset};
    use zoo_model::host;
    use zoo_resnet::{ResNetConfig, ResNetPreset};
    use zoo_vit::{VitConfig, VitPreset};

    use super::*;

    fn vit() -> zoo_vit::Vit {
        VitConfig::preset(VitPreset::Mini).init(&host())
    }

    fn matches(group: &ParamGroup, path: &str) -> bool {
        group.matches(&ParamId::from(1), Some(path))
    }

    #[test]
    fn norms_biases_tokens_and_positions_are_not_decayed() {
        let groups = ParameterGroups::new(&vit(), &ParameterGroupsConfig::default());
        for path in ["head.bias", "blocks.3.norm1.gamma", "class_token", "position_embedding"] {
            assert!(matches(&groups.undecayed, path), "{path}");
        }
        for path in ["head.weight", "blocks.3.mlp.fc1.weight", "patch_embedding.weight"] {
            assert!(!matches(&groups.undecayed, path), "{path}");
        }
        let config = ParameterGroupsConfig { no_weight_decay: Vec::new(), layer_decay: 1.0 };
        let groups = ParameterGroups::new(&vit(), &config);
        assert!(!matches(&groups.undecayed, "head.bias"));
    }

    #[test]
    fn hidden_matrices_are_neither_head_nor_embedding() {
        let groups = ParameterGroups::new(&vit(), &ParameterGroupsConfig::default());
        let is_hidden = |path: &str| matches(&groups.hidden_matrices, path);
        assert!(is_hidden("blocks.0.attention.qkv.weight"));
        assert!(is_hidden("blocks.5.mlp.fc2.weight"));
        for path in ["head.weight", "patch_embedding.weight", "class_token", "norm.gamma"] {
            assert!(!is_hidden(path), "{path}");
        }
    }

    /// timm's `param_groups_layer_decay`: the embeddings are a layer, each block is one, the last
    /// norm and the head are one.
    #[test]
    fn layers_nearer_to_the_image_learn_more_slowly() {
        let config = ParameterGroupsConfig { layer_decay: 0.5, ..Default::default() };
        let groups = ParameterGroups::new(&vit(), &config);
        let rates = groups.rates(1.0);
        let rate = |path: &str| rates.lr_from_param(ParamId::from(1), Some(path));
        let depth = vit().blocks.len() as i32;
        assert_eq!(rate("head.weight"), 1.0);
        assert_eq!(rate("norm.gamma"), 1.0);
        assert_eq!(rate(&format!("blocks.{}.norm1.gamma", depth - 1)), 0.5);
        assert_eq!(rate("blocks.0.mlp.fc1.weight"), 0.5_f64.powi(depth));
        for path in ["patch_embedding.weight", "class_token", "position_embedding"] {
            assert_eq!(rate(path), 0.5_f64.powi(depth + 1), "{path}");
        }
        assert_eq!(rates.base(), 1.0);
    }

    #[test]
    fn every_parameter_is_in_one_layer() {
        fn check<M: Classifier>(model: &M) {
            let mut list = ParameterList::default();
            model.visit(&mut list);
            for Parameter { path, .. } in list.parameters {
                let layers = model.layers();
                let holds =
                    |layer: &&Vec<String>| layer.iter().any(|prefix| is_within(&path, prefix));
                assert_eq!(layers.iter().filter(holds).count(), 1, "{path}");
            }
        }
        check(&vit());
        check(&CnnConfig::preset(CnnPreset::Small).init(&host()));
        check(&CnnConfig::preset(CnnPreset::Residual).init(&host()));
        check(&AlexNetConfig::preset(AlexNetPreset::SmallImages).init(&host()));
        check(&ResNetConfig::preset(ResNetPreset::ResNet18).init(&host()));
    }
}
