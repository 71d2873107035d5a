//! `POST /explain/{model}`.

use axum::{
    extract::{Request, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use zoo_data::Image;
use zoo_model::Predictor;
use zoo_training::words::unknown;

use super::images::{ImageFile, ImageForm, Images};
use crate::{
    classes::names,
    explain::{METHODS, Method, Subject},
    serve::{
        Shared,
        asked::{Asked, At},
        networks::Network,
        refused::{ErrorBody, Refused},
    },
};

/// What is to be shown.
#[derive(Clone, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExplainOptions {
    /// Name or label of the class that is explained; the most probable unless given.
    class: Option<String>,
    /// How to find where the network looks; `/models` lists the methods of each.
    #[param(default = "hires-cam")]
    method: String,
    /// What the picture shows.
    #[param(inline)]
    view: View,
}

impl Default for ExplainOptions {
    fn default() -> Self {
        Self { class: None, method: String::from("hires-cam"), view: View::Overlay }
    }
}

/// What the picture shows.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum View {
    /// The heat over the image in grey.
    Overlay,
    /// The heat alone.
    Heat,
    /// The image as the network sees it.
    Input,
}

/// A heat map of the image: where the network found what speaks for a class. It is as large as the image
/// that the network sees.
#[utoipa::path(
    post, path = "/explain/{model}", tag = "images",
    params(("model" = String, Path, description = "Name of the network"), ExplainOptions),
    request_body(
        description = "An image file",
        content((ImageFile = "application/octet-stream"), (ImageForm = "multipart/form-data"))
    ),
    responses(
        (status = 200, description = "A PNG picture", body = ImageFile, content_type = "image/png"),
        (status = 422, description = "The image cannot be read", body = ErrorBody),
    )
)]
pub async fn explain(
    State(app): State<Shared>,
    At(model): At<String>,
    Asked(options): Asked<ExplainOptions>,
    request: Request,
) -> Result<Response, Refused> {
    let network = &*app.networks.get(&model)?;
    let method = method(network, &options.method)?;
    let label = options.class.as_deref().map(|class| {
        names::find(class, &network.info.classes)
            .map_err(|error| Refused::bad(format!("`class`: {class}: {error}")))
    });
    let label = label.transpose()?;
    let file = Images::read(request, &app.intake).await?.only()?;
    let place = network.engine.try_place()?;
    let info = network.info.clone();
    let prepare = move |image: Image| {
        let size = [image.width(), image.height()];
        (info.preprocess.apply(image), size)
    };
    let (image, size) = app.intake.decode(file, prepare).await?;
    let png = match options.view {
        View::Input => Ok(image.to_png()),
        view => {
            let draw =
                move |predictor: &Predictor| picture(predictor, image, size, label, method, view);
            place.run(draw).await?
        }
    }?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("image/png"))], png).into_response())
}

fn method(network: &Network, name: &str) -> Result<&'static Method, Refused> {
    let method = METHODS.into_iter().find(|method| method.name == name);
    method.filter(|_| network.explains.contains(&name)).ok_or_else(|| {
        let what = format!("method of `{}`", network.name);
        Refused::bad(unknown(&what, name, network.explains.iter().copied()))
    })
}

fn picture(
    predictor: &Predictor,
    image: Image,
    size: [usize; 2],
    label: Option<usize>,
    method: &Method,
    view: View,
) -> Result<Vec<u8>, Refused> {
    let unusable = |error: crate::Error| Refused::unusable(error.to_string());
    let subject = Subject::of_applied(predictor, image, size, label).map_err(unusable)?;
    let heat = method.heat.ok_or_else(|| Refused::bad("this method shows no heat"))?;
    let map = heat(&subject).map_err(unusable)?;
    let picture = match view {
        View::Heat => map.resized([subject.side(), subject.side()]).picture(),
        _ => map.over(&subject.image),
    };
    Ok(picture.to_png())
}
