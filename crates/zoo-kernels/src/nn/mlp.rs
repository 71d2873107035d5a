use burn::tensor::Tensor;

use super::{Linear, gelu};

/// `second` of [`gelu`] of `first`: the MLP of a Vision Transformer. Where the kernels can and no gradient is asked
/// for, what lies between the layers is never in memory as a whole.
///
/// # Shapes
/// - input: `[..., d_input]`
/// - returns: `[..., d_output]`
///
/// # Panics
/// As [`Linear::forward`] of either.
pub fn mlp<const D: usize>(first: &Linear, second: &Linear, input: Tensor<D>) -> Tensor<D> {
    #[cfg(feature = "flex")]
    if applies(first, second, &input) {
        let parameters = [first, second].map(|layer| {
            let [_, outputs] = layer.weight.dims();
            let bias = layer.bias.as_ref().map(|bias| bias.val());
            let bias = bias.unwrap_or_else(|| Tensor::zeros([outputs], &input.device()));
            (layer.weight.val(), bias)
        });
        return crate::flex::mlp_infer(input, parameters);
    }
    second.forward(gelu(first.forward(input)))
}

/// Whether the kernels apply, no gradient is asked for, and the sizes fit one another.
#[cfg(feature = "flex")]
fn applies<const D: usize>(first: &Linear, second: &Linear, input: &Tensor<D>) -> bool {
    let [weight, after] = [first, second].map(|layer| layer.weight.val());
    let tracked = [&weight, &after].iter().any(|weight| weight.device().is_autodiff());
    let can = |weight: &Tensor<2>| crate::flex::applies(weight) || crate::flex::is_held(weight);
    let fits = input.dims()[D - 1] == weight.dims()[0] && weight.dims()[1] == after.dims()[0];
    fits && !tracked
        && !input.device().is_autodiff()
        && crate::flex::applies(input)
        && can(&weight)
        && can(&after)
}
