//! A training that is watched.

use zoo_data::Split;
use zoo_training::Live;

use super::Job;

/// Images of the valid split that whoever watches sees.
const SAMPLES: usize = 12;

impl Job {
    /// Has the run be watched: the line to it, and the images that its network is shown after every
    /// epoch, with the names of their classes.
    pub fn watch(&mut self) -> (Live, Split, Vec<String>) {
        let samples = self.setup.data.valid.choose(SAMPLES, 0);
        let live = Live::new(self.setup.evaluated(&samples));
        self.setup.live = Some(live.clone());
        (live, samples, self.setup.data.classes.clone())
    }
}
