//! The photos of the course: those of a network's own data, and those that the learner brings.

use std::{
    collections::{HashMap, VecDeque},
    path::Path,
    sync::{Arc, OnceLock},
};

use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use zoo_data::{DataConfig, Image, SeaConfig, Split};

use super::{Answer, aside::aside};
use crate::{
    Error,
    classes::difference,
    config::RunConfig,
    serve::{
        networks::{Network, Networks},
        refused::Refused,
    },
};

/// Photos of a network's data that are offered.
const OFFERED: usize = 24;
/// The learner's photos that are kept.
const KEPT: usize = 16;

/// The photos of the course.
#[derive(Default)]
pub struct Photos {
    own: Mutex<VecDeque<(String, Arc<Image>)>>,
    data: Mutex<HashMap<String, Opened>>,
}

/// The data of a network, once it has been asked for, or why there is none.
type Opened = Arc<OnceLock<Result<Arc<Data>, String>>>;

/// The images that belong to a network.
pub struct Data {
    /// Those that it has not learned from: the test split, or else the valid split.
    pub split: Split,
    /// Those that it has learned from.
    pub train: Split,
    /// The names of their classes.
    pub classes: Vec<String>,
    /// Why these are shown and not the network's own.
    pub note: Option<String>,
}

impl Data {
    /// The data of the run in `origin`, or images that the zoo draws where that is none.
    fn open(origin: &Path, classes: &[String]) -> Result<Self, Error> {
        match Self::of_run(origin, classes) {
            Ok(data) => Ok(data),
            Err(error) => {
                let mut data = Self::of(&DataConfig::Sea(SeaConfig::default()))?;
                data.note = Some(format!(
                    "These are drawings of marine animals, since the network's own data is not at hand: {error}"
                ));
                Ok(data)
            }
        }
    }

    fn of_run(origin: &Path, classes: &[String]) -> Result<Self, Error> {
        let data = Self::of(&RunConfig::of_run(origin, &[])?.data)?;
        match difference(("the weights", classes), ("the data", &data.classes)) {
            Some(difference) => {
                Err(Error::run(origin, format!("the data is another now: {difference}")))
            }
            None => Ok(data),
        }
    }

    fn of(config: &DataConfig) -> Result<Self, Error> {
        let data = config.open()?;
        let split = data.test.unwrap_or(data.valid);
        Ok(Self { split, train: data.train, classes: data.classes, note: None })
    }

    /// Positions of photos that show what there is: class by class in turn.
    pub fn offered(&self) -> Vec<usize> {
        let mut by_class = vec![Vec::new(); self.classes.len()];
        for position in 0..self.split.len() {
            by_class[self.split.label(position)].push(position);
        }
        let rounds = by_class.iter().map(Vec::len).max().unwrap_or(0);
        let turns =
            (0..rounds).flat_map(|round| by_class.iter().filter_map(move |of| of.get(round)));
        turns.copied().take(OFFERED).collect()
    }
}

impl Photos {
    /// The images that belong to a network; opened when they are first asked for.
    ///
    /// # Errors
    ///
    /// 422 if there are none.
    pub async fn data(&self, network: &Network) -> Answer<Arc<Data>> {
        let (origin, classes) = (network.origin.clone(), network.info.classes.clone());
        let place = self.data.lock().entry(network.name.clone()).or_default().clone();
        let open = move || {
            let open = || Data::open(&origin, &classes).map(Arc::new).map_err(|e| e.to_string());
            place.get_or_init(open).clone()
        };
        aside(open).await?.map_err(Refused::unusable)
    }

    /// A photo as it is: `NETWORK/POSITION` of a network's data, or what [`keep`](Self::keep) has called it.
    ///
    /// # Errors
    ///
    /// 404 if there is none of this name, 422 if it cannot be read.
    pub async fn image(&self, networks: &Networks, name: &str) -> Answer<Arc<Image>> {
        let Some((network, position)) = name.rsplit_once('/') else {
            let found = self.own.lock().iter().find(|(known, _)| known == name).cloned();
            return found.map(|(_, image)| image).ok_or_else(|| {
                Refused::unknown("this photo is no longer kept: choose it again, or another one")
            });
        };
        let data = self.data(&*networks.get(network)?).await?;
        let position = position.parse().ok().filter(|position| *position < data.split.len());
        let position = position.ok_or_else(|| {
            Refused::unknown(format!("{name}: there are photos 0 to {}", data.split.len() - 1))
        })?;
        let read = aside(move || data.split.sample(position)).await?;
        read.map(|sample| Arc::new(sample.image)).map_err(Refused::unusable)
    }

    /// Keeps a photo of the learner's, and says what it is called.
    pub fn keep(&self, file: &[u8], image: Image) -> String {
        let photo = format!("own-{}", &format!("{:x}", Sha256::digest(file))[..16]);
        let mut own = self.own.lock();
        own.retain(|(known, _)| *known != photo);
        own.push_front((photo.clone(), Arc::new(image)));
        own.truncate(KEPT);
        photo
    }
}
