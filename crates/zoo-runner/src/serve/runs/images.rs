//! The images behind a run's figures: those of a cell of the confusion matrix, and one by its index.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    FoundRun,
    list::on_disk,
    look::{Look, Looking},
};
use crate::serve::{
    Shared,
    asked::{Asked, At},
    refused::{ErrorBody, Refused},
};

/// The most images of a cell that are listed.
const MOST: usize = 200;
/// The longer side of a picture, at most, in pixels.
const SIDE: usize = 256;

/// A cell of the confusion matrix.
#[derive(Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Cell {
    /// What the images show.
    label: usize,
    /// What they were taken for.
    prediction: usize,
}

/// The images of a cell, the surest predictions first, at most 200.
#[derive(Serialize, ToSchema)]
pub struct CellImages {
    /// All that the cell counts.
    images: usize,
    listed: Vec<CellImage>,
}

/// An image of a cell.
#[derive(Serialize, ToSchema)]
pub struct CellImage {
    /// By which `/runs/{run}/images/{index}` shows it.
    index: usize,
    /// Its file, or what else it is called.
    image: String,
    /// How probable the prediction was.
    probability: f64,
}

/// How far the network has looked at the images.
#[derive(Serialize, ToSchema)]
pub struct Progress {
    /// Images it has looked at.
    done: u64,
    /// All of them; 0 as long as the data is being opened.
    images: u64,
}

/// The images behind a cell of the confusion matrix. They are found by having the run's weights look at its
/// split once; until that is done, the answer is 202 and how far it is.
#[utoipa::path(
    get, path = "/runs/{run}/confusion", tag = "runs",
    params(("run" = String, Path, description = "Name of the run"), Cell),
    responses(
        (status = 200, description = "The images", body = CellImages),
        (status = 202, description = "Ask again", body = Progress),
        (status = 422, description = "The images cannot be looked at", body = ErrorBody),
    )
)]
pub async fn confusion(
    State(app): State<Shared>,
    At(run): At<String>,
    Asked(cell): Asked<Cell>,
) -> Result<Response, Refused> {
    match looked(&app, run).await? {
        Ok(look) => Ok(Json(cell.images(&look)).into_response()),
        Err(progress) => Ok((StatusCode::ACCEPTED, Json(progress)).into_response()),
    }
}

/// An image of the run's split, as it is, at most 256 pixels a side, as PNG; 202 as with
/// `/runs/{run}/confusion`.
#[utoipa::path(
    get, path = "/runs/{run}/images/{index}", tag = "runs",
    params(
        ("run" = String, Path, description = "Name of the run"),
        ("index" = usize, Path, description = "Index of the image"),
    ),
    responses(
        (status = 200, description = "The image", body = String, content_type = "image/png"),
        (status = 202, description = "Ask again", body = Progress),
        (status = 404, description = "No such run or image", body = ErrorBody),
        (status = 422, description = "The image cannot be read", body = ErrorBody),
    )
)]
pub async fn image(
    State(app): State<Shared>,
    At((run, index)): At<(String, usize)>,
) -> Result<Response, Refused> {
    let look = match looked(&app, run).await? {
        Ok(look) => look,
        Err(progress) => return Ok((StatusCode::ACCEPTED, Json(progress)).into_response()),
    };
    let png = on_disk(move || picture(&look, index)).await??;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("image/png"))], png).into_response())
}

/// What the network makes of the images of a run, or how far it has looked at them.
async fn looked(app: &Shared, run: String) -> Result<Result<Arc<Look>, Progress>, Refused> {
    let app = app.clone();
    let look = move || {
        let run: FoundRun = app.runs.get(&run)?;
        let (keeper, kept) = (app.clone(), run.clone());
        match app.runs.looks.of(&run, move |looking| keeper.runs.looks.keep(&kept, looking)) {
            Looking::Running(bar) => {
                Ok(Err(Progress { done: bar.position(), images: bar.length().unwrap_or(0) }))
            }
            Looking::Done(look) => Ok(Ok(look)),
            Looking::Failed(reason) => Err(Refused::unusable(reason)),
        }
    };
    on_disk(look).await?
}

impl Cell {
    fn images(self, look: &Look) -> CellImages {
        let mut found: Vec<_> = look
            .scored
            .iter()
            .filter(|image| image.label == self.label && image.prediction == self.prediction)
            .collect();
        found.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        let name =
            |index| look.split().map_or_else(String::new, |split| split.source().name(index));
        let listed = found.iter().take(MOST).map(|image| CellImage {
            index: image.index,
            image: name(image.index),
            probability: image.probability,
        });
        CellImages { images: found.len(), listed: listed.collect() }
    }
}

fn picture(look: &Look, index: usize) -> Result<Vec<u8>, Refused> {
    let is_there = look.scored.iter().any(|image| image.index == index);
    let split = look.split().filter(|_| is_there);
    let split =
        split.ok_or_else(|| Refused::unknown(format!("no image {index} in the run's split")))?;
    let image = split.source().image(index);
    let image = image.map_err(|error| Refused::unusable(error.to_string()))?;
    Ok(image.thumbnail(SIDE).to_png())
}
