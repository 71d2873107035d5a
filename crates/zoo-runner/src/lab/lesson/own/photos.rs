//! The learner's classes and photos.

use axum::{
    Json,
    extract::{Request, State},
    response::Response,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    lab::{Answer, Lab, Told, Visit, aside, collection::Change, message},
    serve::{asked::Asked, refused::Refused},
};

/// The longer side up to which photos are kept as they are, in pixels.
const LARGEST: usize = 1024;
/// The longer side of a small picture, in pixels.
const SMALL: usize = 160;

/// What there is of a visit: classes, whether a network is in training, and where it was saved.
pub async fn list(Told { lab, asked: Visit { visit }, .. }: Told<Visit>) -> Answer<Json<Value>> {
    let collection = lab.collections.of(&visit);
    let collection = collection.lock();
    Ok(Json(json!({
        "classes": collection.listed(),
        "trains": lab.workshops.get(&visit).is_ok(),
        "saved": collection.saved,
    })))
}

/// Of which class a photo is, and what its file is called.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Of {
    visit: String,
    class: String,
    name: String,
}

/// Takes a photo, an image file as the body, and says what it is called.
pub async fn bring(
    State(lab): State<Lab>,
    Asked(Of { visit, class, name }): Asked<Of>,
    request: Request,
) -> Answer<Json<Value>> {
    let (parts, body) = request.into_parts();
    let held = lab.app.intake.read(&parts.headers, body).await?;
    if held.bytes.is_empty() {
        return Err(Refused::bad("the file is empty: expected a photo"));
    }
    // What is larger than any network sees is kept smaller, and saved as it is kept.
    let kept = lab.app.intake.decode(held.bytes.clone(), |image| {
        match image.width().max(image.height()) > LARGEST {
            true => {
                let smaller = image.thumbnail(LARGEST);
                let file = smaller.to_png();
                (smaller, Some(file))
            }
            false => (image, None),
        }
    });
    let (image, smaller) = kept.await?;
    let (name, file) = match smaller {
        Some(file) => (format!("{name}.png"), file.into()),
        None => (name, held.bytes.clone()),
    };
    let collection = lab.collections.of(&visit);
    let id = collection.lock().add(&class, name, file, image)?;
    Ok(Json(json!({"photo": id})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Picture {
    visit: String,
    photo: usize,
}

/// A small picture of a photo, as PNG.
pub async fn picture(
    State(lab): State<Lab>,
    Asked(Picture { visit, photo }): Asked<Picture>,
) -> Answer<Response> {
    let photo = lab.collections.of(&visit).lock().photo(photo)?;
    Ok(message::picture(aside(move || photo.image.thumbnail(SMALL).to_png()).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Changed {
    visit: String,
    change: Change,
}

/// Changes classes, or in which a photo is; gives the classes as they are then.
pub async fn change(
    Told { lab, asked: Changed { visit, change }, .. }: Told<Changed>,
) -> Answer<Json<Value>> {
    let collection = lab.collections.of(&visit);
    let mut collection = collection.lock();
    collection.change(change)?;
    Ok(Json(json!({"classes": collection.listed()})))
}
