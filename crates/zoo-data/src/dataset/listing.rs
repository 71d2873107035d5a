//! Photos that have been listed, and how they become a dataset.

use std::{
    collections::{BTreeSet, HashMap},
    path::PathBuf,
    sync::Arc,
};

use super::{
    Dataset, FolderConfig, ImageSource, Info, Split,
    group::{Pattern, grouped},
    photos::{FileId, Photo, Photos},
    split::{Parts, stratified},
};
use crate::{DataError, SplitError, shown};

/// Photos, their classes, and which of them are in which split, as far as that is known.
pub(super) struct Listing {
    /// The folder that the photos' paths begin at.
    pub root: PathBuf,
    pub classes: Vec<String>,
    pub photos: Vec<Photo>,
    /// The group of each photo, if listed.
    pub groups: Option<Vec<String>>,
    /// Places in `photos` of those to train on, and to divide further.
    pub train: Vec<usize>,
    /// `None`: to be taken from `train`.
    pub valid: Option<Vec<usize>>,
    pub test: Option<Vec<usize>>,
    /// What the user should know, one sentence each.
    pub notes: Vec<String>,
}

impl Listing {
    /// Divides the photos as far as the listing does not, by the settings of `config`.
    ///
    /// # Errors
    /// [`DataError::Setting`] for settings that do not fit the listing, and those of a division.
    pub fn into_dataset(
        mut self,
        info: &'static Info,
        config: &FolderConfig,
    ) -> Result<Dataset, DataError> {
        self.note_twins();
        if self.valid.is_some() || self.test.is_some() {
            config.split.check_no_test("the images are already divided into splits")?;
        }
        if self.valid.is_some() {
            config.split.check_no_group("the images are already divided into splits")?;
            self.check_train()?;
        } else {
            let parts = self.divide(config)?;
            let places = |positions: Vec<usize>| -> Vec<usize> {
                positions.into_iter().map(|position| self.train[position]).collect()
            };
            let (train, valid, test) =
                (places(parts.train), places(parts.valid), places(parts.test));
            (self.train, self.valid) = (train, Some(valid));
            self.test = self.test.or((!test.is_empty()).then_some(test));
        }
        self.opened(info, config)
    }

    /// The dataset of the splits as they stand; a split that is not listed has no images.
    pub(super) fn opened(
        self,
        info: &'static Info,
        config: &FolderConfig,
    ) -> Result<Dataset, DataError> {
        let source: Arc<dyn ImageSource> =
            Arc::new(Photos::new(self.root, self.photos, config.cache_mb));
        let split = |places: Vec<usize>| Split::new(source.clone(), places);
        Ok(Dataset {
            name: info.name,
            classes: self.classes,
            preprocess: config.preprocess.resolve(info)?,
            train: split(self.train),
            valid: split(self.valid.unwrap_or_default()),
            test: self.test.map(split),
            notes: self.notes,
            on_unreadable: config.on_unreadable,
            skipped: Vec::new(),
        })
    }

    /// Divides the photos to train on; positions among them.
    fn divide(&mut self, config: &FolderConfig) -> Result<Parts, DataError> {
        let labels: Vec<usize> = self.train.iter().map(|&place| self.photos[place].label).collect();
        let Some(groups) = self.train_groups(config)? else {
            return stratified(labels.into_iter(), &self.classes, &config.split);
        };
        let parts = grouped(&labels, &groups, &self.classes, &config.split)?;
        let share = |part: &[usize]| 100.0 * part.len() as f64 / labels.len() as f64;
        self.notes.push(format!(
            "{} groups of images, each in one split: {:.1} % of the images for training, {:.1} % \
             for validation, {:.1} % for testing",
            groups.iter().collect::<BTreeSet<_>>().len(),
            share(&parts.train),
            share(&parts.valid),
            share(&parts.test),
        ));
        Ok(parts)
    }

    /// The group of each photo to train on, if there are groups.
    fn train_groups(&self, config: &FolderConfig) -> Result<Option<Vec<String>>, DataError> {
        let places = self.train.iter();
        match (&self.groups, &config.split.group) {
            (None, None) => Ok(None),
            (Some(groups), None) => Ok(Some(places.map(|&place| groups[place].clone()).collect())),
            (Some(_), Some(_)) => {
                let reason = "the images already have groups";
                config.split.check_no_group(reason).map(|()| None)
            }
            (None, Some(pattern)) => {
                let pattern = Pattern::new(pattern)?;
                places
                    .map(|&place| pattern.group_of(&self.photos[place].path))
                    .collect::<Result<_, _>>()
                    .map(Some)
            }
        }
    }

    /// Notes files that are there by several names, such as links: where their labels differ, at most
    /// one is right.
    fn note_twins(&mut self) {
        let mut known: HashMap<FileId, usize> = HashMap::new();
        let (mut contradictions, mut repetitions) = (Vec::new(), Vec::new());
        for (place, photo) in self.photos.iter().enumerate() {
            let Some(id) = photo.id else { continue };
            let first = *known.entry(id).or_insert(place);
            let is_same_label = self.photos[first].label == photo.label;
            match (first == place, is_same_label) {
                (true, _) => {}
                (_, true) => repetitions.push((first, place)),
                (_, false) => contradictions.push((first, place)),
            }
        }
        let photo = |place: usize| {
            let Photo { path, label, .. } = &self.photos[place];
            format!("{} ({})", shown(&self.root.join(path)), self.classes[*label])
        };
        let mut notes = Vec::new();
        for (what, pairs) in [("under two labels", contradictions), ("counted twice", repetitions)]
        {
            if let Some(&(first, second)) = pairs.first() {
                let more = match pairs.len() - 1 {
                    0 => String::new(),
                    more => format!(", and {more} more"),
                };
                let (first, second) = (photo(first), photo(second));
                notes.push(format!("the same file {what}: {first} and {second}{more}"));
            }
        }
        self.notes.extend(notes);
    }

    /// Refuses classes that there is nothing to learn of.
    fn check_train(&self) -> Result<(), DataError> {
        let mut has_train_image = vec![false; self.classes.len()];
        self.train.iter().for_each(|&place| has_train_image[self.photos[place].label] = true);
        match has_train_image.iter().position(|has| !has) {
            None => Ok(()),
            Some(label) => Err(SplitError::NoTrainImage {
                class: self.classes[label].clone(),
                images: self.photos.iter().filter(|photo| photo.label == label).count(),
            }
            .into()),
        }
    }
}
