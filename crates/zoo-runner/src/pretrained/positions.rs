//! Position embeddings for another number of patches.

/// Bicubic interpolation as PyTorch's `interpolate` offers it; each library has chosen another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bicubic {
    /// `align_corners=True`: the centres of the outermost patches lie on one another. torchvision.
    Aligned,
    /// `align_corners=False`: their edges do. Hugging Face.
    Centred,
    /// `align_corners=False`, and a tenth of a patch more than there are, by which the repositories of
    /// DINO and DINOv2 kept a rounded scale from falling short.
    Shifted,
    /// `antialias=True`: smoothed when shrinking. timm, and the zoo.
    Antialiased,
}

impl Bicubic {
    /// A square of `side` by `side` vectors of `width` numbers, row by row, as one of `new_side`.
    pub fn resize(self, square: &[f32], side: usize, new_side: usize, width: usize) -> Vec<f32> {
        let shares = self.shares(side, new_side);
        let mix = |square: &dyn Fn(usize, usize, usize) -> f64, row: usize, column, feature| {
            let terms = shares[row].iter().enumerate().filter(|(_, share)| **share != 0.0);
            terms.map(|(from, share)| share * square(from, column, feature)).sum::<f64>()
        };
        let given = |row: usize, column: usize, feature: usize| {
            f64::from(square[(row * side + column) * width + feature])
        };
        let mut tall = vec![0.0; new_side * side * width];
        for (index, value) in tall.iter_mut().enumerate() {
            let (row, column, feature) = place(index, side, width);
            *value = mix(&given, row, column, feature);
        }
        // The same along the rows.
        let turned = |column: usize, row: usize, feature: usize| {
            tall[(row * side + column) * width + feature]
        };
        let resized = (0..new_side * new_side * width).map(|index| {
            let (row, column, feature) = place(index, new_side, width);
            mix(&turned, column, row, feature) as f32
        });
        resized.collect()
    }

    /// How much of each old point goes into each new one.
    fn shares(self, from: usize, to: usize) -> Vec<Vec<f64>> {
        let scale = from as f64 / to as f64;
        (0..to)
            .map(|point| match self {
                Self::Aligned if to == 1 => four_points(0.0, from),
                Self::Aligned => four_points((point * (from - 1)) as f64 / (to - 1) as f64, from),
                Self::Centred => four_points((point as f64 + 0.5) * scale - 0.5, from),
                Self::Shifted => {
                    four_points((point as f64 + 0.5) * from as f64 / (to as f64 + 0.1) - 0.5, from)
                }
                Self::Antialiased => smoothed((point as f64 + 0.5) * scale, scale.max(1.0), from),
            })
            .collect()
    }
}

fn place(index: usize, columns: usize, width: usize) -> (usize, usize, usize) {
    (index / width / columns, index / width % columns, index % width)
}

/// The shares of the four points about `centre`; beyond the edge, the outermost point counts again.
fn four_points(centre: f64, count: usize) -> Vec<f64> {
    let mut shares = vec![0.0; count];
    let first = centre.floor() as isize - 1;
    for point in first..first + 4 {
        let place = point.clamp(0, count as isize - 1) as usize;
        shares[place] += cubic(centre - point as f64, -0.75);
    }
    shares
}

/// The shares of all points within two widths of `centre`, which is counted from the edge of the
/// first one.
fn smoothed(centre: f64, width: f64, count: usize) -> Vec<f64> {
    let reach = 2.0 * width;
    let first = (centre - reach + 0.5).max(0.0) as usize;
    let end = ((centre + reach + 0.5) as usize).min(count);
    let mut shares = vec![0.0; count];
    for (point, share) in shares.iter_mut().enumerate().take(end).skip(first) {
        *share = cubic((point as f64 + 0.5 - centre) / width, -0.5);
    }
    let sum: f64 = shares.iter().sum();
    shares.iter().map(|share| share / sum).collect()
}

/// Keys' kernel, "Cubic convolution interpolation for digital image processing" (1981), with the
/// slope `a` at 1: PyTorch has -0.75, and -0.5 where it smooths.
fn cubic(x: f64, a: f64) -> f64 {
    let x = x.abs();
    match x {
        ..1.0 => ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0,
        ..2.0 => ((x - 5.0) * x + 8.0) * x * a - 4.0 * a,
        _ => 0.0,
    }
}
