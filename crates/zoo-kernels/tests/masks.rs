//! Masks of dropout and drop path are drawn from the device's generator, one element after the
//! other.

use burn::{
    nn::DropoutConfig,
    tensor::{Device, Tensor},
};

#[test]
fn a_mask_does_not_depend_on_the_threads() {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let device = Device::flex().autodiff();
            device.seed(7);
            let layer = DropoutConfig::new(0.4).init();
            let dropped = layer.forward(Tensor::<2>::ones([300, 1000], &device));
            dropped.into_data().try_to_vec::<f32>().unwrap()
        })
    };
    let one = run(1);
    let kept = one.iter().filter(|value| **value > 0.0).count();
    // Six standard deviations.
    assert!(kept.abs_diff(180_000) < 1600, "{kept} kept");
    for threads in [2, 3] {
        assert_eq!(run(threads), one, "{threads}");
    }
}
