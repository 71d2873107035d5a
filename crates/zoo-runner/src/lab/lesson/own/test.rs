//! What the network in training says of photos.

use axum::{
    Json,
    extract::{Request, State},
};
use serde::Serialize;
use zoo_model::{AnyModel, Predictor};
use zoo_training::progress::Show;

use crate::{
    Error,
    evaluation::evaluate,
    job::Parts,
    lab::{
        Answer, Lab, Prediction, Told, Visit,
        workshop::{Achieved, loader},
    },
    serve::{asked::Asked, refused::Refused},
};

/// What is said of a photo of the collection.
#[derive(Serialize)]
pub struct Judged {
    photo: usize,
    /// Whether the network has learned from it.
    learned: bool,
    label: usize,
    prediction: usize,
    probability: f64,
}

/// What the best network so far says of every photo that it was trained or checked with.
pub async fn scored(
    Told { lab, asked: Visit { visit }, .. }: Told<Visit>,
) -> Answer<Json<Vec<Judged>>> {
    let workshop = lab.workshops.get(&visit)?;
    let trained = lab.collections.of(&visit).lock().trained.clone();
    let trained = trained.ok_or_else(|| Refused::unknown("nothing has been trained yet"))?;
    let judged = workshop.errand_with(move |parts, achieved| {
        let (best, bar) = (best(achieved)?, Show::Nothing.bar("", 0));
        let _scope = parts.config.train.precision.enter();
        let mut judged = Vec::new();
        for (split, learned) in [(&parts.data.valid, false), (&parts.data.train, true)] {
            let scored = evaluate(&|images| best.logits(images), &loader(parts, split), &bar)?;
            judged.extend(scored.scored.iter().map(|scored| Judged {
                photo: trained.id(scored.index),
                learned,
                label: scored.label,
                prediction: scored.prediction,
                probability: scored.probability,
            }));
        }
        Ok(judged)
    });
    Ok(Json(judged.await?))
}

/// What the best network so far says of a photo, an image file as the body: all classes, the most probable
/// first.
pub async fn test(
    State(lab): State<Lab>,
    Asked(Visit { visit }): Asked<Visit>,
    request: Request,
) -> Answer<Json<Vec<Prediction>>> {
    let workshop = lab.workshops.get(&visit)?;
    let (parts, body) = request.into_parts();
    let held = lab.app.intake.read(&parts.headers, body).await?;
    let image = lab.app.intake.decode(held.bytes.clone(), |image| image).await?;
    let said = workshop.errand_with(move |parts, achieved| {
        let predictor = predictor(parts, best(achieved)?);
        let _scope = parts.config.train.precision.enter();
        let scores = predictor.predict(&[image])?.remove(0);
        let said = scores.ranking().into_iter().map(|label| Prediction {
            label,
            class: parts.data.classes[label].clone(),
            logit: scores.logits[label],
            probability: scores.probabilities[label],
        });
        Ok(said.collect())
    });
    Ok(Json(said.await?))
}

/// The best network so far.
fn best(achieved: &Achieved) -> Result<&AnyModel, Error> {
    let best = achieved.best.as_ref();
    best.ok_or_else(|| Error::Usage(String::from("nothing has been learned yet: train first")))
}

fn predictor(parts: &Parts, model: &AnyModel) -> Predictor {
    Predictor { info: parts.info(), model: model.clone(), device: parts.device.clone() }
}
