//! What a GPU in software cannot do.

use burn::tensor::Device;

use super::DeviceInfo;

/// The most terms that one sum may have on Mesa's llvmpipe. It ends the loops of a shader after
/// 65,535 rounds, all loops of one invocation counted together (`LP_MAX_TGSI_LOOP_ITERATIONS`),
/// without an error; the gradients of convolutions have loops within loops, and are right up to this
/// number and wrong from half as many more on. See `docs/backends.md`.
const LONGEST_SUM: usize = 32_768;

/// Refuses to train with batches whose pixels an llvmpipe device cannot sum, as batch normalisation
/// and the gradients of convolutions do.
///
/// # Errors
///
/// What would go wrong, and what to do instead.
pub fn check_batch(device: &Device, batch_size: usize, image_size: usize) -> Result<(), String> {
    let pixels = image_size * image_size;
    let DeviceInfo { name, .. } = DeviceInfo::of(0, device);
    if !name.contains("llvmpipe") || batch_size * pixels <= LONGEST_SUM {
        return Ok(());
    }
    let most = match LONGEST_SUM / pixels {
        0 => String::from("smaller images"),
        most => format!("a batch of at most {most}"),
    };
    Err(format!(
        "{name} runs shaders on the CPU and cuts their loops short, so that sums over \
         {batch_size} images of {image_size} x {image_size} pixels come out wrong; use --backend flex, or {most}"
    ))
}
