//! Any convolution, as products that read windows of a padded image in place: the only copies are
//! that of the image into its border of zeros and that of the weights into panels as wide as the
//! vector registers.

mod forward;
mod images;
mod input_gradient;
mod weight_gradient;

pub(super) use forward::{forward, pack, rows_of_a_band};
pub(super) use images::{Border, Images, Row};
pub(super) use input_gradient::{Spread, input_gradient};
pub(super) use weight_gradient::{PARTS, add_up, weight_gradient};
