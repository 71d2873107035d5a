//! The images that a request brings: one as its body, or many in a form.

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, Multipart, Request},
    http::{StatusCode, header, request::Parts},
};
use utoipa::ToSchema;

use crate::serve::{
    intake::{Held, Intake},
    refused::Refused,
};

/// The most images of a request.
const MAX_IMAGES: usize = 1024;

/// The bytes of an image file: JPEG, PNG, WebP, BMP, GIF or TIFF.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[allow(dead_code, reason = "it is only described")]
pub struct ImageFile(Vec<u8>);

/// A form of image files.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it is only described")]
pub struct ImageForm {
    /// Each is answered by its file name, in this order.
    #[schema(value_type = Vec<String>, format = Binary)]
    image: Vec<Vec<u8>>,
}

/// The images of a request.
pub enum Images {
    /// The body itself.
    One(Held),
    /// Those of a form, by their names; the budget's share of all.
    Form(Vec<(String, Bytes)>, Held),
}

impl Images {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// Those of [`Intake::read`]; 400 if there are none, or the form is corrupt.
    pub async fn read(request: Request, intake: &Intake) -> Result<Self, Refused> {
        let (parts, body) = request.into_parts();
        let held = intake.read(&parts.headers, body).await?;
        if held.bytes.is_empty() {
            return Err(Refused::bad(
                "the body is empty: expected an image, or a form with images",
            ));
        }
        match is_form(&parts) {
            true => Self::of_form(parts, held).await,
            false => Ok(Self::One(held)),
        }
    }

    async fn of_form(parts: Parts, held: Held) -> Result<Self, Refused> {
        let request = Request::from_parts(parts, Body::from(held.bytes.clone()));
        let corrupt = |error: &dyn std::fmt::Display| Refused::bad(format!("the form: {error}"));
        let mut form =
            Multipart::from_request(request, &()).await.map_err(|error| corrupt(&error))?;
        let mut images = Vec::new();
        loop {
            let field = form.next_field().await.map_err(|error| corrupt(&error.body_text()))?;
            let Some(field) = field else { break };
            let Some(name) = field.file_name().map(String::from) else {
                let name = field.name().unwrap_or_default();
                return Err(Refused::bad(format!(
                    "the form: `{name}` has no file name: only files are taken; options go into the query"
                )));
            };
            if images.len() == MAX_IMAGES {
                return Err(Refused::too_large(format!(
                    "more than {MAX_IMAGES} images in a request"
                )));
            }
            let bytes = field.bytes().await.map_err(|error| corrupt(&error.body_text()))?;
            images.push((name, bytes));
        }
        match images.is_empty() {
            true => Err(Refused::bad("the form has no image")),
            false => Ok(Self::Form(images, held)),
        }
    }

    /// The only image.
    ///
    /// # Errors
    ///
    /// 400 if there are several.
    pub fn only(self) -> Result<Bytes, Refused> {
        match self {
            Self::One(held) => Ok(held.bytes),
            Self::Form(mut images, _) if images.len() == 1 => Ok(images.remove(0).1),
            Self::Form(images, _) => {
                Err(Refused::bad(format!("expected one image, found {}", images.len())))
            }
        }
    }
}

fn is_form(parts: &Parts) -> bool {
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("multipart/"))
}

/// Whether a status is about the image and not about the server.
pub fn is_of_image(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNPROCESSABLE_ENTITY | StatusCode::PAYLOAD_TOO_LARGE)
}
