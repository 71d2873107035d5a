//! What a network looks at and has learned: pictures of an image's way from pixels to a class.
//!
//! A [`Network`] looks at an image; the [`Subject`] of that look is what the [`METHODS`] explain, each
//! by a few [`Figure`]s. What a method must know of a network comes by its taps, so that all models
//! are explained alike.

mod colour;
#[cfg(test)]
mod fidelity;
mod figure;
mod focus;
mod heat_map;
mod lesson;
mod method;
mod network;
mod page;
mod picture;
mod record;
#[cfg(test)]
pub(crate) mod sample;
mod slopes;

pub use self::{
    figure::{Cell, Figure, Numbers, Picture, Row, Table, Tint},
    focus::{Focus, focus},
    heat_map::HeatMap,
    lesson::{Lesson, Section},
    method::{METHODS, Method},
    network::{Network, Subject},
    page::Explanation,
    record::{Layer, Maps, Record},
    slopes::{Slopes, slopes},
};
