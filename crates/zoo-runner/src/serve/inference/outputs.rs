//! From scores to the tensors that are wanted.

use axum::{
    Json,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zoo_model::{Scores, WeightsInfo, ranking};
use zoo_training::words::unknown;

use super::{
    VERSION, binary,
    request::{InferRequest, JSON_LENGTH, OutputParameters, OutputWanted},
};
use crate::serve::refused::Refused;

/// Takes one of the outputs from what a network says of an image.
type Read = fn(&Scores) -> &[f32];

/// The outputs of every network, by their names.
const OUTPUTS: [(&str, Read); 2] =
    [("probabilities", |scores| &scores.probabilities), ("logits", |scores| &scores.logits)];

/// What a network says of the images.
#[derive(Serialize, ToSchema)]
pub struct InferResponse {
    model_name: String,
    model_version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    outputs: Vec<OutputTensor>,
}

/// An output.
#[derive(Serialize, ToSchema)]
pub struct OutputTensor {
    name: String,
    datatype: String,
    shape: Vec<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<BinarySize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<OutputData>,
}

/// How many bytes of an output come after the JSON.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct BinarySize {
    binary_data_size: usize,
}

/// Elements, row-major.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum OutputData {
    Numbers(Vec<f32>),
    Texts(Vec<String>),
}

/// An output that is to be given.
struct Wanted {
    name: &'static str,
    values: fn(&Scores) -> &[f32],
    is_binary: bool,
    classification: usize,
}

/// What of `request` is wanted.
pub struct Wants {
    id: Option<String>,
    outputs: Vec<Wanted>,
}

impl Wants {
    /// Refuses outputs that are not there.
    ///
    /// # Errors
    ///
    /// 400 with the nearest name.
    pub fn of(request: &mut InferRequest) -> Result<Self, Refused> {
        let mut outputs = std::mem::take(&mut request.outputs);
        if outputs.is_empty() {
            let all = OUTPUTS.map(|(name, _)| name.to_string());
            let wanted =
                all.map(|name| OutputWanted { name, parameters: OutputParameters::default() });
            outputs.extend(wanted);
        }
        let is_binary = request.parameters.binary_data_output;
        let wanted = outputs.into_iter().map(|output| {
            let found = OUTPUTS.into_iter().find(|(name, _)| *name == output.name);
            let names = OUTPUTS.map(|(name, _)| name);
            let (name, values) =
                found.ok_or_else(|| Refused::bad(unknown("output", &output.name, names)))?;
            Ok(Wanted {
                name,
                values,
                is_binary: output.parameters.binary_data.unwrap_or(is_binary),
                classification: output.parameters.classification.unwrap_or(0),
            })
        });
        Ok(Self { id: request.id.take(), outputs: wanted.collect::<Result<_, Refused>>()? })
    }

    /// The answer to the request.
    pub fn response(self, model: &str, info: &WeightsInfo, scores: &[Scores]) -> Response {
        let mut behind = Vec::new();
        let outputs = self.outputs.iter().map(|wanted| wanted.tensor(info, scores, &mut behind));
        let outputs: Vec<OutputTensor> = outputs.collect();
        let is_binary = self.outputs.iter().any(|wanted| wanted.is_binary);
        let response = InferResponse {
            model_name: model.to_string(),
            model_version: VERSION.to_string(),
            id: self.id,
            outputs,
        };
        if !is_binary {
            return Json(response).into_response();
        }
        let mut body = serde_json::to_vec(&response).expect("texts and numbers are JSON");
        let length = HeaderValue::from(body.len());
        body.extend(behind);
        let kind = HeaderValue::from_static("application/octet-stream");
        ([(header::CONTENT_TYPE, kind), (JSON_LENGTH, length)], body).into_response()
    }
}

impl Wanted {
    /// The tensor; as bytes at the end of `behind`, if so wanted.
    fn tensor(&self, info: &WeightsInfo, scores: &[Scores], behind: &mut Vec<u8>) -> OutputTensor {
        let classes = info.classes.len();
        let rows = scores.iter().map(self.values);
        let (columns, data) = match self.classification.min(classes) {
            0 => (classes, OutputData::Numbers(rows.flatten().copied().collect())),
            best => {
                let texts = rows.flat_map(|row| {
                    ranking(row)
                        .into_iter()
                        .take(best)
                        .map(move |label| format!("{}:{label}:{}", row[label], info.classes[label]))
                });
                (best, OutputData::Texts(texts.collect()))
            }
        };
        let datatype = match data {
            OutputData::Numbers(_) => "FP32",
            OutputData::Texts(_) => "BYTES",
        };
        let bytes = self.is_binary.then(|| match &data {
            OutputData::Numbers(numbers) => binary::of_floats(numbers),
            OutputData::Texts(texts) => binary::of_texts(texts),
        });
        let parameters = bytes.as_ref().map(|bytes| BinarySize { binary_data_size: bytes.len() });
        behind.extend(bytes.unwrap_or_default());
        OutputTensor {
            name: self.name.to_string(),
            datatype: datatype.to_string(),
            shape: vec![scores.len(), columns],
            data: parameters.is_none().then_some(data),
            parameters,
        }
    }
}
