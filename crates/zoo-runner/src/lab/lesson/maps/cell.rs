//! One number of a map: what of the photo it depends on, and the sum behind it.

use axum::Json;
use burn::tensor::{Tensor, TensorData};
use serde::{Deserialize, Serialize};
use zoo_kernels::nn::{BatchNorm, Conv2d, conv_norm_relu};
use zoo_model::Predictor;

use super::maps_of;
use crate::{
    explain::Maps,
    lab::{
        Answer, Seen, Told,
        geometry::{Block, Does, Unit, Window, field, units},
        window::{Sum, Weighed},
    },
    serve::refused::Refused,
};

/// Which number.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfCell {
    layer: String,
    channel: usize,
    row: usize,
    column: usize,
}

/// A number, and how it comes about.
#[derive(Serialize)]
pub(super) struct Cell {
    /// What the network has computed.
    value: f32,
    /// Row and column of the photo's part, in pixels, negative outside, and its rows and columns.
    field: [isize; 4],
    /// Whether that is the whole photo, whatever the place.
    sees_all: bool,
    /// The last step in words.
    how: String,
    /// The sum, where the last step has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    sum: Option<Sum>,
    /// What is done to the sum, step by step: in words, and what it gives.
    steps: Vec<(String, f64)>,
}

pub(super) async fn cell(Told { lab, looked, asked }: Told<OfCell>) -> Answer<Json<Cell>> {
    let OfCell { layer, channel, row, column } = asked;
    let seen = lab.seen(&looked).await?;
    let maps = maps_of(&seen, &layer)?;
    let ([rows, columns], channels) = (maps.size, maps.channels);
    if channel >= channels || row >= rows || column >= columns {
        return Err(Refused::bad(format!(
            "map {channel}, row {row}, column {column}: `{layer}` has {channels} maps of {rows} × {columns}"
        )));
    }
    let work = move |network: &Predictor| {
        let units = units(network);
        let unit = units.iter().find(|unit| unit.layer == layer);
        let unit = unit.ok_or_else(|| Refused::unknown(format!("no layer `{layer}`")))?;
        let field = field(&units, &layer);
        let side = seen.image.width() as isize;
        let part = match field {
            Some(field) => {
                [field.start(row), field.start(column), field.size as isize, field.size as isize]
            }
            None => [0, 0, side, side],
        };
        let place = Place { network, seen: &seen, unit, channel, row, column };
        let (how, sum, steps) = place.worked();
        let value = maps.map(channel)[row * columns + column];
        Ok(Json(Cell { value, field: part, sees_all: field.is_none(), how, sum, steps }))
    };
    lab.run(&looked.network, work).await
}

struct Place<'a> {
    network: &'a Predictor,
    seen: &'a Seen,
    unit: &'a Unit<'a>,
    channel: usize,
    row: usize,
    column: usize,
}

type Worked = (String, Option<Sum>, Vec<(String, f64)>);

