//! `/training`: the run under way that this server watches, and what it can be told.

use std::time::{Duration, Instant};

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use zoo_data::Split;
use zoo_training::{Command, Live};

use super::{
    Shared,
    asked::At,
    refused::{ErrorBody, Refused},
};

/// The longer side of a sample's picture, at most, in pixels.
const SIDE: usize = 256;
/// The most classes that are told of a sample.
const TOP: usize = 3;

/// A run under way.
pub struct Training {
    /// The name of its folder.
    run: String,
    /// The line to it.
    live: Live,
    /// What its network is shown after every epoch.
    samples: Split,
    /// Names of the classes.
    classes: Vec<String>,
    /// When somebody last looked at it.
    looked: Mutex<Option<Instant>>,
}

/// Where the run under way stands.
#[derive(Serialize, ToSchema)]
pub struct TrainingNow {
    /// Its name among `/runs`.
    run: String,
    /// `doing` (`starting`, `training`, `validating`, `paused` or `over`), `is_ending`, `epoch` of `epochs`,
    /// `step` of `steps`, `seconds`, `seconds_left`, `learning_rate` and `learning_rate_factor`; what is not
    /// known is null.
    #[schema(value_type = Object)]
    sight: Value,
    /// What the network makes of some images of the valid split; none before it was first validated.
    samples: Option<SamplesNow>,
}

/// What the network makes of some images.
#[derive(Serialize, ToSchema)]
pub struct SamplesNow {
    /// After how many epochs.
    epoch: usize,
    images: Vec<SampleNow>,
}

/// What the network makes of an image.
#[derive(Serialize, ToSchema)]
pub struct SampleNow {
    /// By which `/training/images/{index}` shows it.
    index: usize,
    /// Its file, or what else it is called.
    image: String,
    /// What it shows.
    class: String,
    /// The three most probable classes.
    predictions: Vec<PredictionNow>,
}

/// A class and how probable it is.
#[derive(Serialize, ToSchema)]
pub struct PredictionNow {
    class: String,
    probability: f32,
}

/// What a training can be told: `{"command": "pause"}`, `{"command": "go-on"}`, `{"command": "end"}`, which writes a
/// checkpoint, or `{"command": "learning-rate", "factor": 0.5}`, which multiplies all learning rates from here on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Command)]
struct Told {
    command: CommandName,
    /// Of `learning-rate`: more than 0.
    factor: Option<f64>,
}

/// What can be done.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum CommandName {
    Pause,
    GoOn,
    End,
    LearningRate,
}

impl Told {
    fn command(self) -> Result<Command, String> {
        let command = match (self.command, self.factor) {
            (CommandName::LearningRate, Some(factor)) => Command::LearningRate { factor },
            (CommandName::LearningRate, None) => return Err(String::from("`factor` is missing")),
            (_, Some(_)) => return Err(String::from("`factor` belongs to `learning-rate` alone")),
            (CommandName::Pause, None) => Command::Pause,
            (CommandName::GoOn, None) => Command::GoOn,
            (CommandName::End, None) => Command::End,
        };
        command.check().map(|()| command)
    }
}

pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(training, tell)).routes(routes!(image))
}

/// The run under way; null if this server watches none.
#[utoipa::path(
    get, path = "/training", tag = "runs",
    responses((status = 200, description = "Where it stands", body = Option<TrainingNow>))
)]
async fn training(State(app): State<Shared>) -> Json<Option<TrainingNow>> {
    Json(app.training.as_ref().map(Training::now))
}

/// Tells the run under way something. It is heeded before the next step, and written down in `metrics.jsonl` and
/// `manifest.json`.
#[utoipa::path(
    post, path = "/training", tag = "runs", request_body = Told,
    responses(
        (status = 200, description = "It will be heeded", body = TrainingNow),
        (status = 400, description = "No such command", body = ErrorBody),
        (status = 404, description = "This server watches no training", body = ErrorBody),
        (status = 409, description = "It makes no sense now", body = ErrorBody),
    )
)]
async fn tell(State(app): State<Shared>, request: Request) -> Result<Json<TrainingNow>, Refused> {
    let training = watched(&app)?;
    let (parts, body) = request.into_parts();
    let body = app.intake.read(&parts.headers, body).await?;
    let told: Told = serde_json::from_slice(&body.bytes)
        .map_err(|error| Refused::bad(format!("the command: {error}")))?;
    let command = told.command().map_err(Refused::bad)?;
    let told = training.live.tell(command);
    told.map_err(|reason| Refused::new(StatusCode::CONFLICT, reason))?;
    Ok(Json(training.now()))
}

/// An image that the network is shown after every epoch, as it is, at most 256 pixels a side, as PNG.
#[utoipa::path(
    get, path = "/training/images/{index}", tag = "runs", operation_id = "training_image",
    params(("index" = usize, Path, description = "Index of the image")),
    responses(
        (status = 200, description = "The image", body = String, content_type = "image/png"),
        (status = 404, description = "No such image", body = ErrorBody),
        (status = 422, description = "The image cannot be read", body = ErrorBody),
    )
)]
async fn image(State(app): State<Shared>, At(index): At<usize>) -> Result<Response, Refused> {
    let samples = &watched(&app)?.samples;
    let place = (0..samples.len()).find(|&place| samples.index(place) == index);
    let place =
        place.ok_or_else(|| Refused::unknown(format!("no image {index} among the samples")))?;
    let sample = samples.sample(place).map_err(|error| Refused::unusable(error.to_string()))?;
    let png = sample.image.thumbnail(SIDE).to_png();
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("image/png"))], png).into_response())
}

fn watched(app: &Shared) -> Result<&Training, Refused> {
    let none = || {
        Refused::unknown(
            "this server watches no training: `zoo train CONFIG --serve` starts one that does",
        )
    };
    app.training.as_ref().ok_or_else(none)
}

impl Training {
    /// The run called `run`.
    pub fn new(run: String, live: Live, samples: Split, classes: Vec<String>) -> Self {
        Self { run, live, samples, classes, looked: Mutex::default() }
    }

    fn now(&self) -> TrainingNow {
        *self.looked.lock() = Some(Instant::now());
        let samples = self.live.samples();
        let samples = samples.map(|samples| SamplesNow {
            epoch: samples.epoch,
            images: samples.images.iter().map(|(index, said)| self.sample(*index, said)).collect(),
        });
        let sight = serde_json::to_value(self.live.sight()).unwrap_or_default();
        TrainingNow { run: self.run.clone(), sight, samples }
    }

    fn sample(&self, index: usize, said: &zoo_model::Scores) -> SampleNow {
        let source = self.samples.source();
        let predictions = said.ranking().into_iter().take(TOP).map(|label| PredictionNow {
            class: self.classes[label].clone(),
            probability: said.probabilities[label],
        });
        SampleNow {
            index,
            image: source.name(index),
            class: self.classes[source.label(index)].clone(),
            predictions: predictions.collect(),
        }
    }

    /// Whether somebody has looked within this time.
    pub fn is_watched(&self, within: Duration) -> bool {
        let looked = *self.looked.lock();
        looked.is_some_and(|looked| looked.elapsed() < within)
    }
}
