//! The images of a request: from a tensor to what a network takes.

use axum::body::Bytes;
use base64::{Engine, prelude::BASE64_STANDARD};
use zoo_data::Image;
use zoo_model::WeightsInfo;

use super::{
    binary,
    numbers::Data,
    request::{InputTensor, Received},
};
use crate::serve::refused::Refused;

/// What the only input is called.
const NAME: &str = "images";
/// The most images of a request.
const MAX_IMAGES: usize = 1024;

/// The images of a request.
#[derive(Debug)]
pub enum Tensor {
    /// Values of each image, as the network takes them.
    Values(Vec<Vec<f32>>),
    /// Pixels of each image.
    Pixels(Vec<Image>),
    /// Encoded files.
    Files(Vec<Bytes>),
}

/// The values of an input, wherever they came from.
enum Content {
    Json(Data),
    Binary(Bytes),
}

impl Tensor {
    /// The images of a request to the network of `info`.
    ///
    /// # Errors
    ///
    /// 400 if name, type, shape or number of elements are others than those expected.
    pub fn of(received: &mut Received, info: &WeightsInfo) -> Result<Self, Refused> {
        let inputs = std::mem::take(&mut received.request.inputs);
        let count = inputs.len();
        let [input]: [InputTensor; 1] = inputs.try_into().map_err(|_| {
            Refused::bad(format!("`inputs`: expected one, `{NAME}`, found {count}"))
        })?;
        if input.name != NAME {
            return Err(Refused::bad(format!("unknown input `{}`: expected `{NAME}`", input.name)));
        }
        if let Some(other) =
            input.parameters.content_type.as_deref().filter(|kind| *kind != "base64")
        {
            return Err(wrong(format!("content_type: expected base64, found {other}")));
        }
        let content = Content::of(&input, received)?;
        let InputTensor { shape, datatype, data, .. } = input;
        let content = content.unwrap_or_else(|| Content::Json(data.unwrap_or_default()));
        match datatype.as_str() {
            "FP32" => Self::values(&shape, content, info),
            "UINT8" => Self::pixels(&shape, content),
            "BYTES" => Self::files(&shape, content),
            other => {
                Err(wrong(format!("datatype {other} is not taken: expected FP32, UINT8 or BYTES")))
            }
        }
    }

    fn values(shape: &[usize], content: Content, info: &WeightsInfo) -> Result<Self, Refused> {
        let preprocess = &info.preprocess;
        let (channels, side) = (preprocess.channels(), preprocess.image_size);
        let expected = format!("shape [images, {channels}, {side}, {side}] of FP32");
        let images = match *shape {
            [images, c, h, w] if [c, h, w] == [channels, side, side] => check_images(images)?,
            _ => return Err(wrong(format!("expected {expected}, found {shape:?}"))),
        };
        let values = match content {
            Content::Json(data) => data.numbers,
            Content::Binary(bytes) => binary::floats(&bytes).map_err(wrong)?,
        };
        check_count(values.len(), images * channels * side * side)?;
        let rows = values.chunks_exact(channels * side * side);
        Ok(Self::Values(rows.map(<[f32]>::to_vec).collect()))
    }

    fn pixels(shape: &[usize], content: Content) -> Result<Self, Refused> {
        let (images, [height, width, channels]) = match *shape {
            [images, height, width, channels @ (1 | 3)] if height > 0 && width > 0 => {
                (check_images(images)?, [height, width, channels])
            }
            _ => {
                let expected = "shape [images, height, width, 1 or 3] of UINT8";
                return Err(wrong(format!("expected {expected}, found {shape:?}")));
            }
        };
        let size = height.checked_mul(width).and_then(|pixels| pixels.checked_mul(channels));
        let whole = size.and_then(|size| size.checked_mul(images));
        let (size, whole) = size.zip(whole).ok_or_else(|| wrong("the shape is too large"))?;
        let bytes: Vec<u8> = match content {
            Content::Binary(bytes) => bytes.to_vec(),
            Content::Json(data) => {
                let byte = |number: f32| {
                    let is_byte = number.fract() == 0.0 && (0.0..=255.0).contains(&number);
                    is_byte.then_some(number as u8).ok_or_else(|| {
                        wrong(format!("expected whole numbers from 0 to 255, found {number}"))
                    })
                };
                data.numbers.into_iter().map(byte).collect::<Result<_, _>>()?
            }
        };
        check_count(bytes.len(), whole)?;
        let image = |pixels: &[u8]| Image::new(width, height, channels, pixels.to_vec());
        Ok(Self::Pixels(bytes.chunks_exact(size).map(image).collect()))
    }

    fn files(shape: &[usize], content: Content) -> Result<Self, Refused> {
        let images = match *shape {
            [images] | [images, 1] => check_images(images)?,
            _ => return Err(wrong(format!("expected shape [images] of BYTES, found {shape:?}"))),
        };
        let files: Vec<Bytes> = match content {
            Content::Binary(bytes) => {
                let elements = binary::elements(&bytes).map_err(wrong)?;
                elements.into_iter().map(|element| bytes.slice_ref(element)).collect()
            }
            Content::Json(data) => {
                let decode = |(place, text): (usize, &String)| {
                    let file = BASE64_STANDARD.decode(text);
                    file.map(Bytes::from)
                        .map_err(|error| wrong(format!("element {place} is no base64: {error}")))
                };
                data.texts.iter().enumerate().map(decode).collect::<Result<_, _>>()?
            }
        };
        check_count(files.len(), images)?;
        Ok(Self::Files(files))
    }
}

impl Content {
    /// The binary data of an input, if it has some.
    fn of(input: &InputTensor, received: &Received) -> Result<Option<Self>, Refused> {
        let behind = received.binary.len();
        match (input.parameters.binary_data_size, input.data.is_some()) {
            (Some(_), true) => Err(wrong("has both `data` and `binary_data_size`")),
            (None, false) => Err(wrong("has neither `data` nor `binary_data_size`")),
            (Some(size), false) if size == behind => {
                Ok(Some(Self::Binary(received.binary.clone())))
            }
            (Some(size), false) => Err(wrong(format!(
                "`binary_data_size` is {size}, but {behind} bytes come after the JSON"
            ))),
            (None, true) if behind > 0 => {
                Err(wrong(format!("{behind} bytes come after the JSON, and no input claims them")))
            }
            (None, true) => Ok(None),
        }
    }
}

fn check_images(images: usize) -> Result<usize, Refused> {
    match (1..=MAX_IMAGES).contains(&images) {
        true => Ok(images),
        false => Err(wrong(format!("expected 1 to {MAX_IMAGES} images, found {images}"))),
    }
}

fn check_count(found: usize, expected: usize) -> Result<(), Refused> {
    match found == expected {
        true => Ok(()),
        false => Err(wrong(format!("expected {expected} elements for its shape, found {found}"))),
    }
}

fn wrong(message: impl std::fmt::Display) -> Refused {
    Refused::bad(format!("`{NAME}`: {message}"))
}
