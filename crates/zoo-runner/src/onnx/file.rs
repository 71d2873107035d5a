//! Writing the file, and knowing it again.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use prost::Message;
use zoo_model::disk::write_whole;

use super::proto::{Model, Property};

/// Who has written the file, as ONNX keeps it.
pub const PRODUCER: &str = "burn-zoo";
/// A file must be below 2 GiB, which is as far as protobuf goes; the rest of it is small.
pub const LARGEST: usize = (2 << 30) - (16 << 20);
/// Where a tensor in a file of tensors may begin, so that it can be mapped into memory.
const ALIGNMENT: usize = 4096;

/// Whether the zoo has written this file: it begins with its version and its producer.
pub fn is_written_here(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(64).read_to_end(&mut start));
    // Field 1, a number below 128; field 2, a text.
    let rest = start.strip_prefix(&[8]).and_then(|rest| rest.get(1..));
    let rest = rest.and_then(|rest| rest.strip_prefix(&[18, PRODUCER.len() as u8]));
    read.is_ok() && rest.is_some_and(|rest| rest.starts_with(PRODUCER.as_bytes()))
}

/// The file of tensors beside a model.
pub fn tensors_of(path: &Path) -> PathBuf {
    let mut name = path.to_path_buf().into_os_string();
    name.push(".data");
    name.into()
}

/// Writes `model` to `path`, with its tensors in a second file beside it where they have more than
/// `largest` bytes. What is there already stays as it was until all is written.
///
/// Gives back the files.
///
/// # Errors
///
/// The operating system's.
pub fn write(path: &Path, mut model: Model, largest: usize) -> io::Result<Vec<PathBuf>> {
    let tensors = model.graph.iter().flat_map(|graph| &graph.initializer);
    let bytes: usize = tensors.filter_map(|tensor| tensor.raw_data.as_ref()).map(Vec::len).sum();
    if bytes <= largest {
        write_whole(path, |file| file.write_all(&model.encode_to_vec()))?;
        return Ok(vec![path.to_path_buf()]);
    }
    let beside = tensors_of(path);
    let is_new = !beside.exists();
    write_whole(&beside, |file| move_out(&mut model, &beside, file))?;
    write_whole(path, |file| file.write_all(&model.encode_to_vec())).inspect_err(|_| {
        // Of no use without the model. What went wrong is what the user should hear of.
        if is_new {
            let _ = fs::remove_file(&beside);
        }
    })?;
    Ok(vec![path.to_path_buf(), beside])
}

/// Writes the bytes of the larger tensors, one after the other, and leaves in the model where they are.
fn move_out(model: &mut Model, path: &Path, file: &mut impl Write) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut end = 0usize;
    for tensor in model.graph.iter_mut().flat_map(|graph| &mut graph.initializer) {
        // Shapes and the like must be known when the graph is read.
        let Some(bytes) = tensor.raw_data.take_if(|bytes| bytes.len() >= 1024) else {
            continue;
        };
        let start = end.next_multiple_of(ALIGNMENT);
        file.write_all(&vec![0; start - end])?;
        file.write_all(&bytes)?;
        end = start + bytes.len();
        let property = |key: &str, value: String| Property { key: key.to_string(), value };
        tensor.external_data = vec![
            property("location", name.clone()),
            property("offset", start.to_string()),
            property("length", bytes.len().to_string()),
        ];
        tensor.data_location = Some(1);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{
        super::{graph::Graph, proto},
        *,
    };

    fn model() -> Model {
        let mut graph = Graph::default();
        graph.floats("a", &[300], &[0.5; 300]);
        graph.integers("b", &[7]);
        graph.floats("c", &[2, 200], &[0.25; 400]);
        Model {
            ir_version: Some(8),
            producer_name: PRODUCER.to_string(),
            graph: Some(graph.finish("test")),
            ..Default::default()
        }
    }

    fn tensors(path: &Path) -> Vec<proto::Tensor> {
        Model::decode(&*fs::read(path).unwrap()).unwrap().graph.unwrap().initializer
    }

    #[test]
    fn a_small_model_is_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.onnx");
        assert_eq!(write(&path, model(), 4096).unwrap(), std::slice::from_ref(&path));
        assert_eq!(tensors(&path)[2].raw_data.as_ref().unwrap().len(), 1600);
        assert!(is_written_here(&path));
    }

    #[test]
    fn tensors_of_a_large_model_lie_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.onnx");
        let beside = folder.path().join("a.onnx.data");
        assert_eq!(write(&path, model(), 2000).unwrap(), [path.clone(), beside.clone()]);
        let bytes = fs::read(&beside).unwrap();
        assert_eq!(bytes.len(), 4096 + 1600);
        let found = tensors(&path);
        let told = |tensor: &proto::Tensor| {
            let values = tensor.external_data.iter().map(|property| property.value.clone());
            values.collect::<Vec<_>>()
        };
        assert_eq!(told(&found[0]), ["a.onnx.data", "0", "1200"]);
        assert_eq!(told(&found[2]), ["a.onnx.data", "4096", "1600"]);
        assert_eq!((found[1].data_location, told(&found[1]).len()), (None, 0));
        assert_eq!(bytes[4096..4100], 0.25_f32.to_le_bytes());
        assert!(is_written_here(&path) && !is_written_here(&beside));
    }

    #[test]
    fn a_model_that_cannot_be_written_leaves_no_tensors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.onnx");
        // Where the file grows, a folder lies.
        fs::create_dir(folder.path().join("a.onnx.part")).unwrap();
        write(&path, model(), 2000).unwrap_err();
        assert!(!folder.path().join("a.onnx.data").exists());
    }
}
