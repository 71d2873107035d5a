//! `zoo bench`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Output, print, print_json, table, use_threads};
use crate::{
    Error,
    backend::BackendChoice,
    bench::{Case, Row, What, built_in, compare, run},
    config::{RunConfig, nearest},
    run_dir::read_json,
};

/// Time training, inference and loading.
#[derive(Debug, Args)]
pub struct Bench {
    /// Built-in cases or JSON configs; all built-in cases unless given.
    #[arg(value_name = "CASE-OR-CONFIG")]
    cases: Vec<String>,
    /// What computes, several with commas between.
    #[arg(long, value_name = "NAME[:INDEX]", value_delimiter = ',', default_value = "flex")]
    backend: Vec<BackendChoice>,
    /// What is timed.
    #[arg(long, value_delimiter = ',', default_values = ["train", "infer"])]
    what: Vec<What>,
    /// Images a step; the case's own number unless given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    batch: Option<u64>,
    /// Change a setting of the configs, as in data.folder.root=photos; may be given again.
    #[arg(long = "set", value_name = "KEY.PATH=VALUE")]
    sets: Vec<String>,
    /// Steps that are counted, after a warm-up.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    steps: u64,
    /// Threads of CPU computation; all cores unless given.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Write weights, batches and logits of each case to a folder of its name in DIR.
    #[arg(long, value_name = "DIR")]
    dump: Option<PathBuf>,
    /// Compare with what --json printed earlier.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Compare also with figures of another machine.
    #[arg(long, requires = "against")]
    force: bool,
}

impl Bench {
    pub fn run(self, output: Output) -> Result<(), Error> {
        use_threads(self.threads)?;
        let cases = self.cases()?;
        self.backend.iter().try_for_each(BackendChoice::check)?;
        let earlier: Option<Vec<Row>> = self.against.as_deref().map(read_json).transpose()?;
        let mut rows = Vec::new();
        for case in &cases {
            for backend in &self.backend {
                for &what in &self.what {
                    if !output.quiet {
                        eprintln!("{} {backend} {what:?}", case.name);
                    }
                    let name = Path::new(&case.name).file_stem().unwrap_or_default();
                    let dump = self.dump.as_ref().map(|folder| folder.join(name));
                    rows.push(run(case, backend, what, self.steps as usize, dump.as_deref())?);
                }
            }
        }
        let ratios = match (&earlier, &self.against) {
            (Some(earlier), Some(path)) => {
                compare(&rows, earlier, self.force).map_err(|message| Error::run(path, message))?
            }
            _ => vec![None; rows.len()],
        };
        match output.json {
            true => print_json(&rows),
            false => print(&text(&rows, &ratios, earlier.is_some())),
        }
    }

    fn cases(&self) -> Result<Vec<Case>, Error> {
        let batch = self.batch.map(|batch| batch as usize);
        let cases = match self.cases.as_slice() {
            [] if self.sets.is_empty() => built_in(batch),
            [] => return Err(Error::Usage(String::from("--set: give the config that it changes"))),
            names => {
                names.iter().map(|name| find(name, &self.sets, batch)).collect::<Result<_, _>>()?
            }
        };
        cases.iter().try_for_each(|case| case.config.check())?;
        Ok(cases)
    }
}

/// A built-in case by its name, or a config by its path with `sets` laid over it; with `batch`
/// images a step if given.
fn find(name: &str, sets: &[String], batch: Option<usize>) -> Result<Case, Error> {
    let mut known = built_in(batch);
    if let Some(place) = known.iter().position(|case| case.name == name) {
        if let Some(set) = sets.first() {
            return Err(Error::Usage(format!(
                "--set {set}: `{name}` is built in, and has no config"
            )));
        }
        return Ok(known.swap_remove(place));
    }
    if name.contains(['.', '/']) {
        let mut config = RunConfig::load(name.as_ref(), sets)?;
        config.loader.batch_size = batch.unwrap_or(config.loader.batch_size);
        return Ok(Case { name: name.to_string(), config, num_classes: None });
    }
    let names: Vec<&str> = known.iter().map(|case| case.name.as_str()).collect();
    let hint = nearest(name, names.iter().copied())
        .map_or_else(String::new, |right| format!(", did you mean `{right}`?"));
    Err(Error::Usage(format!(
        "unknown case `{name}`{hint} Known: {}; or give the path of a config.",
        names.join(", ")
    )))
}

fn text(rows: &[Row], ratios: &[Option<f64>], compared: bool) -> String {
    let mut head = vec![
        "case", "backend", "what", "batch", "images/s", "ms", "forward", "backward", "update",
        "GFLOP/s", "of peak", "MB",
    ];
    if compared {
        head.push("now / then");
    }
    let head = head.into_iter().map(String::from).collect();
    let body = rows.iter().zip(ratios).map(|(row, ratio)| {
        let or_dash = |value: Option<String>| value.unwrap_or_else(|| String::from("-"));
        let ms = |value: fn(&Row) -> Option<f64>| or_dash(value(row).map(|ms| format!("{ms:.1}")));
        let mut cells = vec![
            row.config.clone(),
            row.backend.clone(),
            format!("{:?}", row.what).to_lowercase(),
            row.batch.to_string(),
            format!("{:.1}", row.images_per_second),
            format!("{:.1} ({:.1} to {:.1})", row.step_ms.median, row.step_ms.min, row.step_ms.max),
            ms(|row| row.split_ms.map(|split| split.forward)),
            ms(|row| row.split_ms.map(|split| split.backward)),
            ms(|row| row.split_ms.map(|split| split.optimizer)),
            or_dash(row.flops_per_second.map(|flops| format!("{:.1}", flops / 1e9))),
            or_dash(row.peak_share.map(|share| format!("{:.0} %", 100.0 * share))),
            or_dash(row.peak_memory_bytes.map(|bytes| format!("{:.0}", bytes as f64 / 1e6))),
        ];
        if compared {
            cells.push(or_dash(ratio.map(|ratio| format!("{ratio:.2}"))));
        }
        cells
    });
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(body).collect();
    table(&rows)
}
