//! The operations as plain loops in double precision, on flat row-major values.

/// The elements of a window along one side, and the pixels below them; those over the edge are left
/// out.
fn taps(
    position: usize,
    kernel: usize,
    stride: usize,
    before: usize,
    size: usize,
) -> impl Iterator<Item = (usize, usize)> {
    (0..kernel).filter_map(move |tap| {
        let pixel = (position * stride + tap).checked_sub(before)?;
        (pixel < size).then_some((tap, pixel))
    })
}

/// Windows on images of `size` pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Windows {
    pub(crate) size: [usize; 2],
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    /// Top, left, bottom, right.
    pub(crate) padding: [usize; 4],
}

impl Windows {
    pub(crate) fn output(&self) -> [usize; 2] {
        [0, 1].map(|axis| {
            let padded = self.size[axis] + self.padding[axis] + self.padding[axis + 2];
            (padded - self.kernel[axis]) / self.stride[axis] + 1
        })
    }

    /// Elements of the window at (`row`, `column`) within the kernel and within the image.
    fn at(&self, row: usize, column: usize) -> Vec<(usize, usize)> {
        let along = |position, axis| {
            let (kernel, stride) = (self.kernel[axis], self.stride[axis]);
            taps(position, kernel, stride, self.padding[axis], self.size[axis])
        };
        along(row, 0)
            .flat_map(|(tap, y)| {
                let line = along(column, 1);
                line.map(move |(t, x)| (tap * self.kernel[1] + t, y * self.size[1] + x))
            })
            .collect()
    }

    fn all(&self) -> Vec<Vec<(usize, usize)>> {
        let [height, width] = self.output();
        (0..height * width).map(|pixel| self.at(pixel / width, pixel % width)).collect()
    }
}

/// Of `[batch, channels[0], ..]` with weights `[channels[1], channels[0] / groups, ..]`.
pub(crate) fn conv2d(
    inputs: &[Vec<f64>],
    batch: usize,
    channels: [usize; 2],
    groups: usize,
    windows: &Windows,
) -> Vec<f64> {
    let [images, weights, bias] = inputs else { panic!("images, weights and bias") };
    let (plane, area) = (windows.size[0] * windows.size[1], windows.kernel[0] * windows.kernel[1]);
    let (from, to) = (channels[0] / groups, channels[1] / groups);
    let all = windows.all();
    let mut output = Vec::new();
    for image in 0..batch {
        for (feature, bias) in bias.iter().enumerate() {
            for window in &all {
                let mut sum = *bias;
                for channel in 0..from {
                    let start = (image * channels[0] + feature / to * from + channel) * plane;
                    let kernel = (feature * from + channel) * area;
                    for (tap, pixel) in window {
                        sum += images[start + pixel] * weights[kernel + tap];
                    }
                }
                output.push(sum);
            }
        }
    }
    output
}

pub(crate) fn max_pool2d(images: &[f64], windows: &Windows) -> Vec<f64> {
    let all = windows.all();
    let largest = |plane: &[f64], window: &Vec<(usize, usize)>| {
        window.iter().map(|(_, pixel)| plane[*pixel]).fold(f64::NEG_INFINITY, f64::max)
    };
    images
        .chunks(windows.size[0] * windows.size[1])
        .flat_map(|plane| all.iter().map(|window| largest(plane, window)).collect::<Vec<_>>())
        .collect()
}

fn mean_and_variance(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / count;
    (mean, values.map(|x| (x - mean) * (x - mean)).sum::<f64>() / count)
}

/// Of images with `pixels` pixels, by the batch's own statistics.
pub(crate) fn batch_norm(inputs: &[Vec<f64>], pixels: usize, epsilon: f64) -> Vec<f64> {
    let [images, gamma, beta] = inputs else { panic!("images, gamma and beta") };
    let channel_of = |index: usize| index / pixels % gamma.len();
    let statistics: Vec<(f64, f64)> = (0..gamma.len())
        .map(|channel| {
            let all = images.iter().enumerate();
            mean_and_variance(
                all.filter(|(index, _)| channel_of(*index) == channel).map(|(_, x)| *x),
            )
        })
        .collect();
    let normalise = |(index, x): (usize, &f64)| {
        let channel = channel_of(index);
        let (mean, variance) = statistics[channel];
        (x - mean) / (variance + epsilon).sqrt() * gamma[channel] + beta[channel]
    };
    images.iter().enumerate().map(normalise).collect()
}

