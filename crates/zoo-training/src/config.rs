//! The `train` block: how long to train, how to step, what to keep.

use zoo_kernels::Precision;
use zoo_settings::{range, settings};

use super::{Budget, CheckpointConfig, Course, EarlyStoppingConfig, EmaConfig, Pace};
use crate::precision;

settings! {
    /// How long to train, how to step, what to keep.
    pub struct TrainConfig {
        /// Passes over the training split, at least 1.
        pub epochs: usize = 10,
        /// Optimizer steps, at least 1; overrides `epochs`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub steps: Option<usize>,
        /// Training images, at least 1; overrides `epochs`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub images: Option<usize>,
        /// Wall-clock seconds, above 0, including validation and checkpoints; overrides `epochs`.
        /// Such a run cannot be repeated exactly.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub seconds: Option<f64>,
        /// Batches per optimizer step, at least 1. The step uses the mean over all their images, so
        /// it equals a step with a batch that many times as large.
        pub accumulate: usize = 1,
        /// What the operands of matrix products and convolutions are rounded to, forward and
        /// backward: `f32` rounds nothing, `bf16` is mixed precision as in PyTorch's autocast.
        /// Sums, weights and all else are f32.
        #[serde(with = "precision")]
        #[schemars(schema_with = "precision::schema")]
        pub precision: Precision = Precision::F32,
        /// What the gradients of each batch, and their sum over a step, are rounded to before the
        /// optimizer takes them: `f32` rounds nothing, `bf16` halves what several processes send
        /// each other. One process rounds as many do.
        #[serde(with = "precision")]
        #[schemars(schema_with = "precision::schema")]
        pub gradient_precision: Precision = Precision::F32,
        /// Largest L2 norm of all gradients together, above 0; by default no clipping.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub clip_grad_norm: Option<f64>,
        /// Evaluates and keeps a moving average of the weights instead of the weights.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub ema: Option<EmaConfig>,
        /// Ends the run when it stops improving.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub early_stopping: Option<EarlyStoppingConfig>,
        /// Recomputes cheap activations in the backward pass instead of keeping them: less memory,
        /// more time.
        pub gradient_checkpointing: bool = false,
        /// Epochs between validations, at least 1. The last epoch is always validated.
        pub validate_every: usize = 1,
        /// Steps between `"split":"train"` lines in `metrics.jsonl`, at least 1.
        pub log_every: usize = 50,
        /// When to write checkpoints, from which a stopped run resumes.
        pub checkpoint: CheckpointConfig,
    }
}

impl TrainConfig {
    /// Refuses settings that are out of range.
    ///
    /// # Errors
    ///
    /// What was found and what was expected, beginning with the name of the setting.
    pub fn check(&self) -> Result<(), String> {
        for (name, count) in [
            ("epochs", Some(self.epochs)),
            ("steps", self.steps),
            ("images", self.images),
            ("accumulate", Some(self.accumulate)),
            ("validate_every", Some(self.validate_every)),
            ("log_every", Some(self.log_every)),
        ] {
            count.map_or(Ok(()), |count| range::at_least_one(name, count))?;
        }
        for (name, value) in [("seconds", self.seconds), ("clip_grad_norm", self.clip_grad_norm)] {
            value.map_or(Ok(()), |value| range::above_zero(name, value))?;
        }
        let budgets = [
            ("steps", self.steps.is_some()),
            ("images", self.images.is_some()),
            ("seconds", self.seconds.is_some()),
        ];
        let given: Vec<&str> =
            budgets.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
        if let [first, second, ..] = given.as_slice() {
            return Err(format!(
                "`{first}` and `{second}` both set the length of the run; give only one"
            ));
        }
        let within = |key: &'static str| move |message: String| format!("`{key}`: {message}");
        self.checkpoint.check().map_err(within("checkpoint"))?;
        self.ema.as_ref().map_or(Ok(()), EmaConfig::check).map_err(within("ema"))?;
        let early_stopping = self.early_stopping.as_ref();
        early_stopping.map_or(Ok(()), EarlyStoppingConfig::check).map_err(within("early_stopping"))
    }

    /// True where the number of epochs says when to end.
    pub fn ends_by_epochs(&self) -> bool {
        self.steps.is_none() && self.images.is_none() && self.seconds.is_none()
    }

    /// The run over a training split of this many images, with this batch size.
    pub fn course(&self, images: usize, batch_size: usize) -> Course {
        let pace = Pace { images, batch_size, accumulate: self.accumulate };
        let budget = match (self.steps, self.images, self.seconds) {
            (Some(steps), ..) => Budget::Steps(steps),
            (_, Some(images), _) => Budget::Steps(pace.steps_for(images)),
            (.., Some(seconds)) => Budget::Seconds(seconds),
            _ => Budget::Steps(self.epochs * pace.steps_per_epoch()),
        };
        Course { pace, budget }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_out_of_range_are_refused() {
        let message =
            |json: &str| serde_json::from_str::<TrainConfig>(json).unwrap().check().unwrap_err();
        assert_eq!(message(r#"{"accumulate": 0}"#), "`accumulate`: expected at least 1, found 0");
        assert_eq!(message(r#"{"seconds": 0}"#), "`seconds`: expected a number above 0, found 0");
        assert_eq!(
            message(r#"{"steps": 5, "seconds": 9}"#),
            "`steps` and `seconds` both set the length of the run; give only one"
        );
        assert_eq!(
            message(r#"{"ema": {"decay": 1}}"#),
            "`ema`: `decay`: expected 0 to below 1, found 1"
        );
        assert_eq!(
            message(r#"{"early_stopping": {"patience": 0}}"#),
            "`early_stopping`: `patience`: expected at least 1, found 0"
        );
        assert_eq!(
            message(r#"{"checkpoint": {"every_minutes": -1}}"#),
            "`checkpoint`: `every_minutes`: expected a number above 0, found -1"
        );
    }

    #[test]
    fn every_budget_becomes_a_course() {
        let budget =
            |json: &str| serde_json::from_str::<TrainConfig>(json).unwrap().course(20, 4).budget;
        assert_eq!(budget(r#"{"epochs": 2}"#), Budget::Steps(10));
        assert_eq!(budget(r#"{"epochs": 2, "accumulate": 2}"#), Budget::Steps(6));
        assert_eq!(budget(r#"{"steps": 3}"#), Budget::Steps(3));
        assert_eq!(budget(r#"{"images": 21}"#), Budget::Steps(6));
        assert_eq!(budget(r#"{"seconds": 1.5}"#), Budget::Seconds(1.5));
    }
}
