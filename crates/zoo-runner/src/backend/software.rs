//! What a software GPU cannot do.

use burn::tensor::Device;

use super::DeviceInfo;

/// Largest number of pixels in a batch on Mesa's llvmpipe. It ends the loops of a shader after
/// 65,535 iterations, counting all loops of one invocation together
/// (`LP_MAX_TGSI_LOOP_ITERATIONS`), without an error. The gradients of a CNN's convolutions, which
/// have nested loops, were right with this many pixels and wrong with half as many more. See
/// `docs/backends.md`.
const MOST_PIXELS: usize = 32_768;

/// Refuses to train with batches whose pixels an llvmpipe device cannot sum, as batch normalisation
/// and the gradients of convolutions do.
///
/// # Errors
///
/// What would go wrong, and what to do instead.
pub fn check_batch(device: &Device, batch_size: usize, image_size: usize) -> Result<(), String> {
    let pixels = image_size * image_size;
    let DeviceInfo { name, .. } = DeviceInfo::of(0, device);
    if !name.contains("llvmpipe") || batch_size * pixels <= MOST_PIXELS {
        return Ok(());
    }
    let most = match MOST_PIXELS / pixels {
        0 => String::from("smaller images"),
        most => format!("a batch of at most {most}"),
    };
    Err(format!(
        "{name} runs shaders on the CPU and ends their loops early, so sums over {batch_size} \
         images of {image_size} x {image_size} pixels would be wrong; use --backend flex, or {most}"
    ))
}
