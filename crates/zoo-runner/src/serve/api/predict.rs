//! `POST /predict/{model}`.

use axum::{
    Json,
    body::Bytes,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zoo_model::{NO_ANSWER, Scores};

use super::images::{ImageFile, ImageForm, Images, is_of_image};
use crate::serve::{
    Shared,
    asked::{Asked, At},
    engine::{Input, Place},
    networks::Network,
    refused::{ErrorBody, Refused},
};

/// Images of one request that are decoded or wait at a time.
const AT_ONCE: usize = 16;

/// What is wanted of a prediction.
#[derive(Clone, Copy, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PredictOptions {
    /// Number of classes per image, most probable first.
    #[param(minimum = 1, default = 5)]
    top_k: usize,
    /// Mark images whose highest probability is below this.
    #[param(minimum = 0.0, maximum = 1.0)]
    unsure_below: Option<f32>,
    /// Include the logits, the scores before softmax.
    #[param(default = false)]
    logits: bool,
}

impl Default for PredictOptions {
    fn default() -> Self {
        Self { top_k: 5, unsure_below: None, logits: false }
    }
}

/// What the network says of each image, in their order.
#[derive(Serialize, ToSchema)]
pub struct Answer {
    /// The network.
    model: String,
    /// One entry per image.
    images: Vec<Answered>,
}

/// What the network says of an image, or why it says nothing.
#[derive(Serialize, ToSchema)]
pub struct Answered {
    /// The file name in the form; absent for an image that is the body itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    /// The most probable classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    predictions: Option<Vec<Prediction>>,
    /// Whether the highest probability is below `unsure_below`, if that was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    unsure: Option<bool>,
    /// The score of each class, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    logits: Option<Vec<f32>>,
    /// Why there is no answer for this image.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// A class that the image may show.
#[derive(Serialize, ToSchema)]
pub struct Prediction {
    /// The class's name.
    class: String,
    /// Its index among the classes.
    label: usize,
    /// How probable it is.
    probability: f32,
}

/// Classify an image, or the images of a form. An image that cannot be read has its own error; the others
/// are answered.
#[utoipa::path(
    post, path = "/predict/{model}", tag = "images",
    params(("model" = String, Path, description = "Name of the network"), PredictOptions),
    request_body(
        description = "An image file, or a form of them",
        content((ImageFile = "application/octet-stream"), (ImageForm = "multipart/form-data"))
    ),
    responses(
        (status = 200, description = "Classes with probabilities", body = Answer),
        (status = 422, description = "No image can be read: an error, or one for each image of a form", body = ErrorBody),
    )
)]
pub async fn predict(
    State(app): State<Shared>,
    At(model): At<String>,
    Asked(options): Asked<PredictOptions>,
    request: Request,
) -> Result<Response, Refused> {
    options.check()?;
    let network = &*app.networks.get(&model)?;
    let images = Images::read(request, &app.intake).await?;
    // The first image needs room at once; the others of a form wait for it.
    let place = network.engine.try_place()?;
    let answered = match images {
        Images::One(held) => {
            let scores = look(&app, network, held.bytes, place).await?;
            vec![options.answered(None, scores, network)]
        }
        Images::Form(files, _held) => {
            let mut first = Some(place);
            let asked = files.into_iter().map(|(name, file)| {
                let place = first.take();
                let app = &app;
                async move {
                    let place = match place {
                        Some(place) => place,
                        None => network.engine.place().await?,
                    };
                    match look(app, network, file, place).await {
                        Ok(scores) => Ok(options.answered(Some(name), scores, network)),
                        Err(refused) if is_of_image(refused.status) => {
                            Ok(Answered::unusable(name, &refused))
                        }
                        Err(refused) => Err(refused),
                    }
                }
            });
            let asked: Vec<_> = asked.collect();
            let answered: Vec<Result<Answered, Refused>> =
                stream::iter(asked).buffered(AT_ONCE).collect().await;
            answered.into_iter().collect::<Result<Vec<_>, _>>()?
        }
    };
    let status = match answered.iter().all(|image| image.error.is_some()) {
        true => StatusCode::UNPROCESSABLE_ENTITY,
        false => StatusCode::OK,
    };
    Ok((status, Json(Answer { model, images: answered })).into_response())
}

/// What the network says of an image file.
async fn look(
    app: &Shared,
    network: &Network,
    file: Bytes,
    place: Place,
) -> Result<Scores, Refused> {
    let info = network.info.clone();
    let prepared = app.intake.decode(file, move |image| info.preprocess.prepare(image)).await?;
    let scores = place.look(Input::Prepared(prepared)).await?;
    match scores.is_answer() {
        true => Ok(scores),
        false => Err(Refused::unusable(NO_ANSWER)),
    }
}

impl PredictOptions {
    fn check(&self) -> Result<(), Refused> {
        if self.top_k == 0 {
            return Err(Refused::bad("`top_k`: expected at least 1, found 0"));
        }
        match self.unsure_below.filter(|below| !(0.0..=1.0).contains(below)) {
            Some(below) => {
                Err(Refused::bad(format!("`unsure_below`: expected 0 to 1, found {below}")))
            }
            None => Ok(()),
        }
    }

    fn answered(&self, image: Option<String>, scores: Scores, network: &Network) -> Answered {
        let predictions = scores.ranking().into_iter().take(self.top_k).map(|label| Prediction {
            class: network.info.classes[label].clone(),
            label,
            probability: scores.probabilities[label],
        });
        let predictions: Vec<Prediction> = predictions.collect();
        let surest = predictions.first().map_or(0.0, |first| first.probability);
        Answered {
            image,
            unsure: self.unsure_below.map(|below| surest < below),
            predictions: Some(predictions),
            logits: self.logits.then_some(scores.logits),
            error: None,
        }
    }
}

impl Answered {
    fn unusable(name: String, refused: &Refused) -> Self {
        Self {
            image: Some(name),
            predictions: None,
            unsure: None,
            logits: None,
            error: Some(refused.message().to_string()),
        }
    }
}
