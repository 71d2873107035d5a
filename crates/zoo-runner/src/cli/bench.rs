//! `zoo bench`.

use std::path::{Path, PathBuf};

use clap::Args;
use zoo_training::run_dir::read_json;

use super::{
    Output,
    cases::Cases,
    flags::{InPrecision, Threads, tell_precision},
    print, print_json, table,
};
use crate::{
    Error,
    backend::BackendChoice,
    bench::{Speed, What, built_in, check_dump, compare, run},
    report::{Column, rows_of},
};

/// Time training, inference and loading.
#[derive(Debug, Args)]
pub struct Bench {
    #[command(flatten)]
    cases: Cases,
    /// Backends to time, separated by commas.
    #[arg(long, value_name = "NAME[:INDEX]", value_delimiter = ',', default_value = "flex")]
    backend: Vec<BackendChoice>,
    /// What to time.
    #[arg(long, value_delimiter = ',', default_values = ["train", "infer"])]
    what: Vec<What>,
    /// Number of timed steps, after a warm-up.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    steps: u64,
    #[command(flatten)]
    precision: InPrecision,
    #[command(flatten)]
    threads: Threads,
    /// Write the weights, batches and logits of each case to a folder named after it in DIR.
    #[arg(long, value_name = "DIR")]
    dump: Option<PathBuf>,
    /// Compare with an earlier output of --json.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Compare even with figures from another machine.
    #[arg(long, requires = "against")]
    force: bool,
}

impl Bench {
    pub fn run(self, output: Output) -> Result<(), Error> {
        self.threads.apply()?;
        let cases = self.cases.find(built_in, &self.precision)?;
        self.backend.iter().try_for_each(BackendChoice::check)?;
        let dumps = cases.iter().filter_map(|case| self.dump_of(&case.name));
        dumps.into_iter().try_for_each(|folder| check_dump(&folder))?;
        let earlier: Option<Vec<Speed>> = self.against.as_deref().map(read_json).transpose()?;
        let mut rows = Vec::new();
        for case in &cases {
            for backend in &self.backend {
                tell_precision(backend, case.config.train.precision, output);
                for &what in &self.what {
                    if !output.quiet {
                        eprintln!("{} {backend} {what:?}", case.name);
                    }
                    let dump = self.dump_of(&case.name);
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
}

impl Bench {
    /// The folder that a case is written to.
    fn dump_of(&self, case: &str) -> Option<PathBuf> {
        let name = Path::new(case).file_stem().unwrap_or_default();
        self.dump.as_ref().map(|folder| folder.join(name))
    }
}

fn text(rows: &[Speed], ratios: &[Option<f64>], compared: bool) -> String {
    let mut columns: Vec<Column<(&Speed, &Option<f64>)>> = vec![
        ("case", &|(row, _)| row.config.clone()),
        ("backend", &|(row, _)| row.backend.clone()),
        ("precision", &|(row, _)| match &row.instructions {
            Some(instructions) => format!("{} ({instructions})", row.precision),
            None => row.precision.clone(),
        }),
        ("what", &|(row, _)| format!("{:?}", row.what).to_lowercase()),
        ("batch", &|(row, _)| row.batch.to_string()),
        ("images/s", &|(row, _)| format!("{:.1}", row.images_per_second)),
        ("ms", &|(row, _)| {
            format!("{:.1} ({:.1} to {:.1})", row.step_ms.median, row.step_ms.min, row.step_ms.max)
        }),
        ("forward", &|(row, _)| or_dash(row.split_ms.map(|ms| format!("{:.1}", ms.forward)))),
        ("backward", &|(row, _)| or_dash(row.split_ms.map(|ms| format!("{:.1}", ms.backward)))),
        ("update", &|(row, _)| or_dash(row.split_ms.map(|ms| format!("{:.1}", ms.optimizer)))),
        ("GFLOP/s", &|(row, _)| {
            or_dash(row.flops_per_second.map(|flops| format!("{:.1}", flops / 1e9)))
        }),
        ("of peak", &|(row, _)| {
            or_dash(row.peak_share.map(|share| format!("{:.0} %", 100.0 * share)))
        }),
        ("MB", &|(row, _)| {
            or_dash(row.peak_memory_bytes.map(|bytes| format!("{:.0}", bytes as f64 / 1e6)))
        }),
    ];
    if compared {
        columns
            .push(("now / then", &|(_, ratio)| or_dash(ratio.map(|ratio| format!("{ratio:.2}")))));
    }
    table(&rows_of(rows.iter().zip(ratios), &columns))
}

fn or_dash(value: Option<String>) -> String {
    value.unwrap_or_else(|| String::from("-"))
}
