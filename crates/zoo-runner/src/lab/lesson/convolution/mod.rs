//! Lesson 2: one kernel runs over the photo.

mod size;

use axum::{Json, Router, routing::post};
use burn::{
    module::Param,
    nn::PaddingConfig2d,
    tensor::{Device, Tensor, TensorData},
};
use serde::{Deserialize, Serialize};
use zoo_kernels::nn::Conv2dConfig;

use self::size::Size;
use crate::{
    lab::{
        Answer, Lab, Numbers, Told, aside,
        course::Looked,
        window::{Sum, Weighed},
    },
    serve::refused::Refused,
};

/// The longer side up to which the photo is taken as it is, in pixels.
const LARGEST: usize = 224;
/// The longest stride and the widest padding.
const MOST: usize = 32;

pub fn routes() -> Router<Lab> {
    Router::new().route("/filters", post(filters)).route("/map", post(map)).route("/sum", post(sum))
}

/// What runs over what, and how.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    kernel: Kernel,
    stride: usize,
    padding: usize,
    /// Row and column of the map whose sum is worked out.
    #[serde(default)]
    place: Option<[usize; 2]>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kernel {
    /// Rows of weights, over the photo in grey.
    Typed(Vec<Vec<f32>>),
    /// A filter of the network's first layer, over the photo as the network sees it.
    Own(usize),
}

/// A picture and a kernel that fits its channels.
struct Laid {
    /// Map by map, row by row (CHW).
    values: Vec<f32>,
    channels: usize,
    input: [usize; 2],
    weights: Vec<f32>,
    kernel: [usize; 2],
    stride: usize,
    padding: usize,
}

/// The filters of the network's first layer.
#[derive(Serialize)]
struct Filters {
    count: usize,
    channels: usize,
    rows: usize,
    columns: usize,
    stride: usize,
    padding: usize,
}

/// What the map is.
#[derive(Serialize)]
struct Header {
    /// Channels of the picture that goes before the map.
    channels: usize,
    rows: Size,
    columns: Size,
}

async fn filters(Told { lab, looked, .. }: Told) -> Answer<Numbers<Filters>> {
    let of = |network: &zoo_model::Predictor| {
        let conv = network.model.first_convolution();
        let [count, channels, rows, columns] = conv.weight.val().dims();
        let header = Filters {
            count,
            channels,
            rows,
            columns,
            stride: conv.stride[0],
            padding: padding_of(&conv.padding),
        };
        Ok(Numbers { header, values: floats(conv.weight.val()) })
    };
    lab.run(&looked.network, of).await
}

/// The picture (CHW), then the map that the kernel makes of it.
async fn map(Told { lab, looked, asked }: Told<Asked>) -> Answer<Numbers<Header>> {
    let laid = asked.lay(&lab, looked).await?;
    let [rows, columns] = laid.sizes()?;
    let work = move || {
        let map = laid.convolved();
        let header = Header { channels: laid.channels, rows, columns };
        Numbers { header, values: [laid.values, map].concat() }
    };
    aside(work).await
}

/// A number of the map, and how it comes about.
#[derive(Serialize)]
struct Worked {
    /// What the network's own kernels have computed.
    output: f32,
    #[serde(flatten)]
    sum: Sum,
}

async fn sum(Told { lab, looked, asked }: Told<Asked>) -> Answer<Json<Worked>> {
    let [row, column] = asked.place.ok_or_else(|| Refused::bad("`place`: expected one"))?;
    let laid = asked.lay(&lab, looked).await?;
    let [rows, columns] = laid.sizes()?.map(|size| size.output);
    if row >= rows || column >= columns {
        return Err(Refused::bad(format!(
            "row {row}, column {column}: the map has {rows} rows and {columns} columns"
        )));
    }
    let work = move || {
        let output = laid.convolved()[row * columns + column];
        Json(Worked { output, sum: laid.weighed().sum_at(row, column) })
    };
    aside(work).await
}

