//! The photos of a collection as images to train on: in memory, and as the folder that is saved of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{self, Write},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use zoo_data::{
    DataConfig, DataError, Dataset, Image, ImageSource, OnUnreadable, Sha256, Split, sorted_classes,
};
use zoo_model::disk::write_whole;

use super::Photo;

/// One photo in so many is kept apart to check with: the last of each class, since photos that were taken
/// one after the other resemble each other.
const APART: usize = 4;

/// The photos of a collection, in the order in which they lie in a folder: to learn from and to check with,
/// each class by class.
pub struct Snapshot {
    classes: Vec<String>,
    photos: Vec<Placed>,
    /// The first of those to check with.
    valid: usize,
}

/// A photo in its place.
struct Placed {
    photo: Arc<Photo>,
    label: usize,
    /// Below the folder of photos.
    path: PathBuf,
}

impl Snapshot {
    /// Divides photos by class.
    ///
    /// # Errors
    ///
    /// What is missing.
    pub fn new(classes: Vec<(String, Vec<Arc<Photo>>)>) -> Result<Self, String> {
        if classes.len() < 2 {
            return Err(format!("expected two or more classes, found {}", classes.len()));
        }
        if let Some((name, photos)) = classes.iter().find(|(_, photos)| photos.len() < 2) {
            return Err(format!(
                "{name} has {}: two or more are wanted, one to learn from and one to check with",
                match photos.len() {
                    0 => "no photo",
                    _ => "one photo",
                }
            ));
        }
        let names: BTreeSet<String> = classes.iter().map(|(name, _)| name.clone()).collect();
        let names = sorted_classes(names);
        // Folders are in the order of their names, also where the classes are numbers.
        let classes: BTreeMap<String, Vec<Arc<Photo>>> = classes.into_iter().collect();
        let mut snapshot = Self { classes: names, photos: Vec::new(), valid: 0 };
        for (name, photos) in &classes {
            snapshot.place("train", name, photos, 0..photos.len() - apart(photos.len()));
        }
        snapshot.valid = snapshot.photos.len();
        for (name, photos) in &classes {
            snapshot.place("valid", name, photos, photos.len() - apart(photos.len())..photos.len());
        }
        Ok(snapshot)
    }

    fn place(&mut self, split: &str, class: &str, photos: &[Arc<Photo>], part: Range<usize>) {
        let label = self.classes.iter().position(|known| known == class).unwrap_or_default();
        for (place, photo) in photos[part].iter().enumerate() {
            let path = Path::new(split).join(class).join(file_name(place, &photo.name));
            self.photos.push(Placed { photo: photo.clone(), label, path });
        }
    }

    /// Names of photos on the page, in the order of the images.
    pub fn id(&self, index: usize) -> usize {
        self.photos[index].photo.id
    }

    /// Number of photos to learn from.
    pub fn train_images(&self) -> usize {
        self.valid
    }

    /// The photos as a dataset, prepared as `config` says.
    ///
    /// # Errors
    ///
    /// Those of [`DataConfig::preprocess`].
    pub fn dataset(self: &Arc<Self>, config: &DataConfig) -> Result<Dataset, DataError> {
        let source: Arc<dyn ImageSource> = self.clone();
        let split = |part: Range<usize>| Split::new(source.clone(), part.collect::<Vec<_>>());
        Ok(Dataset {
            name: config.info().name,
            classes: self.classes.clone(),
            preprocess: config.preprocess()?,
            train: split(0..self.valid),
            valid: split(self.valid..self.photos.len()),
            test: None,
            notes: Vec::new(),
            on_unreadable: OnUnreadable::Error,
            skipped: Vec::new(),
        })
    }

