//! What figures of a few runs say about figures of all runs.
//!
//! `scripts/statistics_fixture.py` makes the numbers that this is tested against, with SciPy and
//! statsmodels.

mod bootstrap;
mod holm;
mod mcnemar;
mod summary;

pub use self::{
    bootstrap::bootstrap_mean,
    holm::holm,
    mcnemar::mcnemar,
    summary::{Summary, t_interval},
};

#[cfg(test)]
mod tests;
