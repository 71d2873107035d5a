//! `zoo parity`.

use clap::Args;

use super::{Output, print, print_json, table, use_threads};
use crate::{
    Error,
    backend::BackendChoice,
    config::{RunConfig, nearest},
    parity::{Case, Row, built_in, run},
};

/// Compare what backends compute: layers, loss, gradients, and weights after some steps.
#[derive(Debug, Args)]
pub struct Parity {
    /// Built-in cases or JSON configs; all built-in cases unless given.
    #[arg(value_name = "CASE-OR-CONFIG")]
    cases: Vec<String>,
    /// The reference, then what is compared with it, with commas between.
    #[arg(long, value_name = "A,B,...", value_delimiter = ',', required = true, num_args = 1)]
    backend: Vec<BackendChoice>,
    /// Images a step; the case's own number unless given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    batch: Option<u64>,
    /// Steps of training before weights are compared.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=1000))]
    steps: u64,
    /// Threads of CPU computation; all cores unless given.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Change a setting of the configs, as in loader.batch_size=64; may be given again.
    #[arg(long = "set", value_name = "KEY.PATH=VALUE")]
    sets: Vec<String>,
}

impl Parity {
    pub fn run(self, output: Output) -> Result<(), Error> {
        use_threads(self.threads)?;
        let cases = self.cases()?;
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
                "--backend: expected at least two, as in --backend flex,wgpu",
            )));
        }
        self.backend.iter().try_for_each(|backend| backend.open().map(drop))
    }

    fn cases(&self) -> Result<Vec<Case>, Error> {
        let cases = match self.cases.as_slice() {
            [] if self.sets.is_empty() => built_in(self.batch()),
            [] => return Err(Error::Usage(String::from("--set: give the config that it changes"))),
            names => names.iter().map(|name| self.find(name)).collect::<Result<_, _>>()?,
        };
        cases.iter().try_for_each(|case| case.config.check())?;
        Ok(cases)
    }

    fn batch(&self) -> Option<usize> {
        self.batch.map(|batch| batch as usize)
    }

    /// A built-in case by its name, or a config by its path.
    fn find(&self, name: &str) -> Result<Case, Error> {
        let mut known = built_in(self.batch());
        if let Some(place) = known.iter().position(|case| case.name == name) {
            if let Some(set) = self.sets.first() {
                return Err(Error::Usage(format!(
                    "--set {set}: `{name}` is built in, and has no config"
                )));
            }
            return Ok(known.swap_remove(place));
        }
        if name.contains(['.', '/']) {
            let mut config = RunConfig::load(name.as_ref(), &self.sets)?;
            config.loader.batch_size = self.batch().unwrap_or(config.loader.batch_size);
            return Ok(Case { name: name.to_string(), config });
        }
        let names: Vec<&str> = known.iter().map(|case| case.name.as_str()).collect();
        let hint = nearest(name, names.iter().copied())
            .map_or_else(String::new, |right| format!(", did you mean `{right}`?"));
        Err(Error::Usage(format!(
            "unknown case `{name}`{hint} Known: {}; or give the path of a config.",
            names.join(", ")
        )))
    }
}

fn text(rows: &[Row]) -> String {
    let head = ["case", "backends", "batch", "logits", "loss", "gradients", "weights", "agree"];
    let body = rows.iter().map(|row| {
        let found = &row.differences;
        let number = |value: f64| format!("{value:.1e}");
        vec![
            row.config.clone(),
            row.backends.join(" / "),
            row.batch.to_string(),
            number(found.logits),
            number(found.loss),
            number(found.gradients),
            number(found.weights),
            verdict(row),
        ]
    });
    let head = head.map(String::from).to_vec();
    table(&std::iter::once(head).chain(body).collect::<Vec<_>>())
}

/// Yes, or where the two first part.
fn verdict(row: &Row) -> String {
    let found = &row.differences;
    match (&found.first_layer, found.pass) {
        (_, true) => String::from("yes"),
        (Some(layer), _) => format!("no, from layer {layer} on"),
        (None, _) => format!(
            "no, most in the gradient of {} and the weights of {}",
            found.worst_gradient, found.worst_weight
        ),
    }
}
