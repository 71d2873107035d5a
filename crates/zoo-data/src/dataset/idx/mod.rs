//! The IDX files of MNIST and Fashion-MNIST (<https://yann.lecun.com/exdb/mnist/>): a big-endian header, then one byte a pixel or label.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use flate2::read::MultiGzDecoder;

use super::{
    Dataset, FilesConfig, Info,
    memory::{self, MemorySource},
    owned,
};
use crate::{DataError, FileError};

/// First bytes of a file of images: unsigned bytes in three dimensions.
const IMAGES: [u8; 4] = [0, 0, 8, 3];
/// First bytes of a file of labels: unsigned bytes in one dimension.
const LABELS: [u8; 4] = [0, 0, 8, 1];

/// The most bytes that are unpacked: ten times as many as the largest of these files has.
const MAX_BYTES: u64 = 1 << 29;

/// Opens a dataset of the four official files, gzipped or not.
pub(super) fn open(
    info: &'static Info,
    classes: &[&str],
    config: &FilesConfig,
) -> Result<Dataset, DataError> {
    let train = read_pair(info, classes.len(), config, "train", "train")?;
    let test = read_pair(info, classes.len(), config, "t10k", "test")?;
    memory::dataset(info, owned(classes), config, train, test)
}

/// Reads the images and labels whose file names begin with `prefix`.
fn read_pair(
    info: &Info,
    classes: usize,
    config: &FilesConfig,
    prefix: &str,
    part: &str,
) -> Result<MemorySource, DataError> {
    let path = find(info, config, &format!("{prefix}-images-idx3-ubyte"))?;
    let (shape, pixels) = read::<3>(&path, IMAGES, "an IDX file of images")?;
    let [images, height, width] = shape;
    if (height, width) != (info.image_size, info.image_size) {
        return Err(FileError::ImageShape {
            path,
            dataset: info.name,
            expected: format!("{0} x {0}", info.image_size),
            found: format!("{height} x {width}"),
        }
        .into());
    }

    let path = find(info, config, &format!("{prefix}-labels-idx1-ubyte"))?;
    let ([count], labels) = read::<1>(&path, LABELS, "an IDX file of labels")?;
    if count != images {
        return Err(FileError::LabelCount { path, expected: images, found: count }.into());
    }
    if let Some(index) = labels.iter().position(|&label| usize::from(label) >= classes) {
        let found = usize::from(labels[index]);
        return Err(FileError::Label { path, index, classes, found }.into());
    }
    Ok(MemorySource::new(info, part, pixels, labels))
}

/// The file of that name, or its gzipped form.
fn find(info: &Info, config: &FilesConfig, name: &str) -> Result<PathBuf, DataError> {
    let root = config.root(info)?;
    let plain = root.join(name);
    let gzipped = root.join(format!("{name}.gz"));
    if plain.is_file() {
        return Ok(plain);
    }
    if gzipped.is_file() {
        return Ok(gzipped);
    }
    Err(DataError::Missing {
        path: plain,
        hint: format!("nor does {name}.gz beside it; {}", info.advice(config.root.as_deref())),
    })
}

/// Reads a file of `D` dimensions: its shape and the bytes after the header, as many as the shape
/// says.
fn read<const D: usize>(
    path: &Path,
    magic: [u8; 4],
    format: &'static str,
) -> Result<([usize; D], Vec<u8>), DataError> {
    let bytes = std::fs::read(path).map_err(DataError::read(path))?;
    parse(path, bytes, magic, format)
}

/// Shape and content of a file of `D` dimensions, gzipped or not. `path` is what errors call it.
fn parse<const D: usize>(
    path: &Path,
    mut bytes: Vec<u8>,
    magic: [u8; 4],
    format: &'static str,
) -> Result<([usize; D], Vec<u8>), DataError> {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        bytes = gunzip(path, &bytes)?;
    }
    if !bytes.starts_with(&magic) {
        return Err(FileError::Magic {
            path: path.to_owned(),
            format,
            expected: format!("{magic:02x?}"),
            found: format!("{:02x?}", &bytes[..bytes.len().min(4)]),
        }
        .into());
    }
    let header = 4 + 4 * D;
    let length_error = |expected, why: &str| {
        FileError::Length {
            path: path.to_owned(),
            expected,
            found: bytes.len() as u64,
            why: why.to_owned(),
        }
        .into()
    };
    if bytes.len() < header {
        return Err(length_error(header as u128, "its header alone"));
    }
    let mut shape = [0; D];
    for (side, field) in shape.iter_mut().zip(bytes[4..].chunks_exact(4)) {
        *side = field.iter().fold(0, |number, &byte| number << 8 | usize::from(byte));
    }
    // Three numbers of 32 bits multiply to 96: the header may claim more than fits a usize.
    let expected = header as u128 + shape.iter().map(|&side| side as u128).product::<u128>();
    if bytes.len() as u128 != expected {
        return Err(length_error(expected, &format!("its header says {shape:?}")));
    }
    Ok((shape, bytes.split_off(header)))
}

/// Reads what may be a file of images or of labels.
#[cfg(fuzzing)]
pub(crate) fn fuzz(file: &[u8]) {
    let path = Path::new("file");
    if let Ok(([images, height, width], pixels)) = parse(path, file.to_vec(), IMAGES, "images") {
        assert_eq!(images * height * width, pixels.len());
    }
    if let Ok(([count], labels)) = parse(path, file.to_vec(), LABELS, "labels") {
        assert_eq!(count, labels.len());
    }
}

fn gunzip(path: &Path, bytes: &[u8]) -> Result<Vec<u8>, DataError> {
    let mut content = Vec::new();
    let mut unpacked = MultiGzDecoder::new(bytes).take(MAX_BYTES);
    unpacked.read_to_end(&mut content).map_err(|reason| match reason.kind() {
        std::io::ErrorKind::UnexpectedEof => {
            FileError::Truncated { path: path.to_owned(), format: "gzip" }.into()
        }
        _ => DataError::Read { path: path.to_owned(), reason },
    })?;
    Ok(content)
}

#[cfg(test)]
mod tests;
