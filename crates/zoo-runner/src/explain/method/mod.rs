//! The ways to explain, in the order of a lesson. One more is a file here and a line in [`METHODS`].

mod attention;
mod attention_distance;
mod classes;
mod convolution;
mod feature_maps;
mod filters;
mod flattening;
mod grad_cam;
mod hires_cam;
mod occlusion;
mod pixels;
mod pooling;
mod positions;
mod rollout;

#[cfg(any(test, feature = "serve"))]
pub(crate) use rollout::rollout;

use super::{Figure, HeatMap, Record, Subject};
use crate::Error;

/// A way to explain.
pub struct Method {
    /// The name, also in the names of files.
    pub name: &'static str,
    /// The heading on the page.
    pub title: &'static str,
    /// What it is about, for a reader who sees it for the first time.
    pub about: &'static str,
    /// Whether it shows the network alone, whatever the image.
    pub is_of_network: bool,
    /// What it needs and a network lacks, as in `has no attention`, by any record of it.
    pub lacks: fn(&Record) -> Option<&'static str>,
    /// Draws it.
    pub figures: fn(&Subject) -> Result<Vec<Figure>, Error>,
    /// Where in the image the network looks; `None` for methods that do not show it.
    pub heat: Option<Heat>,
}

/// Finds where in an image the network looks.
pub type Heat = fn(&Subject) -> Result<HeatMap, Error>;

/// All of them, one line each.
pub static METHODS: [&Method; 14] = [
    &pixels::METHOD,
    &filters::METHOD,
    &convolution::METHOD,
    &positions::METHOD,
    &pooling::METHOD,
    &feature_maps::METHOD,
    &attention::METHOD,
    &attention_distance::METHOD,
    &flattening::METHOD,
    &classes::METHOD,
    &grad_cam::METHOD,
    &hires_cam::METHOD,
    &rollout::METHOD,
    &occlusion::METHOD,
];

impl Method {
    /// What most methods are: of one image, for every network, and without a map of heat.
    const PLAIN: Self = Self {
        name: "",
        title: "",
        about: "",
        is_of_network: false,
        lacks: |_| None,
        figures: |_| Ok(Vec::new()),
        heat: None,
    };
}

/// What the methods that look at attention need.
fn attention(record: &Record) -> Option<&'static str> {
    record.attention.is_empty().then_some("has no attention, unlike a vit")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::{
        blank_record,
        sample::{image, network, settings, ten_classes},
    };

    #[test]
    fn methods_are_told_apart_by_their_names() {
        let mut names = METHODS.map(|method| method.name);
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    }

    /// Names of the methods that a network lacks something for.
    fn missing(index: usize) -> Vec<&'static str> {
        let (settings, channels) = &settings()[index];
        let network = network(settings, *channels, ten_classes());
        let blank = blank_record(&network);
        let subject = Subject::new(&network, &image(), None).unwrap();
        let mut missing = Vec::new();
        for method in METHODS {
            if (method.lacks)(&blank).is_some() {
                missing.push(method.name);
                continue;
            }
            let figures = (method.figures)(&subject).unwrap();
            assert!(!figures.is_empty(), "{settings} {}", method.name);
        }
        missing
    }

    #[test]
    fn every_method_explains_every_network_that_has_what_it_needs() {
        let without_attention = ["positions", "attention", "attention-distance", "rollout"];
        assert_eq!(missing(0), without_attention);
        assert_eq!(missing(1), without_attention);
        assert_eq!(missing(2), without_attention);
        // A ResNet for small images shrinks them by strides alone.
        let for_cifar = ["positions", "pooling", "attention", "attention-distance", "rollout"];
        assert_eq!(missing(3), for_cifar);
        assert_eq!(missing(4), ["pooling"]);
    }
}
