//! Gradients of the blocks of a residual network against PyTorch's and timm's, which
//! `scripts/training_fixture.py` writes.

use std::collections::BTreeMap;

use burn::{
    module::{Module, ModuleVisitor, Param},
    nn::loss::CrossEntropyLossConfig,
    tensor::{Gradients, Tensor},
};
use serde::Deserialize;
use zoo_model::{
    filler::{filled, filler},
    host,
};
use zoo_resnet::{BlockKind, ResNetConfig, ResNetPreset, Shortcut, Stem};

use super::{CLASSES, batch, fixture};

#[derive(Deserialize)]
struct Reference {
    /// Of the batch.
    step: usize,
    loss: f64,
    /// Norm, and product with the numbers by the parameter's name.
    gradients: BTreeMap<String, [f64; 2]>,
}

/// The gradient of every parameter, as the reference has it.
struct Found<'a> {
    path: Vec<String>,
    gradients: &'a Gradients,
    found: BTreeMap<String, [f64; 2]>,
}

impl ModuleVisitor for Found<'_> {
    zoo_model::keep_path!();

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(gradient) = param.val().grad(self.gradients) else { return };
        let path = self.path.join(".");
        let gradient: Vec<f64> = gradient.into_data().iter::<f64>().collect();
        let pattern = filler(&format!("gradient of {path}"), 0, gradient.len(), 1.0);
        let norm = gradient.iter().map(|value| value * value).sum::<f64>().sqrt();
        let product =
            gradient.iter().zip(pattern).map(|(value, other)| value * f64::from(other)).sum();
        self.found.insert(path, [norm, product]);
    }
}

fn config(name: &str) -> ResNetConfig {
    let preset = |preset| ResNetConfig {
        num_classes: CLASSES,
        zero_init_last_norm: false,
        ..ResNetConfig::preset(preset)
    };
    let timms = preset(ResNetPreset::ResNet18).with_stages([(1, 4), (2, 4), (1, 8), (1, 8)]);
    let bottleneck = ResNetConfig { block: BlockKind::Bottleneck, ..timms.clone() };
    match name {
        "basic, zero-padding" => ResNetConfig {
            stem_width: 8,
            ..preset(ResNetPreset::ResNet20).with_stages([(1, 8), (2, 16)])
        },
        "basic, convolution" => timms,
        "bottleneck, convolution" => bottleneck,
        "bottleneck, average-pooling" => ResNetConfig {
            stem: Stem::ThreeConvolutions,
            stem_width: 8,
            shortcut: Shortcut::AveragePooling,
            ..bottleneck
        },
        other => panic!("{other}"),
    }
}

#[test]
fn blocks_of_a_resnet_have_the_gradients_of_pytorch() {
    let device = host().autodiff();
    let plain = host();
    let references: BTreeMap<String, Reference> = fixture("gradients.json");
    assert_eq!(references.len(), 4);
    for (name, reference) in references {
        // Filling takes the parameters out of the graph.
        let model = filled(config(&name).init(&plain), 1.5).train().fork(&device);
        let batch = batch(reference.step, 8, [3, 33, 33], &device);
        let loss = CrossEntropyLossConfig::new().init(&device);
        let loss = loss.forward(model.forward(batch.images), batch.targets);
        let off = (loss.clone().into_scalar::<f64>() - reference.loss).abs();
        assert!(off < 1e-5, "{name}: loss off by {off}");
        let gradients = loss.backward();
        let mut found = Found { path: Vec::new(), gradients: &gradients, found: BTreeMap::new() };
        model.visit(&mut found);
        let names = |map: &BTreeMap<String, [f64; 2]>| map.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&found.found), names(&reference.gradients), "{name}");
        for (path, [norm, product]) in reference.gradients {
            let found = found.found[&path];
            let off = (found[0] - norm).abs().max((found[1] - product).abs()) / norm;
            assert!(off < 1e-4, "{name}, {path}: {found:?} instead of {norm} and {product}");
        }
    }
}
