//! The ways to explain, a file each.

mod grad_cam;

pub use grad_cam::grad_cam;
