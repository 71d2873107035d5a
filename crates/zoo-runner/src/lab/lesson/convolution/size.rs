//! How large a map becomes.

use serde::Serialize;

/// How many windows fit along one side: (input + 2 · padding − kernel) / stride + 1, rounded down.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Size {
    /// Length of the side, in pixels.
    pub input: usize,
    /// Length of the kernel.
    pub kernel: usize,
    /// From one window to the next.
    pub stride: usize,
    /// Zeros at each end.
    pub padding: usize,
    /// Input and padding less the kernel: how far the kernel can move.
    pub way: usize,
    /// Length of the map's side.
    pub output: usize,
    /// Pixels at the end that no window reaches, since the stride does not go into the way.
    pub left_over: usize,
}

impl Size {
    /// # Errors
    ///
    /// In words, if not one window fits.
    pub fn new(input: usize, kernel: usize, stride: usize, padding: usize) -> Result<Self, String> {
        let all = input + 2 * padding;
        let way = all.checked_sub(kernel).ok_or_else(|| {
            format!("impossible: a kernel of {kernel} does not fit on {input} pixels with a padding of {padding}, {all} in all")
        })?;
        let (output, left_over) = (way / stride + 1, way % stride);
        Ok(Self { input, kernel, stride, padding, way, output, left_over })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formula_is_worked_out() {
        let of = |input, kernel, stride, padding| {
            Size::new(input, kernel, stride, padding).map(|size| (size.output, size.left_over))
        };
        assert_eq!(of(224, 3, 1, 1), Ok((224, 0)));
        assert_eq!(of(224, 11, 4, 2), Ok((55, 1)));
        assert_eq!(of(32, 7, 7, 0), Ok((4, 4)));
        assert_eq!(of(3, 7, 1, 2), Ok((1, 0)));
        assert!(of(3, 7, 1, 1).unwrap_err().starts_with("impossible"));
    }
}
