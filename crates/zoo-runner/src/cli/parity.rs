//! `zoo parity`.

use clap::Args;

use super::{
    Output,
    cases::Cases,
    flags::{InPrecision, Threads},
    print, print_json, table,
};
use crate::{
    Error,
    backend::BackendChoice,
    parity::{Agreement, built_in, run},
    report::rows_of,
};

/// Check that backends compute the same values: layers, loss, gradients, and weights after some
/// steps.
#[derive(Debug, Args)]
pub struct Parity {
    #[command(flatten)]
    cases: Cases,
    /// The reference backend, then those to compare with it, separated by commas.
    #[arg(long, value_name = "A,B,...", value_delimiter = ',', required = true, num_args = 1)]
    backend: Vec<BackendChoice>,
    /// Number of training steps before weights are compared.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=1000))]
    steps: u64,
    #[command(flatten)]
    precision: InPrecision,
    #[command(flatten)]
    threads: Threads,
}

impl Parity {
    pub fn run(self, output: Output) -> Result<(), Error> {
        self.threads.apply()?;
        let cases = self.cases.find(built_in, &self.precision)?;
        self.check_backends()?;
        let mut rows = Vec::new();
        for case in &cases {
            if !output.quiet {
                eprintln!("{}", case.name);
            }
            rows.extend(run(case, &self.backend, self.steps as usize)?);
        }
        match output.json {
            true => print_json(&rows)?,
            false => print(&text(&rows))?,
        }
        match rows.iter().filter(|row| !row.differences.pass).count() {
            0 => Ok(()),
            apart => Err(Error::Failed(format!(
                "{apart} of {} comparisons are outside the tolerances",
                rows.len()
            ))),
        }
    }

    fn check_backends(&self) -> Result<(), Error> {
        if self.backend.len() < 2 {
            return Err(Error::Usage(String::from(
                "--backend: expected at least two backends, as in --backend flex,wgpu",
            )));
        }
        self.backend.iter().try_for_each(|backend| backend.open().map(drop))
    }
}

fn text(rows: &[Agreement]) -> String {
    let number = |value: f64| format!("{value:.1e}");
    table(&rows_of(
        rows,
        &[
            ("case", &|row| row.config.clone()),
            ("backends", &|row| row.backends.join(" / ")),
            ("batch", &|row| row.batch.to_string()),
            ("logits", &|row| number(row.differences.logits)),
            ("loss", &|row| number(row.differences.loss)),
            ("gradients", &|row| number(row.differences.gradients)),
            ("weights", &|row| number(row.differences.weights)),
            ("agree", &|row| verdict(row)),
        ],
    ))
}

/// Yes, or where the two first differ.
fn verdict(row: &Agreement) -> String {
    let found = &row.differences;
    match (&found.first_layer, found.pass) {
        (_, true) => String::from("yes"),
        (Some(layer), _) => format!("no, from layer {layer} on"),
        (None, _) => format!(
            "no, mostly in the gradient of {} and the weights of {}",
            found.worst_gradient, found.worst_weight
        ),
    }
}
