//! The binary files of CIFAR-10 and CIFAR-100 (<https://www.cs.toronto.edu/~kriz/cifar.html>): records of one or two label bytes and
//! an image of 32x32 pixels stored CHW, in a `.tar.gz` or unpacked.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
};

use flate2::read::GzDecoder;

use super::{
    Dataset, FilesConfig, Info,
    memory::{self, MemorySource},
    owned,
};
use crate::{DataError, FileError};

/// Number of pixels of an image.
const PIXELS: usize = 32 * 32;
/// Most bytes of a file of class names: they are short texts, and an archive may claim anything.
const MAX_NAMES_BYTES: u64 = 1 << 16;

/// The files of one of the two sets.
pub(super) struct CifarSet {
    pub info: &'static Info,
    /// The file that users download.
    pub archive: &'static str,
    /// The folder inside it.
    pub folder: &'static str,
    /// Files of train records.
    pub train: &'static [&'static str],
    /// Number of records in each of them.
    pub train_records: usize,
    /// File of test records.
    pub test: &'static str,
    /// Number of records in it.
    pub test_records: usize,
    /// Number of bytes before the pixels, of which the last is the label.
    pub label_bytes: usize,
    /// File of class names.
    pub names: &'static str,
    /// Class names for when that file is not there.
    pub classes: &'static [&'static str],
}

/// The bytes of the files wanted, by file name.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// Opens the dataset at `config.root`: the archive, a folder that holds it, the unpacked folder, or
/// a folder that holds that.
pub(super) fn open(set: &CifarSet, config: &FilesConfig) -> Result<Dataset, DataError> {
    let (place, files) = read_files(set, &config.root(set.info)?, config)?;
    dataset(set, config, &place, files)
}

/// Makes a dataset of the files read; errors call them by their `place`.
pub(super) fn dataset(
    set: &CifarSet,
    config: &FilesConfig,
    place: &Path,
    mut files: Files,
) -> Result<Dataset, DataError> {
    let classes = match files.remove(set.names) {
        Some(names) => class_names(&place.join(set.names), &names, set.classes.len())?,
        None => owned(set.classes),
    };
    let train = source(set, place, files_of(set.train, &mut files), "train")?;
    let test = source(set, place, files_of(&[set.test], &mut files), "test")?;
    memory::dataset(set.info, classes, config, train, test)
}

impl CifarSet {
    fn record_bytes(&self) -> usize {
        self.label_bytes + 3 * PIXELS
    }

    /// Number of bytes that a file must have. `None`: it is not one of records.
    fn expected_bytes(&self, name: &str) -> Option<u64> {
        let records = match name {
            name if self.train.contains(&name) => self.train_records,
            name if self.test == name => self.test_records,
            _ => return None,
        };
        Some((records * self.record_bytes()) as u64)
    }

    /// Refuses a file of records whose length, known beforehand, is wrong; and one of names that is
    /// too long to be one.
    fn check_length(&self, path: &Path, name: &str, found: u64) -> Result<(), DataError> {
        let error = |expected: u64, why: String| {
            FileError::Length { path: path.to_owned(), expected: expected.into(), found, why }
                .into()
        };
        match self.expected_bytes(name) {
            Some(expected) if found != expected => {
                let record = self.record_bytes();
                Err(error(
                    expected,
                    format!("{} images of {record} bytes", expected / record as u64),
                ))
            }
            None if found > MAX_NAMES_BYTES => {
                Err(error(MAX_NAMES_BYTES, "at most, for class names".to_string()))
            }
            _ => Ok(()),
        }
    }

    fn record_files(&self) -> impl Iterator<Item = &'static str> {
        self.train.iter().copied().chain([self.test])
    }
}

/// Finds the files and reads them all; says where they were found.
fn read_files(
    set: &CifarSet,
    root: &Path,
    config: &FilesConfig,
) -> Result<(PathBuf, Files), DataError> {
    if root.is_file() {
        return Ok((root.to_owned(), read_archive(set, root)?));
    }
    for folder in [root.to_owned(), root.join(set.folder)] {
        if set.record_files().any(|name| folder.join(name).is_file()) {
            let files = read_folder(set, &folder)?;
            return Ok((folder, files));
        }
    }
    let archive = root.join(set.archive);
    if archive.is_file() {
        let files = read_archive(set, &archive)?;
        return Ok((archive, files));
    }
    Err(DataError::Missing {
        path: archive,
        hint: format!(
            "nor does the unpacked {} beside it; {}",
            set.folder,
            set.info.advice(config.root.as_deref())
        ),
    })
}

