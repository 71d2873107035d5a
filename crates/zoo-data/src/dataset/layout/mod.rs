//! Which folders of a folder of photos are classes, and which are splits.
//!
//! A folder that is called like a split and holds class folders is one, where the folders beside it leave
//! no doubt. Where they do, it is refused or, if it is most likely a class, noted.

mod level;

use std::path::{Path, PathBuf};

pub(super) use self::level::{Level, circle, listed, name};
use super::{SplitName, classes::same_name};
use crate::{DataError, FolderError, shown};

/// Words beside the split's in the name of its folder: `training_set`, `val2017`.
const FILLERS: [&str; 7] = ["data", "dataset", "images", "imgs", "photos", "set", "split"];

/// Where the images of each split are.
pub(super) struct SplitFolders {
    /// Its folders are the classes.
    pub train: Level,
    /// `None`: to be taken from the train images.
    pub valid: Option<Level>,
    pub test: Option<Level>,
    /// What the user should know, one sentence each.
    pub notes: Vec<String>,
}

impl SplitFolders {
    /// Looks at `root` and at the folders in it. `classes` are those that the settings name.
    ///
    /// # Errors
    /// [`DataError::Read`], [`FolderError::TwoFolders`], [`FolderError::NoClassFolders`],
    /// [`FolderError::NoTrainFolder`], [`FolderError::SplitOrClass`] and [`FolderError::NoClasses`].
    pub fn read(root: &Path, classes: Option<&[String]>) -> Result<Self, DataError> {
        let root = Level::read(root)?;
        let mut splits = Vec::new();
        for folder in &root.folders {
            if let Some(split) = split_of(&name(folder)) {
                splits.push((split, Level::read(folder)?));
            }
        }
        let mut layout = match splits.iter().any(|(split, level)| is_train(*split, level)) {
            true => Self::divided(&root, splits)?,
            false => {
                let undivided = Undivided { classes, notes: Vec::new() };
                undivided.layout(root, splits)?
            }
        };
        for level in [Some(&layout.train), layout.valid.as_ref(), layout.test.as_ref()] {
            layout.notes.extend(level.into_iter().flat_map(Level::notes));
        }
        Ok(layout)
    }

    /// All class folders as those of one split: those in `root`, and those in its folders of splits.
    ///
    /// # Errors
    /// [`DataError::Read`].
    pub fn read_all(root: &Path) -> Result<Self, DataError> {
        let mut root = Level::read(root)?;
        let mut notes = root.notes();
        let (mut splits, mut classes) = (Vec::new(), Vec::new());
        for folder in std::mem::take(&mut root.folders) {
            let (name, inside) = (name(&folder), Level::read(&folder)?);
            match split_of(&name).is_some() && !inside.folders.is_empty() {
                true => {
                    splits.push(name);
                    notes.extend(inside.notes());
                    classes.extend(inside.folders);
                }
                false => classes.push(folder),
            }
        }
        if splits.len() > 1 {
            let splits = splits.join(", ");
            notes.push(format!("{}: all images, those of {splits} together", root.shown()));
        }
        root.folders = classes;
        Ok(Self { train: root, valid: None, test: None, notes })
    }

    /// The layout with a train folder, and others beside it.
    fn divided(root: &Level, splits: Vec<(SplitName, Level)>) -> Result<Self, DataError> {
        let others = root.folders.iter().map(|folder| name(folder));
        let others: Vec<String> = others.filter(|name| split_of(name).is_none()).collect();
        let mut notes = root.notes();
        if let Some(listed) = listed(&others) {
            notes.push(format!("{}: left out folders that are no split: {listed}", root.shown()));
        }
        let unusual: Vec<String> = splits
            .iter()
            .map(|(split, level)| (split, name(&level.path)))
            .filter(|(split, name)| name != split.name() && name != "val")
            .map(|(split, name)| format!("{name} is the {split} split"))
            .collect();
        if !unusual.is_empty() {
            notes.push(format!("{}: {}", root.shown(), unusual.join(", ")));
        }
        let [mut train, mut valid, mut test] = [const { None }; 3];
        for (split, level) in splits {
            let place = match split {
                SplitName::Train => &mut train,
                SplitName::Valid => &mut valid,
                SplitName::Test => &mut test,
            };
            if split != SplitName::Train && level.folders.is_empty() {
                let (path, images) = (level.path, level.images.len());
                return Err(
                    FolderError::NoClassFolders { split: split.name(), path, images }.into()
                );
            }
            if let Some(Level { path: first, .. }) = place.replace(level) {
                let second = place.take().map(|level| level.path).unwrap_or_default();
                return Err(FolderError::TwoFolders { split: split.name(), first, second }.into());
            }
        }
        let train = train.ok_or_else(|| FolderError::NoClasses { path: root.path.clone() })?;
        Ok(Self { train, valid, test, notes })
    }
}

