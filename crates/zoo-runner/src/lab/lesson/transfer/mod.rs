//! Lesson 9: the same few images, once from nothing and once from what a network has learned before.

mod recipe;

use std::sync::Arc;

use axum::{Json, Router, routing::post};
use serde::Deserialize;
use serde_json::{Value, json};
use zoo_data::{DataConfig, Split};
use zoo_model::{AnyModel, head_path, is_within};
use zoo_training::{
    FineTuneConfig, Stop,
    fine_tune::{Features, Freeze, Glance},
    progress::Show,
};

use self::recipe::{FIRST, LATER, Photos, few, first};
use crate::{
    Error,
    job::Parts,
    lab::{
        Answer, Lab, Told, Visit,
        collection::Snapshot,
        workshop::{Workshop, loader},
    },
    serve::refused::Refused,
};

pub fn routes() -> Router<Lab> {
    Router::new()
        .route("/source", post(source))
        .route("/open", post(open))
        .route("/glance", post(glance))
}

/// What a side begins with.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Begins {
    /// Random weights.
    Nothing,
    /// The weights of the network above.
    Network,
    /// Those of the network that has been trained in this visit.
    Trained(String),
}

/// What of a pretrained network is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Tuned {
    Head,
    All,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Side {
    visit: String,
    from: Begins,
    tuned: Tuned,
    photos: Photos,
}

/// Opens the training of a network that is to know something before: on the first animals.
async fn source(Told { lab, looked, asked: Visit { visit } }: Told<Visit>) -> Answer<Json<Value>> {
    let recipe = first(&lab.network(&looked.network)?.info)?;
    let sets = recipe.sets();
    if lab.workshops.of(&visit, &looked.network).is_none() {
        lab.train(visit, looked, Workshop::open(recipe.config)).await?;
    }
    Ok(Json(json!({"classes": FIRST, "sets": sets})))
}

/// Opens a training on few images, in place of the one of this visit. Says whether the network above knows
/// these classes already, and the settings with which `zoo train` does the same.
async fn open(Told { lab, looked, asked }: Told<Side>) -> Answer<Json<Value>> {
    let Side { visit, from, tuned, photos } = asked;
    let known = lab.network(&looked.network)?;
    let (snapshot, saved) = own_photos(&lab, &photos)?;
    let mut recipe = few(&known.info, &photos, snapshot.as_deref(), saved.as_deref())?;
    let freeze = match tuned {
        Tuned::Head => Freeze::AllButHead,
        Tuned::All => Freeze::Nothing,
    };
    let mut trained = None;
    match &from {
        Begins::Nothing => {}
        Begins::Network => {
            let origin = known.origin.to_str();
            let no_text = || Refused::unusable("the path of the network is no text");
            recipe = recipe.pretrained(origin.ok_or_else(no_text)?, freeze);
        }
        Begins::Trained(source) => trained = Some((trained_by(&lab, source).await?, freeze)),
    }
    let sets = recipe.sets();
    let open = move |config: &DataConfig| match &snapshot {
        Some(photos) => photos.dataset(config),
        None => config.open(),
    };
    let workshop = Workshop::open_on(recipe.config, open, move |parts| {
        if let Some((trained, freeze)) = trained {
            take_over(&mut parts.model, &trained)?;
            parts.settings.fine_tune = FineTuneConfig { freeze, ..FineTuneConfig::default() };
        }
        Ok(())
    });
    lab.train(visit, looked, workshop).await?;
    let knows = LATER.iter().all(|class| known.info.classes.iter().any(|known| known == class));
    let knows = knows && matches!(photos, Photos::Drawn(_));
    Ok(Json(json!({"knows": knows, "sets": sets})))
}

/// The photos of lesson 11 where they are to be learned from, and the run that they have been saved in.
fn own_photos(lab: &Lab, photos: &Photos) -> Answer<(Option<Arc<Snapshot>>, Option<String>)> {
    let Photos::Own(visit) = photos else {
        return Ok((None, None));
    };
    let collection = lab.collections.of(visit);
    let collection = collection.lock();
    let saved = collection.saved.as_ref().map(|saved| saved.path.clone());
    Ok((Some(Arc::new(collection.snapshot()?)), saved))
}

/// The network that a visit has trained.
async fn trained_by(lab: &Lab, visit: &str) -> Answer<AnyModel> {
    let workshop = lab.workshops.get(visit)?;
    let best = workshop.errand_with(|_, achieved| {
        let best = achieved.best.clone();
        best.ok_or_else(|| Error::Usage(String::from("nothing has been learned before yet")))
    });
    best.await
}

/// Gives a network all weights of another of its kind, but those of the head.
///
/// # Errors
///
/// [`Error::Usage`] if the other has other layers: it was trained before another network was chosen.
fn take_over(model: &mut AnyModel, trained: &AnyModel) -> Result<(), Error> {
    let layers = trained.layers();
    let head = head_path(&layers);
    let mut tensors = trained.tensors(None);
    tensors.retain(|tensor| !is_within(&tensor.name, head));
    let applied = model.apply(tensors, None);
    match applied.errors.is_empty() && applied.unused.is_empty() {
        true => Ok(()),
        false => Err(Error::Usage(String::from(
            "the network that has learned before has other layers than the one above: train it again",
        ))),
    }
}

/// How often what a network sees before its first step tells the class of the images that are kept apart.
async fn glance(Told { lab, asked: Visit { visit }, .. }: Told<Visit>) -> Answer<Json<Glance>> {
    let workshop = lab.workshops.get(&visit)?;
    let glance = workshop.errand(|parts| {
        let (train, valid) = (seen(parts, &parts.data.train)?, seen(parts, &parts.data.valid)?);
        Ok(Glance::at(&train, &valid, parts.data.classes.len())?)
    });
    Ok(Json(glance.await?))
}

fn seen(parts: &Parts, split: &Split) -> Result<Features, Error> {
    let (bar, stop) = (Show::Nothing.bar("", 0), Stop::default());
    let features = Features::of(&parts.model, &loader(parts, split), bar, &stop)?;
    features.ok_or_else(|| Error::Failed(String::from("was stopped")))
}
