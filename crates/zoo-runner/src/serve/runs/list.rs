//! `GET /runs` and what is below it: figures that are files of a run directory.

use std::path::Path;

use axum::{Json, extract::State};
use serde::Serialize;
use serde_json::Value;
use tokio::task::spawn_blocking;
use utoipa::ToSchema;
use zoo_training::{
    read_lines,
    run_dir::{config_path, manifest_path, metrics_path, read_json, report_path},
};

use super::{FoundRun, find::state};
use crate::serve::{Shared, asked::At, refused::Refused};

/// A run in short.
#[derive(Serialize, ToSchema)]
pub struct RunSummary {
    name: String,
    /// `training`, `finished`, or `stopped`: neither.
    state: &'static str,
    /// The network, as in `cnn`.
    model: Option<String>,
    /// The data set.
    data: Option<String>,
    /// When it was first started.
    started: Option<String>,
    /// Of a finished run, on the split that its report is of.
    accuracy: Option<f64>,
    /// That split.
    split: Option<String>,
}

/// A run with its files.
#[derive(Serialize, ToSchema)]
pub struct RunFiles {
    name: String,
    /// `training`, `finished`, or `stopped`: neither.
    state: &'static str,
    /// `config.json`.
    config: Option<Value>,
    /// `manifest.json`.
    manifest: Option<Value>,
    /// `report.json` of a finished run.
    report: Option<Value>,
}

/// The lines of `metrics.jsonl`.
#[derive(Serialize, ToSchema)]
pub struct Metrics {
    name: String,
    lines: Vec<Value>,
}

/// All runs, those under way included.
#[utoipa::path(
    get, path = "/runs", tag = "runs",
    responses((status = 200, description = "All runs", body = Vec<RunSummary>))
)]
pub async fn runs(State(app): State<Shared>) -> Result<Json<Vec<RunSummary>>, Refused> {
    let summaries = move || app.runs.all().into_iter().map(RunSummary::of).collect();
    on_disk(summaries).await.map(Json)
}

/// Config, manifest and report of a run.
#[utoipa::path(
    get, path = "/runs/{run}", tag = "runs",
    params(("run" = String, Path, description = "Name of the run")),
    responses((status = 200, description = "Its files", body = RunFiles))
)]
pub async fn run(
    State(app): State<Shared>,
    At(run): At<String>,
) -> Result<Json<RunFiles>, Refused> {
    on_disk(move || app.runs.get(&run).map(RunFiles::of)).await?.map(Json)
}

/// Loss and accuracy as training went.
#[utoipa::path(
    get, path = "/runs/{run}/metrics", tag = "runs",
    params(("run" = String, Path, description = "Name of the run")),
    responses((status = 200, description = "The lines of its metrics", body = Metrics))
)]
pub async fn run_metrics(
    State(app): State<Shared>,
    At(run): At<String>,
) -> Result<Json<Metrics>, Refused> {
    let read = move || {
        let run = app.runs.get(&run)?;
        let lines = read_lines(&metrics_path(&run.path)).unwrap_or_default();
        let lines = lines.iter().filter_map(|line| serde_json::to_value(line).ok());
        Ok(Json(Metrics { name: run.name, lines: lines.collect() }))
    };
    on_disk(read).await?
}

/// Has a thread for such work read files.
pub async fn on_disk<T: Send + 'static>(
    read: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refused> {
    spawn_blocking(read).await.map_err(|_| Refused::failed("the run could not be read"))
}

fn json(path: &Path) -> Option<Value> {
    read_json(path).ok()
}

impl RunSummary {
    fn of(run: FoundRun) -> Self {
        let config = json(&config_path(&run.path)).unwrap_or_default();
        let manifest = json(&manifest_path(&run.path)).unwrap_or_default();
        let report = json(&report_path(&run.path)).unwrap_or_default();
        // A choice is an object of one key, its name.
        let choice = |key: &str| config[key].as_object()?.keys().next().cloned();
        Self {
            state: state(&run.path),
            name: run.name,
            model: choice("model"),
            data: choice("data"),
            started: manifest["started"].as_str().map(String::from),
            accuracy: report["accuracy"].as_f64(),
            split: report["split"].as_str().map(String::from),
        }
    }
}

impl RunFiles {
    fn of(run: FoundRun) -> Self {
        Self {
            state: state(&run.path),
            config: json(&config_path(&run.path)),
            manifest: json(&manifest_path(&run.path)),
            report: json(&report_path(&run.path)),
            name: run.name,
        }
    }
}
