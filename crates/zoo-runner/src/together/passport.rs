//! What must be the same on all ranks.

use std::{env, fs::File, io};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zoo_data::Dataset;
use zoo_model::{BURN_VERSION, ZOO_VERSION};
use zoo_training::Ranks;

use crate::{
    Error,
    config::{RunConfig, first_difference_on_same_data},
    machine,
};

/// What a rank shows the others before they train.
#[derive(Clone, Serialize, Deserialize)]
struct Passport {
    /// Versions of the zoo and of Burn.
    version: String,
    /// SHA-256 of the program; versions and features may be the same and the code another.
    program: String,
    /// As JSON.
    config: String,
    /// Fingerprint of the images.
    data: String,
    processor: String,
    /// What the processor can do, and what the user lets it do.
    instructions: String,
}

/// Refuses ranks of another program, config, data set or kind of processor than the first one's.
///
/// # Errors
///
/// [`Error::Usage`] that names the first such rank and the difference, the same on every rank.
pub fn check_alike(config: &RunConfig, data: &Dataset, ranks: &Ranks) -> Result<(), Error> {
    if ranks.count() == 1 {
        return Ok(());
    }
    let all = ranks.all(Passport::own(config, data)?)?;
    let hosts = ranks.hosts();
    let differences = all.iter().zip(&hosts).enumerate().filter_map(|(rank, (passport, host))| {
        let what = passport.difference(&all[0])?;
        Some(format!("rank {rank} on {host} has {what}, rank 0 is on {}", hosts[0]))
    });
    differences.map(Error::Usage).map(Err).next().unwrap_or(Ok(()))
}

/// Refuses ranks that have read other weights than the first one, `hash` being those of this one.
///
/// # Errors
///
/// [`Error::Usage`] that names the first such rank, the same on every rank.
pub fn check_weights(hash: impl FnOnce() -> String, ranks: &Ranks) -> Result<(), Error> {
    if ranks.count() == 1 {
        return Ok(());
    }
    let all = ranks.all(hash())?;
    match all.iter().position(|other| *other != all[0]) {
        Some(rank) => Err(Error::Usage(format!(
            "rank {rank} on {} has read other weights than rank 0",
            ranks.hosts()[rank]
        ))),
        None => Ok(()),
    }
}

impl Passport {
    fn own(config: &RunConfig, data: &Dataset) -> Result<Self, Error> {
        let failed = |error: &dyn std::fmt::Display| {
            Error::Usage(format!("cannot tell what this process runs: {error}"))
        };
        let path = env::current_exe().map_err(|error| failed(&error))?;
        let mut program = Sha256::new();
        // Streamed: the program is larger than many a network with its gradients.
        File::open(&path)
            .and_then(|mut file| io::copy(&mut file, &mut program))
            .map_err(Error::io(&path))?;
        // Another kind of processor may add up in another order, which the other backends do anyway.
        let is_exact = config.backend.is_cpu();
        let of_exact = |text: String| if is_exact { text } else { String::new() };
        Ok(Self {
            version: format!("zoo {ZOO_VERSION} with Burn {BURN_VERSION}"),
            program: format!("{:x}", program.finalize()),
            config: serde_json::to_string(config).map_err(|error| failed(&error))?,
            data: data.fingerprint(),
            processor: of_exact(machine::processor()),
            instructions: of_exact(machine::instructions()),
        })
    }

    /// What is another than the first rank's.
    fn difference(&self, first: &Self) -> Option<String> {
        if self.version != first.version {
            return Some(format!("{} instead of {}", self.version, first.version));
        }
        if self.program != first.program {
            return Some(String::from("another build of zoo"));
        }
        if let Some(key) = self.config_difference(first) {
            return Some(format!("another `{key}` in its config"));
        }
        if self.data != first.data {
            return Some(String::from("other images"));
        }
        if self.processor != first.processor {
            let (own, firsts) = (&self.processor, &first.processor);
            return Some(format!("another processor, {own} instead of {firsts}"));
        }
        (self.instructions != first.instructions)
            .then(|| String::from("other vector instructions (see ZOO_KERNELS_SIMD)"))
    }

    fn config_difference(&self, first: &Self) -> Option<String> {
        let config = |passport: &Self| serde_json::from_str::<RunConfig>(&passport.config).ok();
        let (own, first) = (config(self)?, config(first)?);
        // When a checkpoint is due decides over no weight, but ranks meet there.
        let train = (own.train != first.train).then(|| String::from("train"));
        first_difference_on_same_data(&first, &own).or(train)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_difference_is_named() {
        let config = |accumulate: usize, every: usize| {
            format!(
                r#"{{"data": {{"sea": {{}}}}, "model": {{"cnn": {{}}}}, "train": {{"accumulate": {accumulate},
                "checkpoint": {{"every_steps": {every}}}}}}}"#
            )
        };
        let first = Passport {
            version: String::from("zoo 1"),
            program: String::from("ab"),
            config: config(4, 1),
            data: String::from("cd"),
            processor: String::from("EPYC"),
            instructions: String::from("avx2"),
        };
        let other = |change: fn(&mut Passport)| {
            let mut passport = first.clone();
            change(&mut passport);
            passport.difference(&first)
        };
        let named = |text: &str| Some(text.to_string());
        assert_eq!(other(|_| {}), None);
        assert_eq!(other(|own| own.version = "zoo 2".into()), named("zoo 2 instead of zoo 1"));
        assert_eq!(other(|own| own.program.clear()), named("another build of zoo"));
        assert_eq!(other(|own| own.data.clear()), named("other images"));
        assert_eq!(
            other(|own| own.processor = "Xeon".into()),
            named("another processor, Xeon instead of EPYC")
        );
        assert_eq!(
            other(|own| own.instructions.clear()),
            named("other vector instructions (see ZOO_KERNELS_SIMD)")
        );
        let with = |config: String| Passport { config, ..first.clone() }.difference(&first);
        assert_eq!(with(config(8, 1)), named("another `train.accumulate` in its config"));
        assert_eq!(with(config(4, 2)), named("another `train` in its config"));
    }
}