    /// Writes the photos below a folder, which is made.
    ///
    /// # Errors
    ///
    /// The path that could not be written, and why.
    pub fn write(&self, folder: &Path) -> Result<(), (PathBuf, io::Error)> {
        for Placed { photo, path, .. } in &self.photos {
            let path = folder.join(path);
            let write = || {
                fs::create_dir_all(path.parent().unwrap_or(folder))?;
                write_whole(&path, |file| file.write_all(&photo.file))
            };
            write().map_err(|error| (path.clone(), error))?;
        }
        Ok(())
    }
}

/// How many of so many photos are kept apart.
fn apart(photos: usize) -> usize {
    (photos / APART).max(1)
}

/// A name that keeps the order, and as much of the photo's own as is safe anywhere.
fn file_name(place: usize, name: &str) -> String {
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || "-_.".contains(*c);
    let plain: String = name.chars().filter(is_plain).collect();
    let skipped = plain.len().saturating_sub(40);
    format!("{:04}-{}", place + 1, &plain[skipped..])
}

impl ImageSource for Snapshot {
    fn label(&self, index: usize) -> usize {
        self.photos[index].label
    }

    fn image(&self, index: usize) -> Result<Image, DataError> {
        Ok(self.photos[index].photo.image.clone())
    }

    fn name(&self, index: usize) -> String {
        self.photos[index].path.display().to_string()
    }

    fn stamp(&self, hasher: &mut Sha256) {
        use sha2::Digest;
        for Placed { photo, .. } in &self.photos {
            hasher.update(&photo.file);
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;

    use super::*;

    fn photos(ids: Range<usize>) -> Vec<Arc<Photo>> {
        let photo = |id: usize| {
            let image = Image::filled(2, 2, &[id as u8; 3]);
            let file = Bytes::from(image.to_png());
            Arc::new(Photo { id, name: format!("../phöto {id}.png"), file, image })
        };
        ids.map(photo).collect()
    }

    fn snapshot(classes: &[(&str, Range<usize>)]) -> Result<Arc<Snapshot>, String> {
        let classes = classes.iter().map(|(name, ids)| (name.to_string(), photos(ids.clone())));
        Snapshot::new(classes.collect()).map(Arc::new)
    }

    #[test]
    fn what_is_written_is_read_as_the_same_images_in_the_same_order() {
        let snapshot = snapshot(&[("10", 0..5), ("9", 5..7), ("1", 7..16)]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        snapshot.write(folder.path()).unwrap();
        let json = serde_json::json!({"folder": {"root": folder.path()}});
        let config: DataConfig = serde_json::from_value(json).unwrap();
        let (memory, disk) = (snapshot.dataset(&config).unwrap(), config.open().unwrap());
        assert_eq!(memory.classes, ["1", "9", "10"]);
        assert_eq!(memory.classes, disk.classes);
        for (memory, disk) in [(&memory.train, &disk.train), (&memory.valid, &disk.valid)] {
            assert_eq!(memory.len(), disk.len());
            for position in 0..memory.len() {
                assert_eq!(memory.sample(position).unwrap(), disk.sample(position).unwrap());
            }
        }
        assert_eq!(memory.train.class_counts(3), [7, 1, 4]);
        assert_eq!(memory.valid.class_counts(3), [2, 1, 1]);
    }

    #[test]
    fn too_few_photos_are_told() {
        let refused = |classes: &[(&str, Range<usize>)]| snapshot(classes).err().unwrap();
        assert_eq!(refused(&[("ants", 0..5)]), "expected two or more classes, found 1");
        let wanted = "two or more are wanted, one to learn from and one to check with";
        assert_eq!(
            refused(&[("ants", 0..5), ("bees", 5..6)]),
            format!("bees has one photo: {wanted}")
        );
        assert_eq!(
            refused(&[("ants", 0..5), ("bees", 5..5)]),
            format!("bees has no photo: {wanted}")
        );
    }

    #[test]
    fn names_of_files_are_plain() {
        assert_eq!(file_name(0, "../phöto 1.png"), "0001-..phto1.png");
        assert_eq!(file_name(41, &"x".repeat(50)), format!("0042-{}", "x".repeat(40)));
    }
}
