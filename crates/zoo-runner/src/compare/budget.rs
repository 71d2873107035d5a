//! One length of training for all.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};

use crate::{Error, config::RunConfig};

/// Multiply-adds of a training step, in those of its forward pass: the backward pass computes the
/// gradients of inputs and of weights.
const PASSES: f64 = 3.0;

/// How long every run trains, as in `--budget`: `images=20000`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SharedBudget {
    /// Passes over the train split.
    Epochs(usize),
    /// Optimizer steps.
    Steps(usize),
    /// Train images.
    Images(usize),
    /// Wall-clock seconds.
    Seconds(f64),
    /// Floating-point operations: three forward passes an image, a multiply-add counts as two.
    Flops(f64),
}

impl SharedBudget {
    /// Has `config`, whose network is fitted to its data, train so long. `name` is what errors call
    /// it.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] if the budget ends before the first step does.
    pub fn apply(self, config: &mut RunConfig, name: &str) -> Result<(), Error> {
        let of_image = training_flops(config);
        let of_step = config.loader.batch_size * config.train.accumulate;
        let train = &mut config.train;
        (train.steps, train.images, train.seconds) = (None, None, None);
        match self {
            Self::Epochs(epochs) => train.epochs = epochs,
            Self::Steps(steps) => train.steps = Some(steps),
            Self::Seconds(seconds) => train.seconds = Some(seconds),
            Self::Images(images) => {
                if images < of_step {
                    return Err(Error::Usage(format!(
                        "--budget {self}: expected at least the {of_step} images of one step of \
                         `{name}`"
                    )));
                }
                train.images = Some(images);
            }
            Self::Flops(flops) => {
                let of_step = of_image * of_step as f64;
                if flops < of_step {
                    return Err(Error::Usage(format!(
                        "--budget {self}: expected at least the {of_step:.3e} operations of one \
                         step of `{name}`"
                    )));
                }
                train.images = Some((flops / of_image) as usize);
            }
        }
        Ok(())
    }
}

/// Floating-point operations of training on one image.
pub fn training_flops(config: &RunConfig) -> f64 {
    PASSES * 2.0 * config.model.multiply_adds() as f64
}

impl FromStr for SharedBudget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const UNITS: &str =
            "expected epochs=, steps=, images=, seconds= or flops= with a number above 0";
        let (unit, number) = text.split_once('=').ok_or(UNITS)?;
        let number: f64 = number.parse().map_err(|_| UNITS)?;
        let count = number as usize;
        let is_count = number.fract() == 0.0;
        if !(number.is_finite() && number > 0.0) {
            return Err(UNITS.to_string());
        }
        match unit {
            "seconds" => Ok(Self::Seconds(number)),
            "flops" => Ok(Self::Flops(number)),
            "epochs" | "steps" | "images" if !is_count => {
                Err(format!("expected a whole number of {unit}"))
            }
            "epochs" => Ok(Self::Epochs(count)),
            "steps" => Ok(Self::Steps(count)),
            "images" => Ok(Self::Images(count)),
            _ => Err(UNITS.to_string()),
        }
    }
}

impl fmt::Display for SharedBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Epochs(epochs) => write!(f, "epochs={epochs}"),
            Self::Steps(steps) => write!(f, "steps={steps}"),
            Self::Images(images) => write!(f, "images={images}"),
            Self::Seconds(seconds) => write!(f, "seconds={seconds}"),
            Self::Flops(flops) => write!(f, "flops={flops:e}"),
        }
    }
}

impl Serialize for SharedBudget {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config() -> RunConfig {
        let config = json!({
            "data": {"sea": {}},
            "loader": {"batch_size": 50},
            "model": {"cnn": {"num_classes": 10, "channels": 3, "image_size": 32}},
            "train": {"steps": 7, "accumulate": 2}
        });
        serde_json::from_value(config).unwrap()
    }

    /// Steps, images and seconds.
    type Length = (Option<usize>, Option<usize>, Option<f64>);

    fn applied(budget: &str) -> Result<Length, String> {
        let mut config = config();
        let budget: SharedBudget = budget.parse().unwrap();
        budget.apply(&mut config, "x.json").map_err(|error| error.to_string())?;
        Ok((config.train.steps, config.train.images, config.train.seconds))
    }

    #[test]
    fn a_budget_takes_the_place_of_the_config_s_length() {
        assert_eq!(applied("steps=3"), Ok((Some(3), None, None)));
        assert_eq!(applied("images=1e3"), Ok((None, Some(1000), None)));
        assert_eq!(applied("seconds=2.5"), Ok((None, None, Some(2.5))));
        assert_eq!(applied("epochs=2"), Ok((None, None, None)));
        let flops = training_flops(&config());
        assert_eq!(flops, 6.0 * config().model.multiply_adds() as f64);
        assert_eq!(applied(&format!("flops={}", 200.5 * flops)), Ok((None, Some(200), None)));
    }

    #[test]
    fn a_budget_below_a_step_is_refused() {
        let message =
            "--budget images=99: expected at least the 100 images of one step of `x.json`";
        assert_eq!(applied("images=99"), Err(message.to_string()));
        let message = applied("flops=5e6").unwrap_err();
        let start = "--budget flops=5e6: expected at least the ";
        assert!(message.starts_with(start), "{message}");
        assert!(message.ends_with(" operations of one step of `x.json`"), "{message}");
    }

    #[test]
    fn what_is_no_budget_is_refused() {
        let message = |text: &str| text.parse::<SharedBudget>().unwrap_err();
        let units = "expected epochs=, steps=, images=, seconds= or flops= with a number above 0";
        for text in
            ["", "images", "images=", "images=x", "images=0", "images=-1", "flops=inf", "hours=1"]
        {
            assert_eq!(message(text), units, "{text}");
        }
        assert_eq!(message("steps=1.5"), "expected a whole number of steps");
    }
}
