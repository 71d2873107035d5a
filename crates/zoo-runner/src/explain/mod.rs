//! What a network looks at and has learned: pictures of an image's way from pixels to a class.
//!
//! A network and an image make a [`Subject`], which is what the [`METHODS`] explain, each
//! by a few [`Figure`]s. What a method must know of a network comes by its taps, so that all models
//! are explained alike.

mod colour;
mod figure;
mod focus;
mod heat_map;
mod lesson;
mod method;
mod page;
mod picture;
mod record;
#[cfg(test)]
pub(crate) mod sample;
mod slopes;
mod subject;
#[cfg(test)]
mod tests;

#[cfg(feature = "serve")]
pub(crate) use self::method::rollout;
pub use self::{
    figure::{Cell, Figure, Numbers, Picture, Table, TableRow, Tint},
    focus::{Focus, focus},
    heat_map::HeatMap,
    lesson::{Lesson, Section},
    method::{METHODS, Method},
    page::Explanation,
    record::{Layer, Maps, Record},
    slopes::{Slopes, slopes},
    subject::{Subject, blank_record},
};
