//! Which photos excite a map most.

use std::{collections::HashMap, fmt::Display, sync::Arc};

use axum::{Extension, Json};
use burn::tensor::Tensor;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use zoo_data::Prepared;
use zoo_kernels::nn::Tap;
use zoo_model::{Predictor, on_model};

use crate::{
    explain::Maps,
    lab::{
        Answer, Lab, Told,
        geometry::{field, units},
        through::look_through,
    },
    serve::refused::Refused,
};

/// Photos that are looked at, at most.
const PHOTOS: usize = 256;
/// Photos that are shown.
const SHOWN: usize = 8;
/// Layers of which the peaks are kept.
const KEPT: usize = 16;

/// Which map.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfMap {
    layer: String,
    channel: usize,
}

/// The photos that excite a map most, the most exciting first.
#[derive(Serialize)]
pub(super) struct Exciting {
    /// Photos that were looked at.
    looked_at: usize,
    photos: Vec<Photo>,
}

#[derive(Serialize)]
struct Photo {
    photo: String,
    class: String,
    /// The largest value of the map.
    value: f32,
    /// Row and column, in pixels, negative outside, and rows and columns of the part of the photo that
    /// gives it; none for the whole photo.
    field: Option<[isize; 4]>,
    /// Side of the photo as the network sees it, in pixels.
    side: usize,
}

/// The largest value of every map for a photo, and its row and column.
type Peaks = Vec<(f32, [usize; 2])>;

/// The peaks of photo after photo, by network and layer.
type ByLayer = HashMap<(String, String), Arc<Vec<Peaks>>>;

/// What was found.
#[derive(Clone, Default)]
pub(super) struct Found(Arc<Mutex<ByLayer>>);

impl Found {
    fn get(&self, key: &(String, String)) -> Option<Arc<Vec<Peaks>>> {
        self.0.lock().get(key).cloned()
    }

    fn keep(&self, key: (String, String), peaks: Arc<Vec<Peaks>>) {
        let mut found = self.0.lock();
        if found.len() >= KEPT {
            found.clear();
        }
        found.insert(key, peaks);
    }
}

pub(super) async fn exciting(
    Extension(found): Extension<Found>,
    Told { lab, looked, asked: OfMap { layer, channel } }: Told<OfMap>,
) -> Answer<Json<Exciting>> {
    let network = looked.network;
    let peaks = peaks(&lab, &found, &network, &layer).await?;
    let channels = peaks.first().map_or(0, Vec::len);
    if channel >= channels {
        return Err(Refused::bad(format!(
            "map {channel}: `{layer}` has maps 0 to {}",
            channels.max(1) - 1
        )));
    }
    let mut order: Vec<usize> = (0..peaks.len()).collect();
    order.sort_by(|&a, &b| peaks[b][channel].0.total_cmp(&peaks[a][channel].0));
    order.truncate(SHOWN);
    let data = lab.data(&network).await?;
    let of_layer = move |network: &Predictor| Ok(field(&units(network), &layer));
    let field = lab.run(&network, of_layer).await?;
    let side = lab.network(&network)?.info.preprocess.image_size;
    let photo = |position: usize| {
        let (value, [row, column]) = peaks[position][channel];
        let field = field.map(|field| {
            [field.start(row), field.start(column), field.size as isize, field.size as isize]
        });
        let class = data.classes[data.split.label(position)].clone();
        Photo { photo: format!("{network}/{position}"), class, value, field, side }
    };
    let photos = order.into_iter().map(photo).collect();
    Ok(Json(Exciting { looked_at: peaks.len(), photos }))
}

async fn peaks(lab: &Lab, found: &Found, network: &str, layer: &str) -> Answer<Arc<Vec<Peaks>>> {
    let key = (network.to_string(), layer.to_string());
    if let Some(known) = found.get(&key) {
        return Ok(known);
    }
    let data = lab.data(network).await?;
    let split = data.split.slice(0..data.split.len().min(PHOTOS));
    let layer = layer.to_string();
    let work = move |network: &Predictor, images: &[Prepared]| peaks_of(network, images, &layer);
    let all = Arc::new(look_through(lab, network, &split, work).await?);
    found.keep(key, all.clone());
    Ok(all)
}

/// The peaks of a layer's maps for some images.
fn peaks_of(network: &Predictor, images: &[Prepared], layer: &str) -> Answer<Vec<Peaks>> {
    let input = network.info.preprocess.prepared_tensor(images, &network.device);
    let mut watch = Watch { layer: layer.to_string(), registers: 0, peaks: Vec::new() };
    on_model!(&network.model, model => drop(model.forward_tapped(input, &mut watch)));
    match watch.peaks.is_empty() {
        true => Err(Refused::unknown("this network has no such layer with maps")),
        false => Ok(watch.peaks),
    }
}

/// Finds the peaks of one layer.
struct Watch {
    layer: String,
    registers: usize,
    peaks: Vec<Peaks>,
}

impl Tap for Watch {
    fn layer<const D: usize>(&mut self, name: impl Display, output: Tensor<D>) -> Tensor<D> {
        let name = name.to_string();
        if name == "register_tokens" {
            self.registers = output.dims()[1];
        } else if name == self.layer {
            let dims = output.dims();
            let values: Vec<f32> = output.clone().into_data().iter().collect();
            let length = values.len() / dims[0];
            let maps =
                values.chunks(length).filter_map(|one| Maps::new(&dims[1..], one, self.registers));
            self.peaks =
                maps.map(|maps| (0..maps.channels).map(|map| peak(&maps, map)).collect()).collect();
        }
        output
    }
}

fn peak(maps: &Maps, channel: usize) -> (f32, [usize; 2]) {
    let values = maps.map(channel).iter().copied().enumerate();
    let (place, value) = values.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, f32::NAN));
    (value, [place / maps.size[1], place % maps.size[1]])
}
