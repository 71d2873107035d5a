use burn::nn::PaddingConfig2d;

/// Pixels before and after the rows, then the columns, of an image of `size`; Burn keeps its own
/// function to itself.
pub(super) fn pairs(
    padding: &PaddingConfig2d,
    size: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
) -> [(usize, usize); 2] {
    match padding {
        PaddingConfig2d::Valid => [(0, 0); 2],
        PaddingConfig2d::Explicit(top, left, bottom, right) => [(*top, *bottom), (*left, *right)],
        PaddingConfig2d::Same => [0, 1].map(|axis| {
            let windows = size[axis].div_ceil(stride[axis]);
            let needed = (windows - 1) * stride[axis] + kernel[axis];
            let total = needed.saturating_sub(size[axis]);
            (total / 2, total - total / 2)
        }),
    }
}
