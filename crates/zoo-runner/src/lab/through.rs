//! A network looks through photos, a few at a time, so that whoever asks it for something else in the
//! meantime need not wait.

use zoo_data::{DataError, Prepared, Split};
use zoo_model::Predictor;

use super::{Answer, Lab, aside::aside};
use crate::serve::refused::Refused;

/// Photos at a time, of this side in pixels or smaller; fewer of larger ones.
const AT_ONCE: usize = 16;
const SIDE: usize = 64;

/// Does `work` on all photos of `split`; it gives something for each.
///
/// # Errors
///
/// 404 if there is no such network, 422 if a photo cannot be read, and those of `work`.
pub async fn look_through<T: Send + 'static>(
    lab: &Lab,
    network: &str,
    split: &Split,
    work: impl Fn(&Predictor, &[Prepared]) -> Answer<Vec<T>> + Clone + Send + 'static,
) -> Answer<Vec<T>> {
    let info = lab.network(network)?.info.clone();
    let at_once = at_once(info.preprocess.image_size);
    let mut all = Vec::new();
    for from in (0..split.len()).step_by(at_once) {
        let part = split.slice(from..split.len().min(from + at_once));
        let (info, work) = (info.clone(), work.clone());
        let read = move || -> Result<Vec<Prepared>, DataError> {
            let samples = (0..part.len()).map(|position| part.sample(position));
            samples.map(|sample| Ok(info.preprocess.prepare(sample?.image))).collect()
        };
        let images = aside(read).await?.map_err(Refused::unusable)?;
        all.extend(lab.run(network, move |network| work(network, &images)).await?);
    }
    Ok(all)
}

fn at_once(side: usize) -> usize {
    (AT_ONCE * SIDE * SIDE / (side * side)).clamp(1, AT_ONCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_photos_go_one_by_one() {
        assert_eq!([16, 64, 128, 224].map(at_once), [16, 16, 4, 1]);
    }
}
