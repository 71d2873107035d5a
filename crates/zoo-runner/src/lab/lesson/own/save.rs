//! A network of the learner's own as a run directory, and as files for other programs.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use zoo_data::{DataConfig, shown};
use zoo_model::Predictor;
use zoo_training::run_dir::{Existing, RunDir, find_weights};

use crate::{
    Error,
    backend::host,
    job::{Done, Job, Parts},
    lab::{
        Answer, Lab, Told, aside,
        collection::{Saved, Snapshot, checked},
        workshop::{Achieved, Doing},
    },
    onnx::{self, Input, OLDEST_OPSET, Options},
    serve::{Wanted, asked::Asked, refused::Refused},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Save {
    visit: String,
    name: String,
}

/// Writes photos and network into a run directory of this name.
pub async fn save(
    Told { lab, looked, asked: Save { visit, name } }: Told<Save>,
) -> Answer<Json<Saved>> {
    let name = checked("the run", &name).map_err(Refused::bad)?;
    let workshop = lab.workshops.get(&visit)?;
    if workshop.board.shown().doing != Doing::Finished {
        return Err(Refused::unusable("the training is not finished: a run is saved when it is"));
    }
    let collection = lab.collections.of(&visit);
    let photos = collection.lock().trained.clone();
    let photos = photos.ok_or_else(|| Refused::unknown("nothing has been trained yet"))?;
    if lab.network(&name).is_ok() {
        return Err(Refused::unusable(format!("{name} is there already: choose another name")));
    }
    let path = lab.app.runs_folder().join(&name);
    let wanted = Wanted { name: Some(name.clone()), path: path.clone() };
    let saved = workshop.errand_with(move |parts, achieved| {
        let run = Run { path: &path, photos: &photos };
        let (images, accuracy) = run.write(parts, achieved)?;
        Ok(Saved { name, path: shown(&path), accuracy, images })
    });
    let saved = saved.await?;
    collection.lock().saved = Some(saved.clone());
    // From now on it can be chosen above every lesson.
    let device = lab.run(&looked.network, |network| Ok(network.device.clone())).await?;
    let opened = aside(move || lab.app.open_network(&wanted, &device)).await?;
    opened.map_err(|error| Refused::unusable(format!("{} is saved, but: {error}", saved.path)))?;
    Ok(Json(saved))
}

/// A run that is to be written.
struct Run<'a> {
    path: &'a Path,
    photos: &'a Arc<Snapshot>,
}

impl Run<'_> {
    /// Writes all of it or, where that fails, nothing. Gives the images that it was measured on, and the
    /// accuracy. What others have written meanwhile is left alone.
    fn write(&self, parts: &Parts, achieved: &Achieved) -> Result<(usize, f64), Error> {
        if achieved.is_steered {
            return Err(Error::Usage(String::from(
                "controls were changed while it was trained, so no config says how: begin anew",
            )));
        }
        if self.path.exists() {
            let message = "is there already: choose another name";
            return Err(Error::run(self.path, message));
        }
        let done = achieved.done();
        let done =
            done.ok_or_else(|| Error::Usage(String::from("nothing has been learned yet")))?;
        // From here on the folder is this run's.
        let run_dir = RunDir::open(self.path, Existing::Refuse)?;
        self.fill(run_dir, parts, done).inspect_err(|_| {
            let _ = fs::remove_dir_all(self.path);
        })
    }

    fn fill(&self, run_dir: RunDir, parts: &Parts, done: Done) -> Result<(usize, f64), Error> {
        let folder = self.path.join("photos");
        self.photos.write(&folder).map_err(|(path, error)| Error::io(&path)(error))?;
        let mut parts = parts.clone();
        if let DataConfig::Folder(config) = &mut parts.config.data {
            config.root.clone_from(&folder);
        }
        parts.data = parts.config.data.open()?;
        let report = Job::of_parts(parts).record(run_dir, done)?;
        Ok((report.images, report.accuracy))
    }
}

/// What for.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Format {
    Safetensors,
    Onnx,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Export {
    visit: String,
    format: Format,
}

/// The weights of the saved run, or its graph, as a file; that of a graph is kept in the run directory.
pub async fn export(
    State(lab): State<Lab>,
    Asked(Export { visit, format }): Asked<Export>,
) -> Answer<Response> {
    let saved = lab.collections.of(&visit).lock().saved.clone();
    let saved = saved.ok_or_else(|| Refused::unusable("save the run first"))?;
    let path = lab.app.runs_folder().join(&saved.name);
    let written = aside(move || {
        let file = written(&path, &saved.name, format)?;
        let bytes = fs::read(&file).map_err(Error::io(&file))?;
        Ok::<_, Error>((file, bytes))
    });
    let (file, bytes) = written.await?.map_err(Refused::failed)?;
    let kind = HeaderValue::from_static("application/octet-stream");
    let name = file.file_name().map(|name| shown(Path::new(name))).unwrap_or_default();
    let name = HeaderValue::from_str(&format!("attachment; filename*=UTF-8''{}", escaped(&name)));
    let name = name.map_err(Refused::failed)?;
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], bytes).into_response())
}

/// A name as RFC 5987 has it.
fn escaped(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let escape = |byte: u8| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    name.bytes().map(escape).collect()
}

/// The file of a format, written as `zoo export` does.
fn written(run: &Path, name: &str, format: Format) -> Result<PathBuf, Error> {
    let weights = find_weights(run)?;
    match format {
        Format::Safetensors => Ok(weights),
        Format::Onnx => {
            // The files that go beside it have names of the run's own.
            let folder = run.join("onnx");
            fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
            let out = folder.join(format!("{name}.onnx"));
            let Predictor { model, info, .. } = Predictor::open(&weights, &host())?;
            let options =
                Options { input: Input::Sized, opset: OLDEST_OPSET, half: false, fold: false };
            onnx::export(&model, &info, &options, &weights, &out)?;
            Ok(out)
        }
    }
}
