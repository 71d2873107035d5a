//! Images and targets as tensors on a device.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use zoo_kernels::computes_on_host;

use crate::{Image, preprocess::Preprocess};

/// Some images of a split, ready for a network.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Normalised images: `[batch, channels, height, width]`.
    pub images: Tensor<4>,
    /// Labels of the images: `[batch]`.
    pub targets: Tensor<1, Int>,
    /// What was mixed into the images, where something was.
    pub mixed: Option<Mixed>,
    /// Indices of the images in their source, which names them.
    pub indices: Vec<usize>,
}

/// What MixUp or CutMix mixed into the images of a batch.
///
/// An image is then `share` of the class in [`Batch::targets`] and the rest of the class in
/// `targets`: the loss is the mean of the losses of both, so weighed, which is that of soft targets.
#[derive(Clone, Debug)]
pub struct Mixed {
    /// Labels of what was mixed in: `[batch]`.
    pub targets: Tensor<1, Int>,
    /// Which part of each image remains its own, 0 to 1.
    pub share: f64,
}

/// A batch as workers make it, on the host.
pub(crate) struct Packed {
    /// Stored NCHW.
    pub pixels: Vec<u8>,
    pub labels: Vec<i64>,
    /// Where the images are mixed, the part of each that remains its own.
    pub own_share: Option<f64>,
    pub indices: Vec<usize>,
}

impl Packed {
    /// Moves the batch to the normalizer's device.
    pub fn into_batch(self, normalizer: &Normalizer) -> Batch {
        let targets = |labels: Vec<i64>| {
            let shape = [labels.len()];
            Tensor::from_data(TensorData::new(labels, shape), &normalizer.device)
        };
        let mixed = self.own_share.map(|share| {
            let mut partners = self.labels.clone();
            partners.rotate_right(1);
            Mixed { targets: targets(partners), share }
        });
        Batch {
            images: normalizer.tensor(self.pixels),
            targets: targets(self.labels),
            mixed,
            indices: self.indices,
        }
    }
}

/// Writes an image, stored HWC, to `packed`, stored CHW.
///
/// # Panics
/// If `packed` has not the length of the image.
pub(crate) fn pack(image: &Image, packed: &mut [u8]) {
    if image.channels() == 1 {
        return packed.copy_from_slice(image.pixels());
    }
    assert_eq!(packed.len(), image.pixels().len(), "bytes for an image");
    let (red, rest) = packed.split_at_mut(packed.len() / 3);
    let (green, blue) = rest.split_at_mut(rest.len() / 2);
    let planes = red.iter_mut().zip(green).zip(blue);
    let (pixels, _) = image.pixels().as_chunks::<3>();
    for (pixel, ((red, green), blue)) in pixels.iter().zip(planes) {
        [*red, *green, *blue] = *pixel;
    }
}

/// Turns bytes into normalised values on a device.
pub(crate) struct Normalizer {
    image_size: usize,
    /// Of each channel; `(value / 255 - mean) / std` is `value * scale + shift`.
    scales: Vec<f32>,
    shifts: Vec<f32>,
    travels: Travels,
    device: Device,
}

/// What goes to the device.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Travels {
    /// Bytes, which the device normalises: a quarter of what would travel otherwise.
    Bytes,
    /// Normalised values: to a device that computes in the memory of the host, and to those that know no
    /// bytes, such as the ones behind WebGPU.
    Values,
}

impl Normalizer {
    pub fn new(preprocess: &Preprocess, device: &Device) -> Self {
        let figures = || preprocess.mean.iter().zip(&preprocess.std);
        let travels = match !computes_on_host(device) && device.supports_dtype(DType::U8) {
            true => Travels::Bytes,
            false => Travels::Values,
        };
        Self {
            image_size: preprocess.image_size,
            scales: figures().map(|(_, std)| 1.0 / (255.0 * std)).collect(),
            shifts: figures().map(|(mean, std)| -mean / std).collect(),
            travels,
            device: device.clone(),
        }
    }

    /// Images stored NCHW, normalised: `[images, channels, image_size, image_size]`.
    pub fn tensor(&self, pixels: Vec<u8>) -> Tensor<4> {
        let (channels, side) = (self.scales.len(), self.image_size);
        let shape = [pixels.len() / (channels * side * side), channels, side, side];
        match self.travels {
            Travels::Bytes => {
                let data = TensorData::new(pixels, shape);
                let bytes = Tensor::<4, Int>::from_data(data, (&self.device, DType::U8));
                let of_channels = |figures: &[f32]| {
                    let data = TensorData::new(figures.to_vec(), [1, channels, 1, 1]);
                    Tensor::from_data(data, &self.device)
                };
                bytes.float() * of_channels(&self.scales) + of_channels(&self.shifts)
            }
            Travels::Values => {
                Tensor::from_data(TensorData::new(self.values(&pixels), shape), &self.device)
            }
        }
    }

