//! The forward pass: one task per image, or per band of its rows if there are fewer images than threads.

use pulp::bytemuck::cast_slice_mut;

use super::{Group, floats, pack, pad};
use crate::flex::{
    bf16::pairs::Unit,
    conv::{
        direct::{self, Border, Images, rows_of_a_band},
        geometry::Geometry,
        output::{After, Tasks},
    },
    kept::{Form, Packing},
    scratch::with_scratch,
    tensor::{Flat, into_dense, into_row_major, values},
    tile::Finish,
};

/// The convolution of `geometry`; the output is channels-last.
pub(in crate::flex::conv) fn forward(
    unit: Unit,
    geometry: &Geometry,
    input: Flat,
    weight: Flat,
    (After { epilogue, pool }, packing): (After<'_>, Packing),
) -> Flat {
    let (input, weight) = (into_dense(input), into_row_major(weight));
    let [height, width] = geometry.output;
    let band = rows_of_a_band(geometry);
    let (border, images) = (Border::of_input(geometry), Images::new(&input));
    let groups = geometry.shape.groups;
    let rows = geometry.batch * height * width;
    let segments: Vec<_> = (0..groups).map(|group| geometry.window_segments(group)).collect();
    let packed = packing.of(&weight, Form::Windows(groups), rows, || {
        let groups = segments.iter().enumerate();
        let weights = |group| direct::pack(geometry, values(&weight), group);
        groups.map(|(group, segments)| pack(unit, segments, &weights(group))).collect()
    });
    let groups: Vec<Group> = segments
        .iter()
        .zip(&*packed)
        .map(|(segments, packed)| Group::new(segments, packed))
        .collect();
    let starts: Vec<usize> = (0..band)
        .flat_map(|row| (0..width).map(move |column| geometry.window(row, column)))
        .collect();
    let targets: Vec<usize> = (0..band * width).map(|pixel| pixel * geometry.features).collect();
    let line = width * geometry.features;
    let run = |index: usize, first_row: usize, output: &mut [f32]| {
        let rows = output.len() / line;
        let start = (index * height + first_row) * line;
        let epilogue = epilogue.map(|epilogue| epilogue.starting_at(start));
        let padded_line = border.width * border.channels;
        let padded = geometry.padded_rows(rows) * padded_line;
        with_scratch(padded_line + floats(padded), |scratch| {
            let (line, scratch) = scratch.split_at_mut(padded_line);
            let image: &mut [u16] = cast_slice_mut(scratch);
            let first = first_row * geometry.shape.stride[0];
            pad(unit, (&images, index), (&border, first), line, image);
            let rows = (&starts[..rows * width], &targets[..rows * width]);
            for (number, group) in groups.iter().enumerate() {
                let first = number * geometry.group_features();
                let finish = |panel: &crate::flex::panels::Panel| {
                    epilogue.map_or(Finish::Store, |epilogue| {
                        Finish::of(epilogue.part(first + panel.first, panel.columns))
                    })
                };
                // SAFETY: the targets of a band and the features of a group lie within `output`, which
                // is borrowed mutably.
                unsafe {
                    group.multiply(unit, image, rows, output.as_mut_ptr().add(first), finish)
                };
            }
        });
    };
    let sizes = [geometry.batch, geometry.features, height, width];
    Tasks { sizes, together: 1, rows: band }.run(pool, run)
}
