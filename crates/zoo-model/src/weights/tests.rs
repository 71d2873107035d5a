use burn::{nn::LinearConfig, store::SafetensorsStore, tensor::Bytes};
use safetensors::SafeTensors;

use super::*;
use crate::host;

#[test]
fn the_file_is_as_the_format_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("two.safetensors");
    let tensor = |name: &str, values: &[f32]| {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
        burn_pack::Tensor::new(
            String::from(name),
            DType::F32,
            [values.len()],
            None,
            Bytes::from_bytes_vec(bytes),
        )
    };
    let metadata = [("z", "last"), ("a", "first")];
    write_tensors(&path, &metadata, vec![tensor("b", &[3.0]), tensor("a", &[1.0, 2.0])]).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let header = r#"{"__metadata__":{"z":"last","a":"first"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}"#;
    let length = header.len().next_multiple_of(8);
    assert_eq!(bytes[..8], (length as u64).to_le_bytes());
    assert_eq!(std::str::from_utf8(&bytes[8..8 + length]).unwrap().trim_end(), header);
    let read = SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(read.tensor("a").unwrap().data(), [1.0_f32, 2.0].map(f32::to_le_bytes).concat());
    assert_eq!(read.tensor("b").unwrap().data(), 3.0_f32.to_le_bytes());
}

#[test]
fn burn_reads_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("linear.safetensors");
    let saved = LinearConfig::new(2, 3).init(&host());
    write_tensors(&path, &[], saved.collect(None, None, false)).unwrap();
    let mut read = LinearConfig::new(2, 3).init(&host());
    read.load_from(&mut SafetensorsStore::from_file(&path)).unwrap();
    let data = |linear: &burn::nn::Linear| -> [TensorData; 2] {
        [linear.weight.val().into_data(), linear.bias.as_ref().unwrap().val().into_data()]
    };
    assert_eq!(data(&read), data(&saved));
}

#[test]
fn a_file_that_contradicts_itself_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.safetensors");
    let refusal = |classes: usize, side: usize, channels: usize| {
        let model =
            json!({"cnn": {"preset": "small", "num_classes": 2, "channels": 3, "image_size": 8}});
        let figures = vec![0.5; channels];
        let info = WeightsInfo {
            model: serde_json::from_value(model).unwrap(),
            classes: vec![String::from("a"); classes],
            preprocess: Preprocess::new(side, &figures, &figures),
        };
        let info = serde_json::to_string(&info).unwrap();
        write_tensors(&path, &[(KEY, &info)], Vec::new()).unwrap();
        WeightsInfo::read(&path).map(|_| ()).map_err(|error| error.to_string())
    };
    let said = |message: &str| Err(format!("{}: {message}", path.display()));
    assert_eq!(refusal(2, 8, 3), Ok(()));
    assert_eq!(refusal(3, 8, 3), said("names 3 classes, and its network has 2"));
    for (side, channels) in [(8, 1), (16, 3)] {
        let message = format!(
            "prepares images of {side} px (channels: {channels}), and its network sees 8 px (channels: 3)"
        );
        assert_eq!(refusal(2, side, channels), said(&message));
    }
}

#[test]
fn another_type_is_refused() {
    let path = Path::new("/nowhere/x.safetensors");
    let tensor = burn_pack::Tensor::new(
        String::from("count"),
        DType::I32,
        [1],
        None,
        Bytes::from_bytes_vec(vec![0; 4]),
    );
    let error = write_tensors(path, &[], vec![tensor]).unwrap_err().to_string();
    assert_eq!(
        error,
        "/nowhere/x.safetensors: cannot write: `count` is of I32, expected f32 or i64"
    );
}

#[test]
fn tensors_are_read_one_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.safetensors");
    let data = |values: &[f32]| TensorData::new(values.to_vec(), [values.len()]);
    let written = ["b", "a"].map(|name| bridge::from_data(data(&[1.5; 3]), name.into(), None));
    write_tensors(&path, &[], written.to_vec()).unwrap();
    let mut tensors = tensors(&path).unwrap();
    tensors.sort_by_key(|tensor| tensor.name.clone());
    // The file stays open: another may take its place.
    std::fs::remove_file(&path).unwrap();
    let names: Vec<&str> = tensors.iter().map(|tensor| &*tensor.name).collect();
    assert_eq!(names, ["a", "b"]);
    for tensor in &tensors {
        assert_eq!(bridge::to_data(tensor).unwrap(), data(&[1.5; 3]));
    }
}

#[test]
fn what_is_cut_or_of_another_type_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.safetensors");
    let refusal = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let refused = tensors(&path).map(|tensors| tensors.len()).unwrap_err().to_string();
        refused.replace(&path.display().to_string(), "x")
    };
    let file = |dtype: &str| {
        let header = format!(r#"{{"a":{{"dtype":"{dtype}","shape":[2],"data_offsets":[0,4]}}}}"#);
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &[0; 4]].concat()
    };
    let whole = file("F16");
    assert_eq!(
        refusal(&whole),
        "x: has `a` of F16, expected F32 or I64: save the weights in float32"
    );
    assert_eq!(
        refusal(&whole[..whole.len() - 1]),
        format!(
            "x: is truncated or damaged: by its header it has {} bytes, found {}",
            whole.len(),
            whole.len() - 1
        )
    );
    assert_eq!(
        refusal(&file("F32")),
        "x: is not a valid safetensors file: invalid shape, data type, or offset for tensor"
    );
    assert_eq!(refusal(&[1, 0, 0]), "x: is not a safetensors file: too short");
}
