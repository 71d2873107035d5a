//! Which cases a verb works on.

use clap::Args;
use zoo_data::meant;
use zoo_training::words::unknown;

use super::flags::{InPrecision, Sets};
use crate::{Error, case::Case, config::RunConfig};

/// Built-in cases and configs, as named on the command line.
#[derive(Debug, Args)]
pub struct Cases {
    /// Built-in cases or JSON configs; by default all built-in cases.
    #[arg(value_name = "CASE-OR-CONFIG")]
    cases: Vec<String>,
    /// Images per step; by default the case's own number.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    batch: Option<u64>,
    #[command(flatten)]
    sets: Sets,
}

impl Cases {
    /// The requested cases, checked. `built_in` returns those that a verb knows, with the given
    /// number of images per step.
    pub fn find(
        &self,
        built_in: fn(Option<usize>) -> Vec<Case>,
        precision: &InPrecision,
    ) -> Result<Vec<Case>, Error> {
        let known = || built_in(self.batch());
        let mut cases = match self.cases.as_slice() {
            [] if self.sets.all.is_empty() => known(),
            [] => return Err(Error::Usage(String::from("--set: name the config to change"))),
            names => {
                names.iter().map(|name| self.one(name, known())).collect::<Result<Vec<_>, _>>()?
            }
        };
        for case in &mut cases {
            precision.apply(&mut case.config);
            case.config.check()?;
        }
        Ok(cases)
    }

    fn batch(&self) -> Option<usize> {
        self.batch.map(|batch| batch as usize)
    }

    /// A built-in case by its name, or a config by its path.
    fn one(&self, name: &str, mut known: Vec<Case>) -> Result<Case, Error> {
        if let Some(place) = known.iter().position(|case| case.name == name) {
            if let Some(set) = self.sets.all.first() {
                return Err(Error::Usage(format!(
                    "--set {set}: `{name}` is a built-in case, which has no config"
                )));
            }
            return Ok(known.swap_remove(place));
        }
        if name.contains(['.', '/']) {
            let mut config = RunConfig::load(&meant(name.as_ref()), &self.sets.all)?;
            config.loader.batch_size = self.batch().unwrap_or(config.loader.batch_size);
            return Ok(Case { name: name.to_string(), config, num_classes: None });
        }
        let names = known.iter().map(|case| case.name.as_str());
        let refusal = unknown("case", name, names);
        Err(Error::Usage(format!("{refusal} Or give the path of a config.")))
    }
}