impl Asked {
    async fn lay(self, lab: &Lab, looked: Looked) -> Answer<Laid> {
        let Self { kernel, stride, padding, .. } = self;
        if !(1..=MOST).contains(&stride) || padding > MOST {
            return Err(Refused::bad(format!(
                "expected a stride of 1 to {MOST} and a padding of 0 to {MOST}, found {stride} and {padding}"
            )));
        }
        match kernel {
            Kernel::Typed(rows) => {
                let (weights, kernel) = typed(rows)?;
                let image = lab.photo(&looked.photo).await?;
                let grey = image.thumbnail(LARGEST).with_channels(1);
                let input = [grey.height(), grey.width()];
                let values = grey.pixels().iter().copied().map(f32::from).collect();
                Ok(Laid { values, channels: 1, input, weights, kernel, stride, padding })
            }
            Kernel::Own(filter) => {
                let seen = lab.seen(&looked).await?;
                let of = move |network: &zoo_model::Predictor| {
                    let weight = network.model.first_convolution().weight.val();
                    let [count, channels, rows, columns] = weight.dims();
                    if filter >= count {
                        return Err(Refused::unknown(format!(
                            "there are filters 0 to {}",
                            count - 1
                        )));
                    }
                    Ok((floats(weight.narrow(0, filter, 1)), channels, [rows, columns]))
                };
                let (weights, channels, kernel) = lab.run(&looked.network, of).await?;
                let input = [seen.image.height(), seen.image.width()];
                Ok(Laid {
                    values: seen.input.clone(),
                    channels,
                    input,
                    weights,
                    kernel,
                    stride,
                    padding,
                })
            }
        }
    }
}

/// A kernel that was typed: its weights row by row, and its rows and columns.
fn typed(rows: Vec<Vec<f32>>) -> Answer<(Vec<f32>, [usize; 2])> {
    let side = rows.len();
    let is_square = rows.iter().all(|row| row.len() == side);
    if ![3, 5, 7].contains(&side) || !is_square {
        return Err(Refused::bad("`kernel`: expected 3, 5 or 7 rows of as many numbers each"));
    }
    let weights = rows.concat();
    match weights.iter().all(|weight| weight.abs() <= 1e6) {
        true => Ok((weights, [side, side])),
        false => Err(Refused::bad("`kernel`: expected numbers from -1000000 to 1000000")),
    }
}

impl Laid {
    fn sizes(&self) -> Answer<[Size; 2]> {
        let [rows, columns] = [0, 1]
            .map(|axis| Size::new(self.input[axis], self.kernel[axis], self.stride, self.padding));
        Ok([rows.map_err(Refused::bad)?, columns.map_err(Refused::bad)?])
    }

    /// The map, by the kernels that the networks use, too.
    fn convolved(&self) -> Vec<f32> {
        let device = Device::flex();
        let [rows, columns] = self.kernel;
        let pad = self.padding;
        let mut conv = Conv2dConfig::new([self.channels, 1], self.kernel)
            .with_stride([self.stride; 2])
            .with_padding(PaddingConfig2d::Explicit(pad, pad, pad, pad))
            .with_bias(false)
            .init(&device);
        let weight = TensorData::new(self.weights.clone(), [1, self.channels, rows, columns]);
        conv.weight = Param::from_tensor(Tensor::from_data(weight, &device));
        let [height, width] = self.input;
        let picture = TensorData::new(self.values.clone(), [1, self.channels, height, width]);
        floats(conv.forward(Tensor::from_data(picture, &device)))
    }

    fn weighed(&self) -> Weighed<'_> {
        Weighed {
            values: &self.values,
            size: self.input,
            first: 0,
            weights: &self.weights,
            kernel: self.kernel,
            stride: [self.stride; 2],
            padding: [self.padding; 2],
        }
    }
}

/// The rows of zeros above the image.
fn padding_of(padding: &PaddingConfig2d) -> usize {
    match padding {
        PaddingConfig2d::Explicit(top, ..) => *top,
        PaddingConfig2d::Valid | PaddingConfig2d::Same => 0,
    }
}

fn floats(tensor: Tensor<4>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_is_the_sum_at_every_place() {
        let values: Vec<f32> = (0..2 * 7 * 6).map(|place| ((place * 37) % 23) as f32).collect();
        let weights: Vec<f32> = (0..2 * 9).map(|place| place as f32 - 7.5).collect();
        let laid = Laid {
            values,
            channels: 2,
            input: [7, 6],
            weights,
            kernel: [3, 3],
            stride: 2,
            padding: 1,
        };
        let [rows, columns] = laid.sizes().unwrap().map(|size| size.output);
        let map = laid.convolved();
        assert_eq!((rows, columns, map.len()), (4, 3, 12));
        for (place, value) in map.iter().enumerate() {
            let sum = laid.weighed().sum_at(place / columns, place % columns).sum;
            assert!((f64::from(*value) - sum).abs() < 1e-3, "{place}: {value} and {sum}");
        }
    }

    #[test]
    fn a_kernel_is_a_square_of_numbers() {
        assert!(typed(vec![vec![0.0; 3]; 3]).is_ok());
        let wrong = [vec![vec![0.0; 3]; 2], vec![vec![0.0; 4]; 4], vec![vec![f32::INFINITY; 3]; 3]];
        assert!(wrong.into_iter().all(|rows| typed(rows).is_err()));
    }
}