fn read_folder(set: &CifarSet, folder: &Path) -> Result<Files, DataError> {
    let mut files = Files::new();
    for name in set.record_files().chain([set.names]) {
        let path = folder.join(name);
        if !path.is_file() {
            if name == set.names {
                continue;
            }
            return Err(missing(set, path, "beside the others"));
        }
        let length = path.metadata().map_err(DataError::read(&path))?.len();
        set.check_length(&path, name, length)?;
        files.insert(name.to_owned(), std::fs::read(&path).map_err(DataError::read(&path))?);
    }
    Ok(files)
}

fn read_archive(set: &CifarSet, path: &Path) -> Result<Files, DataError> {
    let file = File::open(path).map_err(DataError::read(path))?;
    unpack(set, path, BufReader::new(file))
}

/// The files wanted of a `.tar.gz`, which errors call `path`.
pub(super) fn unpack(set: &CifarSet, path: &Path, archive: impl Read) -> Result<Files, DataError> {
    let failed = |reason: io::Error| match reason.kind() {
        io::ErrorKind::UnexpectedEof => {
            FileError::Truncated { path: path.to_owned(), format: "gzip" }.into()
        }
        _ => DataError::Read { path: path.to_owned(), reason },
    };
    let mut archive = tar::Archive::new(GzDecoder::new(archive));
    let mut files = Files::new();
    for entry in archive.entries().map_err(failed)? {
        let mut entry = entry.map_err(failed)?;
        let name = match entry.path().map_err(failed)?.file_name() {
            Some(name) => name.to_string_lossy().into_owned(),
            None => continue,
        };
        if name != set.names && set.expected_bytes(&name).is_none() {
            continue;
        }
        let inside = path.join(&name);
        set.check_length(&inside, &name, entry.size())?;
        let mut bytes = Vec::with_capacity(entry.size() as usize);
        entry.read_to_end(&mut bytes).map_err(failed)?;
        set.check_length(&inside, &name, bytes.len() as u64)?;
        files.insert(name, bytes);
    }
    // What follows the last entry matters for the checksum at the very end only.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(failed)?;
    match set.record_files().find(|&name| !files.contains_key(name)) {
        Some(name) => Err(missing(set, path.join(name), "in the archive")),
        None => Ok(files),
    }
}

fn missing(set: &CifarSet, path: PathBuf, place: &str) -> DataError {
    DataError::Missing { path, hint: format!("it should be {place}; {}", set.info.source) }
}

/// One name per line; blank lines are ignored.
fn class_names(path: &Path, bytes: &[u8], expected: usize) -> Result<Vec<String>, DataError> {
    let text = String::from_utf8_lossy(bytes);
    let names: Vec<String> =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    match names.len() {
        found if found != expected => {
            Err(FileError::ClassNames { path: path.to_owned(), expected, found }.into())
        }
        _ => Ok(names),
    }
}

/// Takes files out of the map, in the given order.
fn files_of<'a>(names: &'a [&str], files: &mut Files) -> Vec<(&'a str, Vec<u8>)> {
    names.iter().filter_map(|&name| Some((name, files.remove(name)?))).collect()
}

/// Turns records into images stored HWC.
fn source(
    set: &CifarSet,
    place: &Path,
    files: Vec<(&str, Vec<u8>)>,
    part: &str,
) -> Result<MemorySource, DataError> {
    let bytes: usize = files.iter().map(|(_, records)| records.len()).sum();
    let mut pixels = Vec::with_capacity(bytes);
    let mut labels = Vec::with_capacity(bytes / set.record_bytes());
    for (name, records) in files {
        for (index, record) in records.chunks_exact(set.record_bytes()).enumerate() {
            let (label, planes) = record.split_at(set.label_bytes);
            let label = label[set.label_bytes - 1];
            if usize::from(label) >= set.classes.len() {
                return Err(FileError::Label {
                    path: place.join(name),
                    index,
                    classes: set.classes.len(),
                    found: label.into(),
                }
                .into());
            }
            labels.push(label);
            let (red, rest) = planes.split_at(PIXELS);
            let (green, blue) = rest.split_at(PIXELS);
            pixels.extend((0..PIXELS).flat_map(|pixel| [red[pixel], green[pixel], blue[pixel]]));
        }
    }
    Ok(MemorySource::new(set.info, part, pixels, labels))
}

#[cfg(test)]
mod tests;
