//! `POST /v2/models/{model}/infer`.

use axum::{
    body::Bytes,
    extract::{Request, State},
    response::Response,
};
use futures_util::{StreamExt, stream};
use zoo_data::Image;
use zoo_model::{NO_ANSWER, Scores};

use super::{
    Of,
    outputs::{InferResponse, Wants},
    request::{InferRequest, read},
    tensor::Tensor,
};
use crate::serve::{
    Shared,
    engine::{Input, Place},
    networks::Network,
    refused::{ErrorBody, Refused},
};

/// Images of one request that are decoded or wait at a time.
const AT_ONCE: usize = 16;

/// What a network says of images: values, pixels or encoded files.
#[utoipa::path(
    post, path = "/v2/models/{model}/infer", tag = "v2",
    params(
        ("model" = String, Path, description = "Name of the network"),
        ("Inference-Header-Content-Length" = Option<usize>, Header, description = "Length of the JSON, where binary data follows it"),
    ),
    request_body(description = "A request as JSON; binary data may follow", content = InferRequest),
    responses(
        (status = 200, description = "Outputs; binary data may follow", body = InferResponse),
        (status = 400, description = "Wrong name, shape, type or data", body = ErrorBody),
        (status = 422, description = "An image cannot be read", body = ErrorBody),
    )
)]
pub async fn infer(
    State(app): State<Shared>,
    Of(network): Of,
    request: Request,
) -> Result<Response, Refused> {
    let (parts, body) = request.into_parts();
    let held = app.intake.read(&parts.headers, body).await?;
    let (headers, bytes, info) = (parts.headers, held.bytes.clone(), network.info.clone());
    let parse = move || {
        let mut received = read(&headers, &bytes)?;
        let wants = Wants::of(&mut received.request)?;
        Ok((Tensor::of(&mut received, &info)?, wants))
    };
    let (tensor, wants) = app.intake.work(parse).await?;
    let scores = scores(&app, &network, tensor).await?;
    Ok(wants.response(&network.name, &network.info, &scores))
}

/// What the network says of each image; the first that it says nothing of fails the request.
async fn scores(app: &Shared, network: &Network, tensor: Tensor) -> Result<Vec<Scores>, Refused> {
    let sources: Vec<Source> = match tensor {
        Tensor::Values(rows) => rows.into_iter().map(Source::Values).collect(),
        Tensor::Pixels(images) => images.into_iter().map(Source::Pixels).collect(),
        Tensor::Files(files) => files.into_iter().map(Source::File).collect(),
    };
    // The first image needs room at once; the others wait for it.
    let mut place = Some(network.engine.try_place()?);
    let looks = sources
        .into_iter()
        .enumerate()
        .map(|(index, source)| look(app, network, Looked { index, source, place: place.take() }));
    let looks: Vec<_> = looks.collect();
    let scores: Vec<Result<Scores, Refused>> =
        stream::iter(looks).buffered(AT_ONCE).collect().await;
    scores.into_iter().collect()
}

/// An image of a request.
struct Looked {
    index: usize,
    source: Source,
    /// Its room in the queue, if it has some already.
    place: Option<Place>,
}

enum Source {
    Values(Vec<f32>),
    Pixels(Image),
    File(Bytes),
}

async fn look(app: &Shared, network: &Network, looked: Looked) -> Result<Scores, Refused> {
    let Looked { index, source, place } = looked;
    let place = match place {
        Some(place) => place,
        None => network.engine.place().await?,
    };
    let named = |refused: Refused| {
        let message = format!("`images`: image {index}: {}", refused.message());
        Refused::new(refused.status, message)
    };
    let info = network.info.clone();
    let input = match source {
        Source::Values(values) => Input::Values(values),
        Source::Pixels(image) => {
            let prepare = move || Ok(info.preprocess.prepare(image));
            Input::Prepared(app.intake.work(prepare).await?)
        }
        Source::File(file) => {
            let prepare = move |image| info.preprocess.prepare(image);
            Input::Prepared(app.intake.decode(file, prepare).await.map_err(named)?)
        }
    };
    let scores = place.look(input).await?;
    match scores.is_answer() {
        true => Ok(scores),
        false => Err(named(Refused::bad(NO_ANSWER))),
    }
}
