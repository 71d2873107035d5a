use burn::{
    module::{Flag, Module, Param},
    tensor::{Distribution, Tensor},
};

/// Stochastic depth: Huang et al., <https://arxiv.org/abs/1603.09382>. Silences a branch for some
/// of the images and makes it louder for the others, so that its mean stays.
///
/// Active only on an autodiff device and while the layer is not frozen, as Burn's dropout is.
#[derive(Module, Debug)]
pub struct DropPath {
    /// Probability of silencing the branch for an image.
    pub prob: f64,
    /// Whether the layer takes part in training; freezing a module clears it.
    pub training: Param<Flag>,
}

impl DropPath {
    pub(crate) fn new(prob: f64) -> Self {
        Self { prob, training: Param::from_bool(true) }
    }

    /// Multiplies each image's part of the branch by 0 or by 1 / (1 - `prob`).
    ///
    /// # Shapes
    /// - branch: `[batch, ..]`
    /// - returns: the same
    pub fn forward<const D: usize>(&self, branch: Tensor<D>) -> Tensor<D> {
        let device = branch.device();
        if !self.training.is_enabled() || !device.is_autodiff() || self.prob == 0.0 {
            return branch;
        }
        let keep = 1.0 - self.prob;
        let mut shape = [1; D];
        shape[0] = branch.dims()[0];
        let kept = Distribution::Bernoulli(keep);
        let mask = Tensor::<D>::random(shape, kept, (&device, branch.dtype()));
        branch * (mask / keep)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    const BATCH: usize = 64;

    fn factors(layer: &DropPath, device: &Device) -> Vec<f32> {
        layer.forward(Tensor::<3>::ones([BATCH, 2, 3], device)).into_data().iter().collect()
    }

    #[test]
    fn an_image_is_dropped_whole_or_made_louder() {
        let factors = factors(&DropPath::new(0.75), &Device::flex().autodiff());
        let images: Vec<&[f32]> = factors.chunks(6).collect();
        let dropped = images.iter().filter(|image| image.iter().all(|&x| x == 0.0)).count();
        let louder = images.iter().filter(|image| image.iter().all(|&x| x == 4.0)).count();
        assert_eq!(dropped + louder, BATCH);
        // Each would fail once in 10^7 runs.
        assert!(dropped > 0 && louder > 0, "{dropped} dropped");
    }

    #[test]
    fn nothing_is_dropped_outside_training() {
        let (plain, training) = (Device::flex(), Device::flex().autodiff());
        let all = vec![1.0; BATCH * 6];
        assert_eq!(factors(&DropPath::new(0.75), &plain), all);
        assert_eq!(factors(&DropPath::new(0.75).freeze(), &training), all);
        assert_eq!(factors(&DropPath::new(0.0), &training), all);
    }
}
