//! The photos of the course: those of a network's own data, and those that the learner brings.

use std::{
    collections::{HashMap, VecDeque},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;
use zoo_data::{DataConfig, Image, SeaConfig, Split};

use super::course::{Course, Lab};
use crate::{
    Error,
    classes::difference,
    config::RunConfig,
    serve::{asked::Asked, refused::Refused},
};

/// Photos of a network's data that are offered.
const OFFERED: usize = 24;
/// The learner's photos that are kept.
const KEPT: usize = 16;
/// The longer side up to which the learner's photos are kept as they are, in pixels.
const LARGEST: usize = 2048;
/// The longer side of a small picture, in pixels.
const SMALL: usize = 128;

/// The photos of the course.
#[derive(Default)]
pub struct Photos {
    own: Mutex<VecDeque<(String, Arc<Image>)>>,
    data: Mutex<HashMap<String, Arc<OnceLock<Result<Arc<Data>, String>>>>>,
}

/// The images that belong to a network.
pub struct Data {
    /// Those that it has not learned from: the test split, or else the valid split.
    pub split: Split,
    /// Those that it has learned from.
    pub train: Split,
    /// The names of their classes.
    pub classes: Vec<String>,
    /// Why these are shown and not the network's own.
    pub note: Option<String>,
}

impl Data {
    /// The data of the run in `origin`, or images that the zoo draws where that is none.
    fn open(origin: &Path, classes: &[String]) -> Result<Self, Error> {
        match Self::of_run(origin, classes) {
            Ok(data) => Ok(data),
            Err(error) => {
                let mut data = Self::of(&DataConfig::Sea(SeaConfig::default()))?;
                data.note = Some(format!(
                    "These are drawings of marine animals, since the network's own data is not at hand: {error}"
                ));
                Ok(data)
            }
        }
    }

    fn of_run(origin: &Path, classes: &[String]) -> Result<Self, Error> {
        let data = Self::of(&RunConfig::of_run(origin, &[])?.data)?;
        match difference(("the weights", classes), ("the data", &data.classes)) {
            Some(difference) => {
                Err(Error::run(origin, format!("the data is another now: {difference}")))
            }
            None => Ok(data),
        }
    }

    fn of(config: &DataConfig) -> Result<Self, Error> {
        let data = config.open()?;
        let split = data.test.unwrap_or(data.valid);
        Ok(Self { split, train: data.train, classes: data.classes, note: None })
    }

    /// Positions of photos that show what there is: class by class in turn.
    fn offered(&self) -> Vec<usize> {
        let mut by_class = vec![Vec::new(); self.classes.len()];
        for position in 0..self.split.len() {
            by_class[self.split.label(position)].push(position);
        }
        let rounds = by_class.iter().map(Vec::len).max().unwrap_or(0);
        let turns =
            (0..rounds).flat_map(|round| by_class.iter().filter_map(move |of| of.get(round)));
        turns.copied().take(OFFERED).collect()
    }
}

impl Course {
    /// The images that belong to a network; opened when they are first asked for.
    ///
    /// # Errors
    ///
    /// 404 if there is no such network, 422 if there are none.
    pub async fn data(&self, network: &str) -> Result<Arc<Data>, Refused> {
        let found = self.network(network)?;
        let (origin, classes) = (found.origin.clone(), found.info.classes.clone());
        let place = lock(&self.photos.data).entry(network.to_string()).or_default().clone();
        let open = move || {
            let open = || Data::open(&origin, &classes).map(Arc::new).map_err(|e| e.to_string());
            place.get_or_init(open).clone()
        };
        let opened = spawn_blocking(open).await.map_err(|_| Refused::failed("no data"))?;
        opened.map_err(Refused::unusable)
    }

    /// A photo as it is: `NETWORK/POSITION` of a network's data, or what [`bring`] has called it.
    ///
    /// # Errors
    ///
    /// 404 if there is none of this name, 422 if it cannot be read.
    pub async fn photo(&self, name: &str) -> Result<Arc<Image>, Refused> {
        let Some((network, position)) = name.rsplit_once('/') else {
            let found = lock(&self.photos.own).iter().find(|(known, _)| known == name).cloned();
            return found.map(|(_, image)| image).ok_or_else(|| {
                Refused::unknown("this photo is no longer kept: choose it again, or another one")
            });
        };
        let data = self.data(network).await?;
        let position = position.parse().ok().filter(|position| *position < data.split.len());
        let position = position.ok_or_else(|| {
            Refused::unknown(format!("{name}: there are photos 0 to {}", data.split.len() - 1))
        })?;
        let read = move || data.split.sample(position);
        let read = spawn_blocking(read).await.map_err(|_| Refused::failed("no photo"))?;
        read.map(|sample| Arc::new(sample.image)).map_err(|e| Refused::unusable(e.to_string()))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The photos that are offered for a network.
#[derive(Serialize)]
pub struct Offered {
    photos: Vec<Offer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// A photo that is offered.
#[derive(Serialize)]
struct Offer {
    photo: String,
    /// What it shows.
    class: String,
}

/// Of which network.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfNetwork {
    network: String,
}

/// `GET /lab/photos`.
pub async fn list(
    State(lab): State<Lab>,
    Asked(OfNetwork { network }): Asked<OfNetwork>,
) -> Result<Json<Offered>, Refused> {
    let data = lab.data(&network).await?;
    let photos = data.offered().into_iter().map(|position| Offer {
        photo: format!("{network}/{position}"),
        class: data.classes[data.split.label(position)].clone(),
    });
    Ok(Json(Offered { photos: photos.collect(), note: data.note.clone() }))
}

/// What a photo that was brought is called.
#[derive(Serialize)]
pub struct Brought {
    photo: String,
}

/// `POST /lab/photos`: an image file as the body. It stays in memory alone.
pub async fn bring(State(lab): State<Lab>, request: Request) -> Result<Json<Brought>, Refused> {
    let (parts, body) = request.into_parts();
    let held = lab.app.intake.read(&parts.headers, body).await?;
    if held.bytes.is_empty() {
        return Err(Refused::bad("the file is empty: expected a photo"));
    }
    let photo = format!("own-{}", &format!("{:x}", Sha256::digest(&held.bytes))[..16]);
    let image = lab.app.intake.decode(held.bytes.clone(), |image| {
        match image.width().max(image.height()) > LARGEST {
            true => image.thumbnail(LARGEST),
            false => image,
        }
    });
    let image = image.await?;
    let mut own = lock(&lab.photos.own);
    own.retain(|(known, _)| *known != photo);
    own.push_front((photo.clone(), Arc::new(image)));
    own.truncate(KEPT);
    Ok(Json(Brought { photo }))
}

/// Which photo.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfPhoto {
    photo: String,
}

/// `GET /lab/photos/picture`: a small picture of a photo, as PNG.
pub async fn picture(
    State(lab): State<Lab>,
    Asked(OfPhoto { photo }): Asked<OfPhoto>,
) -> Result<Response, Refused> {
    let image = lab.photo(&photo).await?;
    let png = spawn_blocking(move || image.thumbnail(SMALL).to_png());
    let png = png.await.map_err(|_| Refused::failed("no picture"))?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("image/png"))], png).into_response())
}