    fn values(&self, pixels: &[u8]) -> Vec<f32> {
        let mut values = Vec::with_capacity(pixels.len());
        let figures = self.scales.iter().zip(&self.shifts).cycle();
        for (plane, (&scale, &shift)) in pixels.chunks_exact(self.image_size.pow(2)).zip(figures) {
            values.extend(plane.iter().map(|&byte| f32::from(byte) * scale + shift));
        }
        values
    }
}

/// An image with a network's channels and size, by [`Preprocess::prepare`].
#[derive(Clone, Debug)]
pub struct Prepared(Vec<u8>);

impl Preprocess {
    /// What a network sees of these images: [`apply`](Self::apply), then normalisation.
    ///
    /// # Shapes
    /// - images: any number from 1, of any sizes
    /// - returns: `[images, channels, image_size, image_size]`
    pub fn tensor(&self, images: &[Image], device: &Device) -> Tensor<4> {
        let prepared: Vec<Prepared> =
            images.iter().map(|image| self.prepare(image.clone())).collect();
        self.prepared_tensor(&prepared, device)
    }

    /// The first half of [`tensor`](Self::tensor), which can be done for each image on another thread.
    pub fn prepare(&self, image: Image) -> Prepared {
        self.packed(&self.apply(image))
    }

    /// An image to which this has been [applied](Self::apply) already.
    ///
    /// # Panics
    /// If it has another size or other channels than the network sees.
    pub fn packed(&self, applied: &Image) -> Prepared {
        let mut packed = vec![0; self.image_len()];
        pack(applied, &mut packed);
        Prepared(packed)
    }

    /// The second half of [`tensor`](Self::tensor).
    ///
    /// # Panics
    /// If an image has been prepared for a network of another image size or other channels.
    pub fn prepared_tensor(&self, images: &[Prepared], device: &Device) -> Tensor<4> {
        let mut pixels = Vec::with_capacity(images.len() * self.image_len());
        for Prepared(packed) in images {
            assert_eq!(packed.len(), self.image_len(), "bytes of a prepared image");
            pixels.extend_from_slice(packed);
        }
        Normalizer::new(self, device).tensor(pixels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_separates_channels() {
        let mut packed = [0; 12];
        pack(&Image::new(2, 2, 3, (0..12).collect()), &mut packed);
        assert_eq!(packed, [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]);
        let mut grey = [0; 3];
        pack(&Image::new(3, 1, 1, vec![7, 8, 9]), &mut grey);
        assert_eq!(grey, [7, 8, 9]);
    }

    #[test]
    fn bytes_become_the_same_values_on_the_host_and_on_the_device() {
        let preprocess = Preprocess {
            image_size: 16,
            resize: Default::default(),
            crop_ratio: 1.0,
            crop_offset: Default::default(),
            interpolation: Default::default(),
            mean: vec![0.2860],
            std: vec![0.3530],
        };
        let mut normalizer = Normalizer::new(&preprocess, &Device::flex());
        assert_eq!(normalizer.travels, Travels::Values);
        let every_byte: Vec<u8> = (0..=255).collect();
        let floats = normalizer.tensor(every_byte.clone()).into_data();
        normalizer.travels = Travels::Bytes;
        let bytes = normalizer.tensor(every_byte).into_data();
        assert_eq!(bytes.try_to_vec::<f32>().unwrap(), floats.try_to_vec::<f32>().unwrap());
        for (byte, value) in bytes.try_to_vec::<f32>().unwrap().into_iter().enumerate() {
            let expected = (byte as f64 / 255.0 - 0.2860) / 0.3530;
            assert!((f64::from(value) - expected).abs() < 1e-6, "{byte}: {value}, not {expected}");
        }
    }

    #[test]
    fn tensor_is_normalised_nchw() {
        let image = Image::new(2, 2, 3, vec![0, 0, 0, 255, 255, 255, 51, 51, 51, 204, 102, 153]);
        let tensor = coloured().tensor(&[image.clone(), image], &Device::flex());
        assert_eq!(tensor.dims(), [2, 3, 2, 2]);
        let values = tensor.into_data().try_to_vec::<f32>().unwrap();
        let expected = [-1.0, 1.0, -0.6, 0.6, -1.0, 3.0, -0.2, 0.6, 0.0, 1.0, 0.2, 0.6];
        for (value, expected) in values.iter().zip(expected.iter().chain(&expected)) {
            assert!((value - expected).abs() < 1e-6, "{value} {expected}");
        }
    }

    fn coloured() -> Preprocess {
        Preprocess::new(2, &[0.5, 0.25, 0.0], &[0.5, 0.25, 1.0])
    }
}
