//! What travels with the graph: ONNX's standard keys for images, those that Ultralytics' tools read and
//! others have taken over, and our own block.

use serde_json::json;
use zoo_data::Preprocess;
use zoo_model::WeightsInfo;

use super::{Input, proto::Property};

/// The key of our block, a [`WeightsInfo`] in JSON.
const KEY: &str = "burn-zoo";

/// The properties of a file.
///
/// # Errors
///
/// If JSON cannot express a number.
pub fn of(info: &WeightsInfo, input: Input) -> Result<Vec<Property>, String> {
    let WeightsInfo { model: _, classes, preprocess } = info;
    let block = serde_json::to_string(info).map_err(|error| error.to_string())?;
    let channels = match input {
        Input::Raw => preprocess.channels(),
        Input::Sized | Input::AnySize => 3,
    };
    let format = if channels == 1 { "Gray8" } else { "Rgb8" };
    let mut properties = vec![
        // <https://onnx.ai/onnx/repo-docs/MetadataProps.html>
        ("Image.BitmapPixelFormat", format.to_string()),
        ("Image.ColorSpaceGamma", String::from("SRGB")),
        // Ultralytics', whose loader wants the last two.
        ("names", names(classes)),
        ("imgsz", json!([preprocess.image_size, preprocess.image_size]).to_string()),
        ("channels", channels.to_string()),
        ("task", String::from("classify")),
        ("stride", String::from("1")),
        ("batch", String::from("1")),
        (KEY, block),
    ];
    if let Some(range) = range(preprocess, input) {
        properties.insert(2, ("Image.NominalPixelRange", range.to_string()));
    }
    let property = |(key, value): (&str, String)| Property { key: key.to_string(), value };
    Ok(properties.into_iter().map(property).collect())
}

/// ONNX's name for the range of the input's values, if it has one.
fn range(preprocess: &Preprocess, input: Input) -> Option<&'static str> {
    let all = |figures: &[f32], value: f32| figures.iter().all(|&figure| figure == value);
    match input {
        Input::Sized | Input::AnySize => Some("NominalRange_0_255"),
        Input::Raw if all(&preprocess.mean, 0.0) && all(&preprocess.std, 1.0) => {
            Some("Normalized_0_1")
        }
        Input::Raw if all(&preprocess.mean, 0.5) && all(&preprocess.std, 0.5) => {
            Some("Normalized_1_1")
        }
        Input::Raw => None,
    }
}

/// Names by label as a dictionary of Python, which is how Ultralytics writes and reads them.
fn names(classes: &[String]) -> String {
    let quoted =
        |name: &String| match name.contains(['\'', '\\']) || name.contains(char::is_control) {
            // JSON's texts are Python's too.
            true => json!(name).to_string(),
            false => format!("'{name}'"),
        };
    let named =
        classes.iter().enumerate().map(|(label, name)| format!("{label}: {}", quoted(name)));
    format!("{{{}}}", named.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_a_dictionary_of_python() {
        let classes = ["ants", "bee's \"nest\"", "a\\b\n", "蜜蜂"].map(String::from);
        assert_eq!(names(&classes), r#"{0: 'ants', 1: "bee's \"nest\"", 2: "a\\b\n", 3: '蜜蜂'}"#);
    }

    #[test]
    fn a_range_is_named_where_onnx_has_a_name() {
        let range =
            |mean: f32, std: f32, input| range(&Preprocess::new(8, &[mean; 3], &[std; 3]), input);
        assert_eq!(range(0.4, 0.2, Input::Sized), Some("NominalRange_0_255"));
        assert_eq!(range(0.4, 0.2, Input::Raw), None);
        assert_eq!(range(0.5, 0.5, Input::Raw), Some("Normalized_1_1"));
        assert_eq!(range(0.0, 1.0, Input::Raw), Some("Normalized_0_1"));
    }
}
