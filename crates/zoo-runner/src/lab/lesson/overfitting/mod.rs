//! Lesson 8: few images are learned by heart, unless they never look the same twice.

use axum::{Json, Router, response::Response, routing::post};
use serde::Deserialize;
use serde_json::{Value, json};
use zoo_data::{AugmentConfig, augment, contact_sheet};
use zoo_training::ScheduleConfig;

use super::training::config_of;
use crate::{
    lab::{Answer, Lab, Told, message::picture, workshop::Workshop},
    serve::refused::Refused,
};

/// Images that are learned from.
const IMAGES: std::ops::RangeInclusive<usize> = 10..=1000;
/// Rows and draws of the contact sheet.
const SHEET: [usize; 2] = [4, 6];

pub fn routes() -> Router<Lab> {
    Router::new().route("/open", post(open)).route("/sheet", post(sheet))
}

/// A training on few images.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Few {
    visit: String,
    images: usize,
    /// How the images are changed, as in a config; none are where it is empty.
    augment: AugmentConfig,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sheet {
    visit: String,
    augment: AugmentConfig,
}

/// Opens a training on few images, in place of the one of this visit.
async fn open(Told { lab, looked, asked }: Told<Few>) -> Answer<Json<Value>> {
    let Few { visit, images, augment } = asked;
    if !IMAGES.contains(&images) {
        let (least, most) = (IMAGES.start(), IMAGES.end());
        return Err(Refused::bad(format!("`images`: expected {least} to {most}, found {images}")));
    }
    let mut config = config_of(&lab, &looked.network)?;
    config.augment = augment;
    // Mixing would be one more kind of augmentation, on one side alone.
    config.mix = zoo_data::MixConfig::default();
    // However long the two are watched, they learn at the same rate.
    config.schedule = constant();
    let workshop = Workshop::open_with(config, move |parts| {
        parts.data.train = parts.data.train.choose(images, parts.config.seed);
        parts.config.loader.batch_size = parts.config.loader.batch_size.min(images);
        Ok(())
    });
    lab.train(visit, looked, workshop).await?;
    Ok(Json(json!({"begins": true})))
}

/// A learning rate that stays as it is.
fn constant() -> ScheduleConfig {
    serde_json::from_value(json!({"constant": {}})).unwrap_or_default()
}

/// A picture of what an augmentation does to the images of a training.
async fn sheet(Told { lab, asked: Sheet { visit, augment }, .. }: Told<Sheet>) -> Answer<Response> {
    let workshop = lab.workshops.get(&visit)?;
    let png = workshop.errand(move |parts| {
        augment::check(&augment, parts.data.preprocess.image_size)?;
        let [rows, draws] = SHEET;
        Ok(contact_sheet(&parts.data, &augment, parts.config.seed, rows, draws)?.to_png())
    });
    Ok(picture(png.await?))
}
