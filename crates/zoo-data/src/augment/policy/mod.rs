//! Policies: operations drawn from a common list, each with a strength.

mod auto_augment;
mod rand_augment;
pub(super) mod space;
mod trivial_augment_wide;

pub use auto_augment::{AutoAugment, AutoAugmentPolicy};
pub use rand_augment::RandAugment;
pub use trivial_augment_wide::TrivialAugmentWide;
