//! What all lessons share: networks, photos, and what the ones make of the others.

use std::{collections::VecDeque, sync::Arc};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use zoo_data::Image;
use zoo_model::{NO_ANSWER, Predictor, Scores};

use super::{
    Answer,
    collection::Collections,
    photos::{Data, Photos},
    workshop::{Workshop, Workshops},
};
use crate::{
    Error,
    explain::{Record, Subject},
    serve::{Shared, networks::Network, refused::Refused},
};

/// Photos before networks that are kept.
const KEPT: usize = 8;

/// The course, as every handler has it.
pub type Lab = Arc<Course>;

/// What all lessons share.
pub struct Course {
    /// The server, with the networks.
    pub app: Shared,
    /// The photos.
    pub photos: Photos,
    /// Networks in training.
    pub workshops: Workshops,
    /// Photos for classes of the learners' own.
    pub collections: Collections,
    seen: Mutex<VecDeque<(Looked, Arc<Seen>)>>,
}

/// A network and a photo, as the page names them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Looked {
    /// The network's name.
    pub network: String,
    /// The photo's name.
    pub photo: String,
}

/// A photo before a network.
pub struct Seen {
    /// The photo as the network sees it: its size, its channels.
    pub image: Image,
    /// The same normalised, stored CHW.
    pub input: Vec<f32>,
    /// What every layer gives.
    pub record: Record,
    /// What the network says.
    pub scores: Scores,
}

/// A class that a photo may show.
#[derive(Clone, Debug, Serialize)]
pub struct Prediction {
    /// Index of the class.
    pub label: usize,
    /// Its name.
    pub class: String,
    /// Its score.
    pub logit: f32,
    /// How probable it is.
    pub probability: f32,
}

impl Course {
    pub fn new(app: Shared) -> Self {
        Self {
            app,
            photos: Photos::default(),
            workshops: Workshops::default(),
            collections: Collections::default(),
            seen: Mutex::default(),
        }
    }

    /// The network of this name.
    ///
    /// # Errors
    ///
    /// 404.
    pub fn network(&self, name: &str) -> Answer<Arc<Network>> {
        self.app.networks.get(name)
    }

    /// The images that belong to a network.
    ///
    /// # Errors
    ///
    /// 404 if there is no such network; those of [`Photos::data`].
    pub async fn data(&self, network: &str) -> Answer<Arc<Data>> {
        self.photos.data(&*self.network(network)?).await
    }

    /// A photo as it is.
    ///
    /// # Errors
    ///
    /// Those of [`Photos::image`].
    pub async fn photo(&self, name: &str) -> Answer<Arc<Image>> {
        self.photos.image(&self.app.networks, name).await
    }

    /// Has a network do something on its own thread.
    ///
    /// # Errors
    ///
    /// 404 if there is no such network, 500 if it panics, and what the work is refused for.
    pub async fn run<T: Send + 'static>(
        &self,
        network: &str,
        work: impl FnOnce(&Predictor) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        self.network(network)?.engine.place().await?.run(work).await?
    }

    /// Gives a visit a network in training, in place of the one that it had; it looks at the photo that is chosen.
    ///
    /// # Errors
    ///
    /// 500 if it could not begin, and those of [`photo`](Self::photo).
    pub async fn train(
        &self,
        visit: String,
        looked: Looked,
        workshop: Result<Workshop, Error>,
    ) -> Answer<()> {
        let workshop = workshop.map_err(Refused::failed)?;
        workshop.board.set_photo(self.photo(&looked.photo).await?);
        self.workshops.put(visit, looked.network, workshop);
        Ok(())
    }

    /// What a network makes of a photo: kept, since a lesson asks for it again and again.
    ///
    /// # Errors
    ///
    /// 404 without the network or the photo, 422 if the photo cannot be read or the scores are no numbers.
    pub async fn seen(self: &Arc<Self>, looked: &Looked) -> Answer<Arc<Seen>> {
        if let Some(seen) = self.kept(looked) {
            return Ok(seen);
        }
        let image = self.photo(&looked.photo).await?;
        let seen =
            Arc::new(self.run(&looked.network, move |network| Seen::new(network, &image)).await?);
        let mut all = self.seen.lock();
        all.push_front((looked.clone(), seen.clone()));
        all.truncate(KEPT);
        Ok(seen)
    }

    fn kept(&self, looked: &Looked) -> Option<Arc<Seen>> {
        let mut all = self.seen.lock();
        let place = all.iter().position(|(known, _)| known == looked)?;
        let found = all.remove(place)?;
        let seen = found.1.clone();
        all.push_front(found);
        Some(seen)
    }

    /// The most probable classes, at most `top`.
    ///
    /// # Errors
    ///
    /// 404 if there is no such network.
    pub fn predictions(
        &self,
        network: &str,
        scores: &Scores,
        top: usize,
    ) -> Answer<Vec<Prediction>> {
        let classes = &self.network(network)?.info.clone().classes;
        let told = scores.ranking().into_iter().take(top).map(|label| Prediction {
            label,
            class: classes[label].clone(),
            logit: scores.logits[label],
            probability: scores.probabilities[label],
        });
        Ok(told.collect())
    }
}

impl Seen {
    fn new(network: &Predictor, photo: &Image) -> Answer<Self> {
        let subject = Subject::new(network, photo, None).map_err(Refused::unusable)?;
        Ok(Self {
            input: subject.input.into_data().iter::<f32>().collect(),
            image: subject.image,
            record: subject.record,
            scores: Scores { logits: subject.logits, probabilities: subject.probabilities },
        })
    }
}

/// What a network says of an image to which its preprocessing has been applied.
///
/// # Errors
///
/// 422 if the scores are no numbers, 500 if the device gives up.
pub fn look(network: &Predictor, applied: &Image) -> Answer<Scores> {
    let prepared = [network.info.preprocess.packed(applied)];
    let scores = network.predict_prepared(&prepared);
    let scores = scores.map_err(Refused::failed)?.remove(0);
    match scores.is_answer() {
        true => Ok(scores),
        false => Err(Refused::unusable(NO_ANSWER)),
    }
}