pub(crate) fn layer_norm(inputs: &[Vec<f64>], epsilon: f64) -> Vec<f64> {
    let [input, gamma, beta] = inputs else { panic!("input, gamma and beta") };
    let normalise = |row: &[f64]| -> Vec<f64> {
        let (mean, variance) = mean_and_variance(row.iter().copied());
        let scale = 1.0 / (variance + epsilon).sqrt();
        let affine = gamma.iter().zip(beta);
        row.iter().zip(affine).map(|(x, (gamma, beta))| (x - mean) * scale * gamma + beta).collect()
    };
    input.chunks(gamma.len()).flat_map(normalise).collect()
}

pub(crate) fn relu(x: f64) -> f64 {
    x.max(0.0)
}

/// x Φ(x), Φ by its series, which converges everywhere.
pub(crate) fn gelu(x: f64) -> f64 {
    let z = x / 2f64.sqrt();
    if z.abs() > 4.2 {
        return if x > 0.0 { x } else { 0.0 };
    }
    let (mut term, mut sum) = (z, z);
    for n in 1..100 {
        term *= -z * z / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    let erf = sum * std::f64::consts::FRAC_2_SQRT_PI;
    x * 0.5 * (1.0 + erf)
}

pub(crate) fn softmax(input: &[f64], width: usize) -> Vec<f64> {
    let row = |row: &[f64]| -> Vec<f64> {
        let sum: f64 = row.iter().map(|x| x.exp()).sum();
        row.iter().map(|x| x.exp() / sum).collect()
    };
    input.chunks(width).flat_map(row).collect()
}

/// x / (k + alpha / size * sum of x² over `size` channels)^beta for images of `pixels` pixels.
pub(crate) fn local_response_norm(
    images: &[f64],
    [channels, pixels]: [usize; 2],
    size: usize,
    [alpha, beta, k]: [f64; 3],
) -> Vec<f64> {
    let value = |(index, x): (usize, &f64)| {
        let channel = index / pixels % channels;
        let neighbours = taps(channel, size, 1, (size - 1) / 2, channels);
        let squares = neighbours.map(|(_, other)| {
            let neighbour = images[index + other * pixels - channel * pixels];
            neighbour * neighbour
        });
        x / (k + alpha / size as f64 * squares.sum::<f64>()).powf(beta)
    };
    images.iter().enumerate().map(value).collect()
}

pub(crate) fn linear(inputs: &[Vec<f64>]) -> Vec<f64> {
    let [input, weight, bias] = inputs else { panic!("input, weight and bias") };
    let row = |row: &[f64]| -> Vec<f64> {
        let output = |column: usize| {
            let products = row.iter().enumerate().map(|(k, x)| x * weight[k * bias.len() + column]);
            bias[column] + products.sum::<f64>()
        };
        (0..bias.len()).map(output).collect()
    };
    input.chunks(weight.len() / bias.len()).flat_map(row).collect()
}

/// Of `heads` heads in the order (head, row, element).
pub(crate) fn attention(inputs: &[Vec<f64>], heads: usize, width: usize, depth: usize) -> Vec<f64> {
    let [query, key, value] = inputs else { panic!("queries, keys and values") };
    let keys = key.len() / heads / width;
    let mut output = Vec::new();
    for (row, query) in query.chunks(width).enumerate() {
        let head = row / (inputs[0].len() / heads / width);
        let key = &key[head * keys * width..][..keys * width];
        let value = &value[head * keys * depth..][..keys * depth];
        let score = |key: &[f64]| {
            let dot: f64 = query.iter().zip(key).map(|(q, k)| q * k).sum();
            dot / (width as f64).sqrt()
        };
        let scores: Vec<f64> = key.chunks(width).map(score).collect();
        let weights = softmax(&scores, keys);
        let mean = |element: usize| {
            let terms = weights.iter().zip(value.chunks(depth));
            terms.map(|(weight, value)| weight * value[element]).sum::<f64>()
        };
        output.extend((0..depth).map(mean));
    }
    output
}