impl Place<'_> {
    fn worked(&self) -> Worked {
        match &self.unit.does {
            Does::Convolve { conv, norm, activation } => {
                let sum = self.summed(conv, &self.input());
                let mut steps = after(conv, *norm, self.channel, sum.sum);
                if activation.is_empty() {
                    steps.push((String::from("plus the position of the patch"), self.output()));
                } else {
                    steps.push((format!("after {activation}"), self.output()));
                }
                (
                    String::from("The window of every map before, times the weights of this map"),
                    Some(sum),
                    steps,
                )
            }
            Does::Block(block) => self.block(block),
            Does::Pool { kind, window } => (self.pooled(kind, *window), None, Vec::new()),
            Does::Pointwise => (
                String::from(
                    "The number at the same place before, divided by how strong its neighbours among the maps are",
                ),
                None,
                Vec::new(),
            ),
            Does::Everything => (
                String::from("A mixture of all patches, by attention: lesson 10 opens it"),
                None,
                Vec::new(),
            ),
        }
    }

    /// The maps that the layer looks at.
    fn input(&self) -> Maps {
        let image = &self.seen.image;
        let before = self.unit.input.as_ref().and_then(|name| self.seen.record.layer(name));
        before.and_then(|layer| layer.maps()).unwrap_or_else(|| Maps {
            channels: image.channels(),
            size: [image.height(), image.width()],
            values: self.seen.input.clone(),
        })
    }

    fn output(&self) -> f64 {
        let maps = self.seen.record.layer(&self.unit.layer).and_then(|layer| layer.maps());
        let value = |maps: Maps| maps.map(self.channel)[self.row * maps.size[1] + self.column];
        maps.map(value).map_or(f64::NAN, f64::from)
    }

    fn summed(&self, conv: &Conv2d, input: &Maps) -> Sum {
        let weight = conv.weight.val();
        let [features, inputs, ..] = weight.dims();
        let weights: Vec<f32> = weight.narrow(0, self.channel, 1).into_data().iter().collect();
        let Window { padding, .. } = Window::of(conv);
        let weighed = Weighed {
            values: &input.values,
            size: input.size,
            first: self.channel / (features / conv.groups) * inputs,
            weights: &weights,
            kernel: conv.kernel_size,
            stride: conv.stride,
            padding: [padding; 2],
        };
        weighed.sum_at(self.row, self.column)
    }

    /// The last convolution of a block, and what goes around.
    fn block(&self, block: &Block) -> Worked {
        let input = self.input();
        let [height, width] = input.size;
        let data = TensorData::new(input.values.clone(), [1, input.channels, height, width]);
        let before: Tensor<4> = Tensor::from_data(data, &self.network.device);
        let (how, sum, mut steps) = match block {
            Block::Pair([first, last], activation) => {
                let inner = first.forward(before.clone());
                let sum = self.summed(&last.conv, &of_tensor(inner.clone()));
                let mut steps = after(&last.conv, last.norm.as_ref(), self.channel, sum.sum);
                steps.push((format!("after {activation}"), self.at(last.forward(inner))));
                steps.push((String::from("what goes around, to be added"), self.at(before)));
                ("The second of two convolutions, whose first is not shown", Some(sum), steps)
            }
            Block::Residual([first @ .., last], shortcut) => {
                let inner = first
                    .iter()
                    .fold(before.clone(), |x, layer| conv_norm_relu(&layer.conv, &layer.norm, x));
                let sum = self.summed(&last.conv, &of_tensor(inner));
                let mut steps = after(&last.conv, Some(&last.norm), self.channel, sum.sum);
                let around = match shortcut {
                    Some(path) => path.forward(before),
                    None => before,
                };
                steps.push((String::from("what goes around, to be added"), self.at(around)));
                (
                    "The last convolution of the block, on what those before it give",
                    Some(sum),
                    steps,
                )
            }
            Block::Pair(..) | Block::Residual(..) => ("What the block gives", None, Vec::new()),
        };
        let end = match block {
            Block::Pair(..) => "together",
            Block::Residual(..) => "together, after relu",
        };
        steps.push((String::from(end), self.output()));
        (String::from(how), sum, steps)
    }

    fn at(&self, maps: Tensor<4>) -> f64 {
        let maps = of_tensor(maps);
        f64::from(maps.map(self.channel)[self.row * maps.size[1] + self.column])
    }

    fn pooled(&self, kind: &str, Window { size, stride, padding }: Window) -> String {
        let input = self.input();
        let [height, width] = input.size;
        let map = input.map(self.channel);
        let within = |place: usize, length: usize| {
            (place * stride).saturating_sub(padding)..(place * stride + size - padding).min(length)
        };
        let row = |row: usize| {
            let values = within(self.column, width).map(|column| map[row * width + column]);
            values.map(|value| format!("{value:.3}")).collect::<Vec<_>>().join(", ")
        };
        let rows = within(self.row, height).map(row).collect::<Vec<_>>().join("; ");
        format!("The {kind} of these numbers of the same map before: {rows}")
    }
}

/// What is done to the sum of a convolution before the activation.
fn after(conv: &Conv2d, norm: Option<&BatchNorm>, channel: usize, sum: f64) -> Vec<(String, f64)> {
    let one = |tensor: Tensor<1>| {
        let value = tensor.narrow(0, channel, 1).into_data().iter::<f32>().next();
        f64::from(value.unwrap_or(f32::NAN))
    };
    let mut steps = Vec::new();
    let mut value = sum;
    if let Some(bias) = &conv.bias {
        let bias = one(bias.val());
        value += bias;
        steps.push((format!("plus the bias {bias:.4}"), value));
    }
    if let Some(norm) = norm {
        let mean = one(norm.running_mean.value());
        let deviation = (one(norm.running_var.value()) + norm.epsilon).sqrt();
        let (gamma, beta) = (one(norm.gamma.val()), one(norm.beta.val()));
        value = (value - mean) / deviation * gamma + beta;
        let how = format!(
            "normalised: less the mean {mean:.4}, divided by {deviation:.4}, times {gamma:.4}, plus {beta:.4}"
        );
        steps.push((how, value));
    }
    steps
}

fn of_tensor(maps: Tensor<4>) -> Maps {
    let [_, channels, height, width] = maps.dims();
    Maps { channels, size: [height, width], values: maps.into_data().iter::<f32>().collect() }
}