/// Class folders, with or without folders among them that are called like splits.
struct Undivided<'a> {
    classes: Option<&'a [String]>,
    notes: Vec<String>,
}

impl Undivided<'_> {
    fn layout(
        mut self,
        mut root: Level,
        splits: Vec<(SplitName, Level)>,
    ) -> Result<SplitFolders, DataError> {
        let is_split = |folder: &PathBuf| splits.iter().any(|(_, split)| split.path == *folder);
        let others: Vec<PathBuf> =
            root.folders.iter().filter(|folder| !is_split(folder)).cloned().collect();
        self.note_alike(&others)?;
        let [mut valid, mut test] = [None, None];
        for (split, level) in splits {
            if level.folders.is_empty() && self.is_named(&level.path) {
                continue;
            }
            if others.is_empty() {
                return Err(match split {
                    SplitName::Train => FolderError::NoClasses { path: level.path }.into(),
                    _ => FolderError::NoTrainFolder {
                        path: root.path.clone(),
                        found: name(&level.path),
                    }
                    .into(),
                });
            }
            if split == SplitName::Train {
                self.note_class(&level.path, split);
                continue;
            }
            let has_class =
                |folder: &PathBuf| others.iter().any(|other| name(other) == name(folder));
            if !level.folders.is_empty() && level.folders.iter().all(has_class) {
                let path = shown(&level.path);
                self.notes.push(format!(
                    "{path} is the {split} split: it has folders of the classes beside it"
                ));
                root.folders.retain(|folder| *folder != level.path);
                let place = if split == SplitName::Valid { &mut valid } else { &mut test };
                if let Some(Level { path: first, .. }) = place.take() {
                    let (split, second) = (split.name(), level.path);
                    return Err(FolderError::TwoFolders { split, first, second }.into());
                }
                *place = Some(level);
            } else if self.classes.is_none() {
                let split = split.name();
                return Err(FolderError::SplitOrClass { path: level.path, split }.into());
            }
        }
        Ok(SplitFolders { train: root, valid, test, notes: self.notes })
    }

    /// Whether the settings name a folder as a class.
    fn is_named(&self, folder: &Path) -> bool {
        let name = name(folder);
        self.classes.is_some_and(|classes| classes.iter().any(|class| same_name(class, &name)))
    }

    /// Notes classes whose folders have no images but folders, and are called somewhat like a split.
    fn note_alike(&mut self, folders: &[PathBuf]) -> Result<(), DataError> {
        for folder in folders {
            let Some(split) = split_like(&name(folder)) else { continue };
            let level = Level::read(folder)?;
            if level.images.is_empty() && !level.folders.is_empty() {
                self.note_class(folder, split);
            }
        }
        Ok(())
    }

    fn note_class(&mut self, folder: &Path, split: SplitName) {
        self.notes.push(format!(
            "{} is taken for a class; if it is the {split} split, call it {split} and put the images \
             of each class into a folder in it",
            shown(folder)
        ));
    }
}

fn is_train(split: SplitName, level: &Level) -> bool {
    split == SplitName::Train && !level.folders.is_empty()
}

/// The split that a folder's name means, such as `Train` or `training_set`.
fn split_of(name: &str) -> Option<SplitName> {
    let is_filler = |word: &&String| {
        // A year.
        FILLERS.contains(&word.as_str()) || word.len() == 4 && word.parse::<u16>().is_ok()
    };
    let words = words(name);
    let mut words = words.iter().filter(|word| !is_filler(word));
    match (words.next(), words.next()) {
        (Some(word), None) => SplitName::from_alias(word),
        _ => None,
    }
}

/// The split that a folder's name holds among other words, such as `seg_train` or `TrainingImages`.
fn split_like(name: &str) -> Option<SplitName> {
    let words = words(name);
    let among = words.iter().find_map(|word| SplitName::from_alias(word));
    let starts = |start: &str| words.first().is_some_and(|word| word.starts_with(start));
    among.or_else(|| SplitName::ALL.into_iter().find(|split| starts(split.name())))
}

/// The words of a name in lower case, parted by anything else and by digits.
fn words(name: &str) -> Vec<String> {
    let name = name.to_lowercase();
    let mut words: Vec<String> = Vec::new();
    let mut last = None;
    for letter in name.chars() {
        let kind = (letter.is_alphanumeric(), letter.is_ascii_digit());
        match words.last_mut() {
            Some(word) if last == Some(kind) && kind.0 => word.push(letter),
            _ if kind.0 => words.push(letter.to_string()),
            _ => {}
        }
        last = Some(kind);
    }
    words
}

#[cfg(test)]
mod tests;
