//! Lesson 4: pooling, flattening, and the dense layer that gives the scores.

mod head;

use axum::{Router, routing::post};
use burn::tensor::{
    Device, Tensor, TensorData,
    module::avg_pool2d,
    ops::{AvgPoolOptions, MaxPoolOptions},
};
use serde::{Deserialize, Serialize};
use zoo_kernels::nn::max_pool2d;

use crate::{
    lab::{Answer, Lab, Numbers, Told},
    serve::refused::Refused,
};

pub fn routes() -> Router<Lab> {
    Router::new().route("/pool", post(pool)).route("/head", post(head::head))
}

/// Which map, and how it is pooled.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    layer: String,
    channel: usize,
    /// Side of a window.
    size: usize,
    /// From one window to the next.
    stride: usize,
}

#[derive(Serialize)]
struct Header {
    rows: usize,
    columns: usize,
    pooled_rows: usize,
    pooled_columns: usize,
}

/// A map, the largest of each of its windows, and the mean of each.
async fn pool(Told { lab, looked, asked }: Told<Asked>) -> Answer<Numbers<Header>> {
    let Asked { layer, channel, size, stride } = asked;
    let seen = lab.seen(&looked).await?;
    let maps = super::maps::maps_of(&seen, &layer)?;
    if channel >= maps.channels {
        return Err(Refused::bad(format!("map {channel}: `{layer}` has {}", maps.channels)));
    }
    let [rows, columns] = maps.size;
    let fits = 1..=rows.min(columns);
    if !fits.contains(&size) || !fits.contains(&stride) {
        return Err(Refused::bad(format!(
            "windows of {size} every {stride}: expected both from 1 to {}, the shorter side of the map",
            fits.end()
        )));
    }
    let map = maps.map(channel).to_vec();
    let data = TensorData::new(map.clone(), [1, 1, rows, columns]);
    let tensor: Tensor<4> = Tensor::from_data(data, &Device::flex());
    let [window, step] = [[size; 2], [stride; 2]];
    let largest = max_pool2d(tensor.clone(), MaxPoolOptions::new(window).with_stride(step));
    let mean = avg_pool2d(tensor, AvgPoolOptions::new(window).with_stride(step));
    let [_, _, pooled_rows, pooled_columns] = largest.dims();
    let floats = |tensor: Tensor<4>| tensor.into_data().iter::<f32>().collect::<Vec<f32>>();
    let values = [map, floats(largest), floats(mean)].concat();
    Ok(Numbers { header: Header { rows, columns, pooled_rows, pooled_columns }, values })
}
