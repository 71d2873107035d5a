//! The gradient with respect to the images.

use pulp::bytemuck::cast_slice_mut;
use rayon::prelude::*;

use super::{Group, floats, pack, pad};
use crate::flex::{
    bf16::pairs::Unit,
    conv::{
        direct::{Images, Spread},
        geometry::Geometry,
    },
    scratch::with_scratch,
    tensor::{Flat, channels_last, into_row_major, uninit, values},
    tile::Finish,
};

/// The gradient with respect to the images, from `gradient`, which is channels-last like the result.
pub(in crate::flex::conv) fn input_gradient(
    unit: Unit,
    geometry: &Geometry,
    weight: Flat,
    gradient: &Flat,
) -> Flat {
    let weight = into_row_major(weight);
    let Spread { border, rows, phases } = Spread::new(geometry, values(&weight));
    let packed: Vec<Vec<_>> = phases
        .iter()
        .map(|phase| {
            let groups = phase.groups.iter();
            groups.map(|(segments, packed)| (segments, pack(unit, segments, packed))).collect()
        })
        .collect();
    let images = Images::new(gradient);
    let image = geometry.image();
    let line = border.width * border.channels;
    // SAFETY: the phases cover every pixel, and each pixel is stored with all its channels.
    let mut output = unsafe { uninit(geometry.batch * image) };
    output.par_chunks_mut(image).enumerate().for_each(|(index, output)| {
        with_scratch(line + floats(rows * line), |scratch| {
            let (line, scratch) = scratch.split_at_mut(line);
            let padded: &mut [u16] = cast_slice_mut(scratch);
            pad(unit, (&images, index), (&border, 0), line, padded);
            for (phase, groups) in phases.iter().zip(&packed) {
                let rows = (phase.starts.as_slice(), phase.targets.as_slice());
                for (number, (segments, packed)) in groups.iter().enumerate() {
                    let group = Group::new(segments, packed);
                    let first = number * geometry.group_channels();
                    // SAFETY: the targets of a phase and the channels of a group lie within `output`,
                    // which is borrowed mutably.
                    unsafe {
                        let output = output.as_mut_ptr().add(first);
                        group.multiply(unit, padded, rows, output, |_| Finish::Store);
                    }
                }
            }
        });
    });
    let [height, width] = geometry.input;
    channels_last(output, [geometry.batch, geometry.channels, height, width])
}
