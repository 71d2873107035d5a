//! What pages are drawn with: charts, tables, pictures, templates and the folder that they go to.
//!
//! This module knows no figure of the zoo: a run's page is laid out in [`crate::evaluation`], a
//! comparison's in [`crate::compare`], an explanation's in [`crate::explain`]. A page is a template
//! under `templates/`, and every text that goes into one is escaped.

mod axis;
mod chart;
mod folder;
mod picture;
mod table;
mod templates;

pub(crate) use self::{
    axis::{Scale, significant},
    chart::Frame,
    picture::{data_uri, small_uri},
    table::{Column, cell, head, rows_of, write_csv},
    templates::{SORT_SCRIPT, render},
};
pub use self::{
    chart::{Chart, Point, Series},
    folder::Folder,
    picture::png_uri,
    table::csv,
};
