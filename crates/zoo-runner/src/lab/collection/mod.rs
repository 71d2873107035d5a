//! Photos that learners bring for classes of their own. They are in memory alone until a run is saved.

mod name;
mod snapshot;

use std::{collections::VecDeque, sync::Arc};

use axum::body::Bytes;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use zoo_data::Image;

pub use self::{name::checked, snapshot::Snapshot};
use super::Answer;
use crate::serve::refused::Refused;

/// Collections that are kept; of more, the one that was not used for longest is given up.
const KEPT: usize = 4;
/// The most bytes that the photos of a collection take, decoded.
const MOST_BYTES: usize = 384 << 20;
/// The most classes.
const MOST_CLASSES: usize = 50;

/// A photo, as it was brought.
pub struct Photo {
    /// Its name on the page.
    pub id: usize,
    /// What its file was called.
    pub name: String,
    /// The file.
    pub file: Bytes,
    /// What is in it.
    pub image: Image,
}

/// A class and its photos.
#[derive(Default)]
struct Class {
    name: String,
    photos: Vec<Arc<Photo>>,
}

/// The photos of a visit.
#[derive(Default)]
pub struct Collection {
    classes: Vec<Class>,
    brought: usize,
    bytes: usize,
    /// The photos as they were when training was begun.
    pub trained: Option<Arc<Snapshot>>,
    /// Where the training has been saved.
    pub saved: Option<Saved>,
}

/// Where a training has been saved.
#[derive(Clone, Debug, Serialize)]
pub struct Saved {
    /// The name of the run.
    pub name: String,
    /// The run directory.
    pub path: String,
    /// Accuracy on the photos that were kept apart.
    pub accuracy: f64,
    pub images: usize,
}

/// A change of a collection.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Change {
    Add { class: String },
    Rename { class: String, to: String },
    RemoveClass { class: String },
    Move { photo: usize, to: String },
    Remove { photo: usize },
}

/// A class as the page has it.
#[derive(Serialize)]
pub struct Listed {
    name: String,
    photos: Vec<usize>,
}

/// All collections, by the visit that they are for.
#[derive(Default)]
pub struct Collections(Mutex<VecDeque<(String, Arc<Mutex<Collection>>)>>);

impl Collections {
    /// That of a visit; an empty one if it has none yet.
    pub fn of(&self, visit: &str) -> Arc<Mutex<Collection>> {
        let mut all = self.0.lock();
        let place = all.iter().position(|(known, _)| known == visit);
        let kept = place.and_then(|place| all.remove(place));
        let found = kept.unwrap_or_else(|| (visit.to_string(), Arc::default()));
        let collection = found.1.clone();
        all.push_front(found);
        all.truncate(KEPT);
        collection
    }
}

impl Collection {
    /// The classes, and the names of their photos.
    pub fn listed(&self) -> Vec<Listed> {
        let listed = |class: &Class| Listed {
            name: class.name.clone(),
            photos: class.photos.iter().map(|photo| photo.id).collect(),
        };
        self.classes.iter().map(listed).collect()
    }

    /// Adds a photo to a class, which is made if there is none of this name; gives the photo's name.
    ///
    /// # Errors
    ///
    /// 400 for an unfit name, 413 if there is no room.
    pub fn add(&mut self, class: &str, name: String, file: Bytes, image: Image) -> Answer<usize> {
        let bytes = image.pixels().len() + file.len();
        if self.bytes + bytes > MOST_BYTES {
            return Err(Refused::too_large(format!(
                "there is no room for more photos: they take {} MB decoded, of at most {}; take some away",
                self.bytes >> 20,
                MOST_BYTES >> 20
            )));
        }
        let place = self.class(class)?;
        let id = self.brought;
        (self.brought, self.bytes) = (id + 1, self.bytes + bytes);
        self.classes[place].photos.push(Arc::new(Photo { id, name, file, image }));
        Ok(id)
    }

    /// Changes classes, or in which a photo is.
    ///
    /// # Errors
    ///
    /// 400 for a name that is unfit or taken, 404 if there is no such class or photo.
    pub fn change(&mut self, change: Change) -> Answer<()> {
        match change {
            Change::Add { class } => {
                let name = checked("the class", &class).map_err(Refused::bad)?;
                self.check_new(&name, None)?;
                self.class(&name)?;
            }
            Change::Rename { class, to } => {
                let place = self.find(&class)?;
                let name = checked("the class", &to).map_err(Refused::bad)?;
                self.check_new(&name, Some(place))?;
                self.classes[place].name = name;
            }
            Change::RemoveClass { class } => {
                let place = self.find(&class)?;
                for photo in self.classes.remove(place).photos {
                    self.forget(&photo);
                }
            }
            Change::Move { photo, to } => {
                let to = self.find(&to)?;
                let taken = self.take(photo)?;
                self.classes[to].photos.push(taken);
            }
            Change::Remove { photo } => {
                let photo = self.take(photo)?;
                self.forget(&photo);
            }
        }
        Ok(())
    }

    /// A photo by its name.
    ///
    /// # Errors
    ///
    /// 404 if there is none.
    pub fn photo(&self, id: usize) -> Answer<Arc<Photo>> {
        let mut all = self.classes.iter().flat_map(|class| &class.photos);
        let found = all.find(|photo| photo.id == id).cloned();
        found.ok_or_else(|| Refused::unknown("this photo is not kept any more"))
    }

    /// The photos as they are now, divided into those to learn from and those to check with.
    ///
    /// # Errors
    ///
    /// 422 if there are too few.
    pub fn snapshot(&self) -> Answer<Snapshot> {
        let classes = self.classes.iter();
        let classes = classes.map(|class| (class.name.clone(), class.photos.clone()));
        Snapshot::new(classes.collect()).map_err(Refused::unusable)
    }

    fn class(&mut self, name: &str) -> Answer<usize> {
        let name = checked("the class", name).map_err(Refused::bad)?;
        if let Some(known) = self.classes.iter().position(|class| class.name == name) {
            return Ok(known);
        }
        if self.classes.len() == MOST_CLASSES {
            return Err(Refused::bad(format!("expected at most {MOST_CLASSES} classes")));
        }
        self.check_new(&name, None)?;
        self.classes.push(Class { name, photos: Vec::new() });
        Ok(self.classes.len() - 1)
    }

    /// Some systems have one folder for two names that differ in case alone.
    fn check_new(&self, name: &str, except: Option<usize>) -> Answer<()> {
        let others = self.classes.iter().enumerate().filter(|(place, _)| Some(*place) != except);
        let mut others = others.map(|(_, class)| class.name.to_lowercase());
        match others.any(|other| other == name.to_lowercase()) {
            true => Err(Refused::bad(format!("there is a class {name:?} already"))),
            false => Ok(()),
        }
    }

    fn find(&self, name: &str) -> Answer<usize> {
        let place = self.classes.iter().position(|class| class.name == name);
        place.ok_or_else(|| Refused::unknown(format!("there is no class {name:?}")))
    }

    fn take(&mut self, id: usize) -> Answer<Arc<Photo>> {
        for class in &mut self.classes {
            if let Some(place) = class.photos.iter().position(|photo| photo.id == id) {
                return Ok(class.photos.remove(place));
            }
        }
        Err(Refused::unknown("this photo is not kept any more"))
    }

    fn forget(&mut self, photo: &Photo) {
        self.bytes -= photo.image.pixels().len() + photo.file.len();
    }
}
