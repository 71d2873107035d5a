//! Whether a batch fits the memory, found out with smaller ones before anything swaps.

use burn::tensor::{Device, Tensor};
use zoo_data::Batch;
use zoo_model::{DataShape, ModelSettings, on_model};
use zoo_training::TrainSettings;

use super::{BATCHES, What, time_inference, time_training};
use crate::{Error, backend::host, config::refuse, machine::memory};

/// What the memory must have grown by before more is foretold from it: less may be the allocator's
/// rounding.
const TELLING: u64 = 256 << 20;
/// How much larger each trial is than the one before.
const GROWTH: usize = 4;
/// Steps of a trial: the second holds the optimizer's state as all later ones do.
const STEPS: usize = 2;

/// Refuses a batch for which `what` would take more memory than there is.
///
/// Most batches are far from that, and nothing is run for them: a network keeps much less than one
/// byte a multiply-add. Else it is run on growing batches, and the rest is foretold from their
/// growth. On a device with memory of its own, nothing is known.
///
/// # Errors
///
/// [`Error::Config`] with the largest batch that does fit.
pub fn check_memory(
    model: &ModelSettings,
    settings: &TrainSettings,
    what: What,
    device: &Device,
) -> Result<(), Error> {
    let wanted = settings.course.pace.batch_size;
    let Some(limit) = memory::limit_bytes() else { return Ok(()) };
    let bound = model.multiply_adds().saturating_mul(wanted as u64);
    if what == What::Load || bound < limit / 2 || *device != host() {
        return Ok(());
    }
    let peak = |batch| {
        memory::reset_peak();
        let batches = batches(model.shape(), batch, device);
        let network = model.init(settings.seed, device);
        match what {
            What::Infer => {
                on_model!(&network, model => drop(time_inference(model, &batches, STEPS)));
            }
            // What cannot be trained at all is reported when training begins.
            _ => {
                on_model!(network, model => drop(time_training(model, &batches, settings, STEPS)));
            }
        }
        memory::peak_bytes()
    };
    match largest_batch(wanted, limit, peak) {
        None => Ok(()),
        Some(largest) => Err(refuse(
            "loader.batch_size",
            format!(
                "a batch of {wanted} images does not fit into the {} MB of free memory; about \
                 {largest} would fit",
                limit / 1_000_000
            ),
        )),
    }
}

/// Batches of any images, as many as [`run`](super::run) holds.
fn batches(shape: DataShape, batch: usize, device: &Device) -> Vec<Batch> {
    let DataShape { channels, image_size, .. } = shape;
    let grey = |_| Batch {
        images: Tensor::ones([batch, channels, image_size, image_size], device),
        targets: Tensor::zeros([batch], device),
        mixed: None,
        indices: (0..batch).collect(),
    };
    (0..BATCHES).map(grey).collect()
}

/// The largest batch that stays below `limit`, if `wanted` does not. `peak` runs a batch and
/// returns the memory it took, if known.
fn largest_batch(
    wanted: usize,
    limit: u64,
    mut peak: impl FnMut(usize) -> Option<u64>,
) -> Option<usize> {
    let first = peak(1)?;
    let mut batch = 1;
    loop {
        batch *= GROWTH;
        if batch >= wanted {
            return None;
        }
        let now = peak(batch)?;
        if now >= first + TELLING {
            let each = (now - first).div_ceil(batch as u64 - 1);
            let more = limit.saturating_sub(now) / each;
            let largest = batch + more as usize;
            return (largest < wanted).then_some(largest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn the_largest_batch_follows_from_two_smaller_ones() {
        let mut tried = Vec::new();
        let mut peak = |batch: usize| {
            tried.push(batch);
            Some((100 + 10 * batch as u64) * MIB)
        };
        assert_eq!(largest_batch(5000, 1100 * MIB, &mut peak), Some(100));
        assert_eq!(tried, [1, 4, 16, 64]);
    }

    #[test]
    fn a_batch_that_fits_is_not_refused() {
        let peak = |batch: usize| Some((100 + 10 * batch as u64) * MIB);
        assert_eq!(largest_batch(100, 1100 * MIB, peak), None);
        assert_eq!(largest_batch(5000, 1100 * MIB, |_| None), None);
        assert_eq!(largest_batch(3, 1, |_| Some(0)), None);
    }
}
