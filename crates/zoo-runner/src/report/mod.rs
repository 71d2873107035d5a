//! What people look at: the page of a run, its tables, its curves.
//!
//! Figures come from [`crate::evaluation`] and `metrics.jsonl`; here they are laid out. A page is a
//! template under `templates/`, and every text that goes into one is escaped.

mod axis;
mod chart;
mod comparison;
mod confusion;
mod curves;
mod folder;
mod picture;
mod run;
mod tables;
mod templates;

pub use self::{
    comparison::write_comparison,
    curves::{Curves, Line, write_curves},
    folder::Folder,
    run::RunReport,
    tables::csv,
};
