//! MixUp and CutMix: the images of a batch mixed in pairs, and their labels with them.
//!
//! MixUp (<https://arxiv.org/abs/1710.09412>) blends two images; CutMix
//! (<https://arxiv.org/abs/1905.04899>) pastes a rectangle of one into the other. Each image is
//! mixed with the one before it in the batch, the first with the last, and all in the same
//! proportion, as torchvision and timm (in its mode `batch`) do.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, Distribution};
use zoo_settings::settings;

use crate::{DataError, augment::check_probability, dataset::Split, preprocess::Area};

settings! {
    /// How training images are mixed. By default they are not.
    pub struct MixConfig {
        /// MixUp's proportion is drawn from Beta(alpha, alpha): 0.01 to 100. At 1 all proportions
        /// are equally likely; below 1 most are near 0 or 1. 0 turns MixUp off.
        pub mixup_alpha: f64 = 0.0,
        /// The same for CutMix, whose proportion is an area. 0 turns CutMix off.
        pub cutmix_alpha: f64 = 0.0,
        /// How often a batch is mixed, 0 to 1.
        pub probability: f64 = 1.0,
        /// With both on: how often a mixed batch uses CutMix instead of MixUp, 0 to 1.
        pub switch_probability: f64 = 0.5,
        /// Number of epochs in which batches are mixed; later ones are not. By default all.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub off_epoch: Option<usize>,
    }
}

impl MixConfig {
    /// Whether any batch is mixed.
    pub fn is_on(&self) -> bool {
        self.mixup_alpha > 0.0 || self.cutmix_alpha > 0.0
    }

    /// Refuses settings out of range.
    ///
    /// # Errors
    /// [`DataError::Setting`].
    pub fn check(&self) -> Result<(), DataError> {
        for (setting, alpha) in
            [("mixup_alpha", self.mixup_alpha), ("cutmix_alpha", self.cutmix_alpha)]
        {
            if alpha != 0.0 && !(0.01..=100.0).contains(&alpha) {
                return Err(DataError::setting(setting, "0, or 0.01 to 100", alpha));
            }
        }
        check_probability("probability", self.probability)?;
        check_probability("switch_probability", self.switch_probability)
    }

    /// Refuses to mix if there is nothing to mix.
    ///
    /// # Errors
    /// [`DataError::Setting`].
    pub fn check_fits(&self, train: &Split, batch_size: usize) -> Result<(), DataError> {
        let refuse = |of: &str| Err(DataError::setting("mix", format!("off for {of}"), "on"));
        let is_first = |position| train.label(position) == train.label(0);
        if self.is_on() && batch_size == 1 {
            return refuse("batches of one image");
        }
        if self.is_on() && (0..train.len()).all(is_first) {
            return refuse("train images of one class");
        }
        Ok(())
    }

    /// Draws how the images of a batch, `side` pixels square, are mixed in an epoch, counted from 0.
    pub(crate) fn draw(&self, epoch: usize, side: usize, rng: &mut ChaCha8Rng) -> Option<Mix> {
        let is_off = self.off_epoch.is_some_and(|off| epoch >= off);
        if !self.is_on() || is_off || !rng.random_bool(self.probability) {
            return None;
        }
        let is_cutmix = match (self.mixup_alpha > 0.0, self.cutmix_alpha > 0.0) {
            (true, true) => rng.random_bool(self.switch_probability),
            (_, is_cutmix) => is_cutmix,
        };
        let alpha = if is_cutmix { self.cutmix_alpha } else { self.mixup_alpha };
        let beta = Beta::new(alpha, alpha).expect("a checked alpha is above 0");
        let own = beta.sample(rng);
        if !is_cutmix {
            return Some(Mix::Blend { own: own as f32 });
        }
        let cut = ((1.0 - own).sqrt() * side as f64) as usize;
        let mut span = || {
            let middle = rng.random_range(0..side);
            let start = middle.saturating_sub(cut / 2);
            (start, (middle + cut.div_ceil(2)).min(side) - start)
        };
        let ((left, width), (top, height)) = (span(), span());
        Some(Mix::Paste { area: Area { left, top, width, height } })
    }
}

/// How the images of a batch are mixed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mix {
    /// MixUp: this much of an image is its own, the rest its partner's.
    Blend { own: f32 },
    /// CutMix: this part of an image is its partner's.
    Paste { area: Area },
}

impl Mix {
    /// Which part of an image, `side` pixels square, remains its own.
    pub fn own_share(&self, side: usize) -> f64 {
        match self {
            Self::Blend { own } => f64::from(*own),
            Self::Paste { area } => 1.0 - (area.width * area.height) as f64 / (side * side) as f64,
        }
    }

    /// Mixes images stored NCHW, `side` pixels square, each of `image_len` bytes.
    pub fn apply(&self, pixels: &mut [u8], image_len: usize, side: usize) {
        let last = pixels[pixels.len() - image_len..].to_vec();
        // From the last to the first: each is mixed while its partner is still as it was.
        for number in (1..pixels.len() / image_len).rev() {
            let (before, from) = pixels.split_at_mut(number * image_len);
            let partner = &before[(number - 1) * image_len..];
            self.mix(&mut from[..image_len], partner, side);
        }
        self.mix(&mut pixels[..image_len], &last, side);
    }

