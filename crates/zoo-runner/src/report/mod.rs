//! What people look at: the page of a run, its tables, its curves.
//!
//! Figures come from [`crate::evaluation`] and `metrics.jsonl`; here they are laid out. A page is a
//! template under `templates/`, and every text that goes into one is escaped.

mod axis;
mod chart;
mod comparison;
mod confusion;
mod curves;
mod explanation;
mod folder;
mod picture;
mod run;
mod tables;
mod templates;

pub use self::{
    chart::{Chart, Point, Series},
    comparison::write_comparison,
    curves::{Curves, Line, write_curves},
    explanation::Explanation,
    folder::Folder,
    picture::png_uri,
    run::RunReport,
    tables::{cell, csv},
};
