//! What a network looks at and has learned.

mod colour;
mod heat_map;
mod method;
mod record;

pub use self::{
    heat_map::HeatMap,
    method::grad_cam,
    record::{Layer, Maps, Record},
};
