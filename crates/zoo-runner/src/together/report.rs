//! What the ranks of a run have cost.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use zoo_training::{Exchanged, Ranks};

use crate::{Error, machine::memory::peak_bytes};

/// The processes that trained a run, and what it cost to keep them together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RanksManifest {
    /// The machine of each rank.
    pub hosts: Vec<String>,
    /// Bytes that each rank sent at a step, gradients and statistics.
    pub bytes_per_step: Vec<u64>,
    /// Seconds in which gradients were on their way, of each rank.
    pub exchange_seconds: Vec<f64>,
    /// Seconds in which each rank waited for the others.
    pub waited_seconds: Vec<f64>,
    /// Peak memory of each rank in bytes, where the system reports it.
    pub peak_memory_bytes: Vec<Option<u64>>,
}

/// Counts what the steps of this process cost it.
pub struct Exchange {
    before: Exchanged,
    steps: usize,
}

impl Exchange {
    /// From here on, after so many steps of the run.
    pub fn start(ranks: &Ranks, steps: usize) -> Self {
        Self { before: ranks.exchanged(), steps }
    }

    /// Until now, after so many steps of the run; none where one process trains alone.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if a rank has failed.
    pub fn end(self, ranks: &Ranks, steps: usize) -> Result<Option<RanksManifest>, Error> {
        if ranks.count() == 1 {
            return Ok(None);
        }
        let (before, now) = (self.before, ranks.exchanged());
        let bytes_per_step = (now.bytes - before.bytes) / (steps - self.steps).max(1) as u64;
        let exchanged = now.seconds - before.seconds;
        let waited = now.waited_seconds - before.waited_seconds;
        let mut manifest = RanksManifest {
            hosts: ranks.hosts(),
            bytes_per_step: Vec::new(),
            exchange_seconds: Vec::new(),
            waited_seconds: Vec::new(),
            peak_memory_bytes: Vec::new(),
        };
        for (bytes, exchanged, waited, peak) in
            ranks.all((bytes_per_step, exchanged, waited, peak_bytes()))?
        {
            manifest.bytes_per_step.push(bytes);
            manifest.exchange_seconds.push(exchanged);
            manifest.waited_seconds.push(waited);
            manifest.peak_memory_bytes.push(peak);
        }
        Ok(Some(manifest))
    }
}

impl RanksManifest {
    /// The same in a sentence.
    pub fn sentence(&self, seconds: f64) -> String {
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let machines = self.hosts.iter().collect::<BTreeSet<_>>().len();
        format!(
            "{} ranks on {machines} machine{}: each sent {:.2} MB a step; of {seconds:.1} s, {:.1} s went \
             into the exchange of gradients and {:.1} s into waiting for each other",
            self.hosts.len(),
            if machines == 1 { "" } else { "s" },
            self.bytes_per_step.iter().sum::<u64>() as f64 / self.hosts.len() as f64 / 1e6,
            mean(&self.exchange_seconds),
            mean(&self.waited_seconds),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cost_is_said_in_a_sentence() {
        let manifest = RanksManifest {
            hosts: vec![String::from("a"), String::from("b")],
            bytes_per_step: vec![2_000_000, 1_000_000],
            exchange_seconds: vec![1.0, 2.0],
            waited_seconds: vec![0.0, 1.0],
            peak_memory_bytes: vec![None, Some(1)],
        };
        assert_eq!(
            manifest.sentence(10.0),
            "2 ranks on 2 machines: each sent 1.50 MB a step; of 10.0 s, 1.5 s went into the exchange of \
             gradients and 0.5 s into waiting for each other"
        );
    }
}
