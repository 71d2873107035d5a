//! Gradients of the small networks that `scripts/vit_fixtures.py` has made, beside PyTorch's.

use burn::{
    module::{ModuleVisitor, Param},
    tensor::{Gradients, Tensor},
};
use serde_json::Value;
use zoo_model::{AnyModel, host};

use super::{assert_close, expected, fixture, options, pattern};
use crate::pretrained::{Pretrained, import};

struct Compared<'a> {
    gradients: &'a Gradients,
    pretrained: &'a Pretrained,
    wanted: &'a Value,
    path: Vec<String>,
    count: usize,
}

impl ModuleVisitor for Compared<'_> {
    zoo_model::keep_path!();

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let theirs = self.pretrained.names.theirs(&self.path.join("."));
        let Some(wanted) = self.wanted.get(&theirs) else {
            return;
        };
        let wanted: Vec<f32> = serde_json::from_value(wanted.clone()).unwrap();
        let gradient = param.val().grad(self.gradients).expect("every parameter is trained");
        let found: Vec<f32> = gradient.into_data().iter().collect();
        // The two heads of a distilled network are one here.
        if found.len() == wanted.len() && !theirs.starts_with("head") {
            assert_close(&theirs, &found, &wanted);
            self.count += 1;
        }
    }
}

#[test]
fn gradients_are_those_of_pytorch() {
    let expected = expected();
    let device = host().autodiff();
    for (name, count) in [
        ("timm-dinov2", 24),
        ("timm-dinov2-registers", 25),
        ("timm-deit3", 24),
        ("timm-deit-distilled", 21),
        ("open-clip-quick", 21),
    ] {
        let pretrained = import(&fixture(name), &options(), &device).unwrap();
        let AnyModel::Vit(model) = &pretrained.model else { panic!("a Vision Transformer") };
        let output = model.forward(Tensor::from_data(pattern(16), &device));
        let gradients = output.square().mean().backward();
        let wanted = &expected["gradients"][name];
        let (gradients, pretrained) = (&gradients, &pretrained);
        let mut compared = Compared { gradients, pretrained, wanted, path: Vec::new(), count: 0 };
        burn::module::Module::visit(model, &mut compared);
        assert_eq!(compared.count, count, "{name}");
    }
}
