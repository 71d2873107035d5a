//! Weights in the type to which products round them.

use burn::{
    module::Module,
    tensor::{DType, Tensor},
};

use crate::Precision;

/// A network for whoever computes with it in `precision` alone. In bf16, linear layers on Flex hold
/// their weights in bf16, to which products round them in any case: the outputs have the same bits, and the
/// weights take half of the memory. Parameters that are yet to be drawn are drawn, each before the next.
///
/// Gradients may be asked for, too, but nothing should train such a network, or write its weights to a file.
pub fn held_in<M: Module>(model: M, precision: Precision) -> M {
    #[cfg(feature = "flex")]
    if precision == Precision::Bf16 {
        return model.map(&mut on_flex::Narrow::default());
    }
    let _ = precision;
    model
}

/// A layer's `weight` as it reads it for `input`: gradients go through weights in f32.
pub(super) fn weight_for<const D: usize>(weight: Tensor<2>, input: &Tensor<D>) -> Tensor<2> {
    match weight.dtype() == DType::BF16 && input.device().is_autodiff() {
        true => weight.cast(DType::F32),
        false => weight,
    }
}

#[cfg(feature = "flex")]
mod on_flex {
    use burn::{
        module::{ModuleMapper, Param},
        tensor::Tensor,
    };

    use crate::flex::{applies, narrowed};

    /// Where a walk through a network is: the kinds of the modules around it, and the field.
    #[derive(Default)]
    pub struct Narrow(Vec<(String, String)>);

    impl ModuleMapper for Narrow {
        fn enter_module(&mut self, name: &str, container: &str) {
            self.0.push((container.to_string(), name.to_string()));
        }

        fn exit_module(&mut self, _: &str, _: &str) {
            self.0.pop();
        }

        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let place = self.0.last().map(|(container, name)| (&**container, &**name));
            let is_weight = place == Some(("Struct:Linear", "weight"));
            param.map(|tensor| {
                let is_plain = !tensor.device().is_autodiff() && applies(&tensor);
                if is_weight && is_plain { narrowed(tensor) } else { tensor }
            })
        }
    }
}