    /// Mixes one image, stored CHW, with another.
    fn mix(&self, image: &mut [u8], partner: &[u8], side: usize) {
        match self {
            Self::Blend { own } => {
                for (value, partner) in image.iter_mut().zip(partner) {
                    let mixed = f32::from(*value) * own + f32::from(*partner) * (1.0 - own);
                    *value = (mixed + 0.5) as u8;
                }
            }
            Self::Paste { area } => {
                let planes = image.chunks_exact_mut(side * side);
                for (plane, partner) in planes.zip(partner.chunks_exact(side * side)) {
                    for row in area.top..area.top + area.height {
                        let span = row * side + area.left..row * side + area.left + area.width;
                        plane[span.clone()].copy_from_slice(&partner[span]);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Stream, rng};

    fn read(json: &str) -> MixConfig {
        serde_json::from_str(json).unwrap()
    }

    fn drawn(config: &MixConfig, epoch: usize, number: u64) -> Option<Mix> {
        config.draw(epoch, 32, &mut rng(0, Stream::Mix, epoch as u64, number))
    }

    #[test]
    fn blending_is_with_the_one_before() {
        let mut pixels = [0, 10, 100, 110, 200, 210];
        Mix::Blend { own: 0.75 }.apply(&mut pixels, 2, 1);
        assert_eq!(pixels, [50, 60, 75, 85, 175, 185]);
        let mut alone = [7, 8];
        Mix::Blend { own: 0.3 }.apply(&mut alone, 2, 1);
        assert_eq!(alone, [7, 8]);
    }

    #[test]
    fn pasting_takes_the_area_of_every_channel() {
        // Two images of two channels of 2x2 pixels.
        let mut pixels: Vec<u8> = (0..16).collect();
        let mix = Mix::Paste { area: Area { left: 1, top: 0, width: 1, height: 2 } };
        mix.apply(&mut pixels, 8, 2);
        assert_eq!(pixels, [0, 9, 2, 11, 4, 13, 6, 15, 8, 1, 10, 3, 12, 5, 14, 7]);
        assert_eq!(mix.own_share(2), 0.5);
    }

    #[test]
    fn nothing_is_mixed_unless_asked_for() {
        assert_eq!(drawn(&MixConfig::default(), 0, 0), None);
        let until = read(r#"{"mixup_alpha": 1, "off_epoch": 3}"#);
        let is_mixed: Vec<bool> = (0..5).map(|epoch| drawn(&until, epoch, 0).is_some()).collect();
        assert_eq!(is_mixed, [true, true, true, false, false]);
    }

    #[test]
    fn probabilities_are_kept() {
        let both = read(
            r#"{"mixup_alpha": 1, "cutmix_alpha": 1, "probability": 0.5, "switch_probability": 0.2}"#,
        );
        let mixes: Vec<Mix> = (0..1000).filter_map(|number| drawn(&both, 0, number)).collect();
        let pasted = mixes.iter().filter(|mix| matches!(mix, Mix::Paste { .. })).count();
        assert!((460..540).contains(&mixes.len()), "{}", mixes.len());
        assert!((80..120).contains(&pasted), "{pasted}");
    }

    #[test]
    fn proportions_are_spread_as_alpha_says() {
        for (kind, alpha, deviation) in [
            ("mixup", 0.01, 0.495),
            ("mixup", 0.2, 0.423),
            ("mixup", 1.0, 0.289),
            ("mixup", 100.0, 0.035),
        ] {
            let config = read(&format!(r#"{{"{kind}_alpha": {alpha}}}"#));
            let shares: Vec<f64> = (0..4000)
                .filter_map(|number| drawn(&config, 0, number))
                .map(|mix| mix.own_share(32))
                .collect();
            assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
            let mean = shares.iter().sum::<f64>() / 4000.0;
            let variance = shares.iter().map(|share| (share - mean).powi(2)).sum::<f64>() / 4000.0;
            assert!((mean - 0.5).abs() < 0.02, "{alpha}: {mean}");
            assert!((variance.sqrt() - deviation).abs() < 0.01, "{alpha}: {}", variance.sqrt());
        }
    }

    #[test]
    fn pasted_areas_are_inside() {
        let cutmix = read(r#"{"cutmix_alpha": 1}"#);
        for number in 0..1000 {
            let Some(Mix::Paste { area }) = drawn(&cutmix, 0, number) else { panic!() };
            assert!(area.left + area.width <= 32 && area.top + area.height <= 32, "{area:?}");
        }
    }

    #[test]
    fn settings_are_checked() {
        let message = |json| read(json).check().unwrap_err().to_string();
        assert_eq!(
            message(r#"{"mixup_alpha": -1}"#),
            "`mixup_alpha`: expected 0, or 0.01 to 100, found -1"
        );
        assert_eq!(message(r#"{"probability": 2}"#), "`probability`: expected 0 to 1, found 2");
        assert!(serde_json::from_str::<MixConfig>(r#"{"alpha": 1}"#).is_err());
    }
}
