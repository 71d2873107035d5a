//! What is above every lesson: the photos to choose from, and what a network says of the chosen one.

use axum::{
    Json,
    extract::{Request, State},
    response::Response,
};
use serde::{Deserialize, Serialize};

use super::{
    Answer,
    aside::aside,
    course::{Lab, Prediction},
    message::{self, Told},
};
use crate::serve::{asked::Asked, refused::Refused};

/// The longer side up to which the learner's photos are kept as they are, in pixels.
const LARGEST: usize = 2048;
/// The longer side of a small picture, in pixels.
const SMALL: usize = 128;

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
) -> Answer<Json<Offered>> {
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
pub async fn bring(State(lab): State<Lab>, request: Request) -> Answer<Json<Brought>> {
    let (parts, body) = request.into_parts();
    let held = lab.app.intake.read(&parts.headers, body).await?;
    if held.bytes.is_empty() {
        return Err(Refused::bad("the file is empty: expected a photo"));
    }
    let image = lab.app.intake.decode(held.bytes.clone(), |image| {
        match image.width().max(image.height()) > LARGEST {
            true => image.thumbnail(LARGEST),
            false => image,
        }
    });
    let image = image.await?;
    Ok(Json(Brought { photo: lab.photos.keep(&held.bytes, image) }))
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
) -> Answer<Response> {
    let image = lab.photo(&photo).await?;
    Ok(message::picture(aside(move || image.thumbnail(SMALL).to_png()).await?))
}

/// What a network says of a photo, all classes, the most probable first.
pub async fn predict(Told { lab, looked, .. }: Told) -> Answer<Json<Vec<Prediction>>> {
    let seen = lab.seen(&looked).await?;
    Ok(Json(lab.predictions(&looked.network, &seen.scores, usize::MAX)?))
}
