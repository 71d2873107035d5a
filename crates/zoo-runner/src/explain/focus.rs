//! Does a network look at the object that it names? Measured if the data set knows where the object
//! is.

use serde::{Deserialize, Serialize};
use zoo_data::Split;
use zoo_model::Predictor;

use super::{Method, Subject};
use crate::Error;

/// How much of a method's heat falls on the object, over images that the network classified
/// correctly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Focus {
    /// The method's name.
    pub method: String,
    /// Images counted.
    pub images: usize,
    /// Images left out, because the method found nothing in them.
    pub without_heat: usize,
    /// The mean share of the heat that falls on the object, 0 to 1; `None` without images, as
    /// below.
    pub heat_on_thing: Option<f64>,
    /// The mean share of the picture that the object fills.
    pub thing_of_picture: Option<f64>,
    /// The former divided by the latter: 1 is no better than chance.
    pub ratio: Option<f64>,
}

/// Looks at the images of a split in their order until `images` have been answered rightly, or all
/// have been seen, and counts each of `methods`; `done` is called after each that counts.
///
/// # Errors
///
/// [`Error::Usage`] if the data set does not know where things are; [`Error::Failed`] if an image
/// cannot be read or the device gives up.
pub fn focus(
    network: &Predictor,
    split: &Split,
    methods: &[&'static Method],
    images: usize,
    mut done: impl FnMut(),
) -> Result<Vec<Focus>, Error> {
    if split.source().mask(split.index(0)).is_none() {
        let message =
            "--split: the data set does not know where the objects in its images are, as sea does";
        return Err(Error::Usage(String::from(message)));
    }
    let mut shares: Vec<Vec<[f64; 2]>> = vec![Vec::new(); methods.len()];
    let mut seen = 0;
    for position in 0..split.len() {
        if seen == images {
            break;
        }
        let sample = split.sample(position).map_err(|error| Error::Failed(error.to_string()))?;
        let subject = Subject::new(network, &sample.image, None)?;
        if subject.label != sample.label {
            continue;
        }
        let mask = split.source().mask(sample.index).unwrap_or_default();
        let area =
            mask.iter().map(|&part| f64::from(part) / 255.0).sum::<f64>() / mask.len() as f64;
        for (method, shares) in methods.iter().zip(&mut shares) {
            let heat = method.heat.map(|heat| heat(&subject)).transpose()?;
            let share = heat.and_then(|heat| heat.share_on(&mask));
            shares.extend(share.map(|share| [share, area]));
        }
        seen += 1;
        done();
    }
    let counted = methods.iter().zip(shares);
    Ok(counted.map(|(method, shares)| Focus::new(method.name, &shares, seen)).collect())
}

impl Focus {
    /// Means of the share of the heat on the object and of the share of the picture that it fills,
    /// one entry per image.
    fn new(method: &str, shares: &[[f64; 2]], seen: usize) -> Self {
        let mean = |part: usize| {
            let sum: f64 = shares.iter().map(|share| share[part]).sum();
            (!shares.is_empty()).then(|| sum / shares.len() as f64)
        };
        let (heat_on_thing, thing_of_picture) = (mean(0), mean(1));
        Self {
            method: method.to_string(),
            images: shares.len(),
            without_heat: seen - shares.len(),
            heat_on_thing,
            thing_of_picture,
            ratio: heat_on_thing.zip(thing_of_picture).map(|(heat, thing)| heat / thing),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_means_over_images_with_heat() {
        let focus = Focus::new("grad-cam", &[[0.5, 0.25], [0.25, 0.125]], 3);
        assert_eq!((focus.images, focus.without_heat), (2, 1));
        assert_eq!((focus.heat_on_thing, focus.thing_of_picture), (Some(0.375), Some(0.1875)));
        assert_eq!(focus.ratio, Some(2.0));
        assert_eq!(Focus::new("grad-cam", &[], 1).ratio, None);
    }
}
