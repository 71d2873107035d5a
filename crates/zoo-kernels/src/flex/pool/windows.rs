//! What is done with the windows of one image.

use pulp::Simd;

use super::Geometry;
use crate::flex::simd::{columns, kernel, load, store};

/// Channels of the widest vector.
const LANES: usize = 16;

/// Where `new` takes the place of `best`: the first of equals stays, and so does not a number.
#[inline(always)]
fn wins<S: Simd>(simd: S, new: S::f32s, best: S::f32s) -> S::m32s {
    let not_a_number = simd.not_m32s(simd.equal_f32s(new, new));
    simd.or_m32s(simd.less_than_f32s(best, new), not_a_number)
}

kernel! {
    pub(super) fn largest<S>(simd: S, geometry: &Geometry, input: &[f32], output: &mut [f32]) {
        let channels = geometry.channels;
        let ((input_vectors, _), (output_vectors, _)) =
            (S::as_simd_f32s(input), S::as_mut_simd_f32s(output));
        if channels.is_multiple_of(S::F32_LANES) {
            return largest_of_vectors(simd, geometry, input_vectors, output_vectors);
        }
        geometry.windows(#[inline(always)] |number, rows, across| {
            let output = &mut output[number * channels..][..channels];
            for range in columns(simd, channels) {
                let mut best = simd.splat_f32s(f32::NEG_INFINITY);
                geometry.pixels_of(rows, across, #[inline(always)] |_, start| {
                    let new = load(simd, &input[start + range.start..start + range.end]);
                    best = simd.select_f32s(wins(simd, new, best), new, best);
                });
                store(simd, &mut output[range], best);
            }
        });
    }
}

/// The largest of channels that are whole vectors.
#[inline(always)]
fn largest_of_vectors<S: Simd>(
    simd: S,
    geometry: &Geometry,
    input: &[S::f32s],
    output: &mut [S::f32s],
) {
    let vectors = geometry.channels / S::F32_LANES;
    geometry.windows(
        #[inline(always)]
        |number, rows, across| {
            let output = &mut output[number * vectors..][..vectors];
            let pixel = |row: usize, column: usize| {
                let start = (rows.first + row) * geometry.input[1] + across.first + column;
                &input[start * vectors..][..vectors]
            };
            match [rows, across].map(|span| span.end.saturating_sub(span.first)) {
                // As good as all windows have one of these two sizes.
                [2, 2] => largest_of_pixels::<S, 4>(
                    simd,
                    std::array::from_fn(|place| pixel(place / 2, place % 2)),
                    output,
                ),
                [3, 3] => largest_of_pixels::<S, 9>(
                    simd,
                    std::array::from_fn(|place| pixel(place / 3, place % 3)),
                    output,
                ),
                [height, width] => {
                    output.fill(simd.splat_f32s(f32::NEG_INFINITY));
                    for place in 0..height * width {
                        let pixel = pixel(place / width, place % width);
                        for (best, new) in output.iter_mut().zip(pixel) {
                            *best = simd.select_f32s(wins(simd, *new, *best), *new, *best);
                        }
                    }
                }
            }
        },
    );
}

/// The largest of so many pixels, each with all channels.
#[inline(always)]
fn largest_of_pixels<S: Simd, const PIXELS: usize>(
    simd: S,
    pixels: [&[S::f32s]; PIXELS],
    output: &mut [S::f32s],
) {
    let vectors = output.len();
    let mut rows = [&pixels[0][..vectors]; PIXELS];
    for (row, pixel) in rows.iter_mut().zip(pixels) {
        *row = &pixel[..vectors];
    }
    for (vector, output) in output.iter_mut().enumerate() {
        let mut best = simd.splat_f32s(f32::NEG_INFINITY);
        for row in rows {
            best = simd.select_f32s(wins(simd, row[vector], best), row[vector], best);
        }
        *output = best;
    }
}

kernel! {
    pub(super) fn largest_and_places<S>(simd: S, geometry: &Geometry, input: &[f32], output: &mut [f32], places: &mut [u8]) {
        let channels = geometry.channels;
        geometry.windows(#[inline(always)] |number, rows, across| {
            let output = &mut output[number * channels..][..channels];
            let places = &mut places[number * channels..][..channels];
            for range in columns(simd, channels) {
                let mut best = simd.splat_f32s(f32::NEG_INFINITY);
                let mut from = simd.splat_u32s(0);
                geometry.pixels_of(rows, across, #[inline(always)] |place, start| {
                    let new = load(simd, &input[start + range.start..start + range.end]);
                    let wins = wins(simd, new, best);
                    best = simd.select_f32s(wins, new, best);
                    from = simd.select_u32s(wins, simd.splat_u32s(place), from);
                });
                store(simd, &mut output[range.clone()], best);
                let mut wide = [0; LANES];
                simd.partial_store_u32s(&mut wide[..S::U32_LANES], from);
                for (place, wide) in places[range].iter_mut().zip(wide) {
                    *place = wide as u8;
                }
            }
        });
    }
}

kernel! {
    pub(super) fn spread<S>(simd: S, geometry: &Geometry, gradient: &[f32], places: &[u8], output: &mut [f32]) {
        let channels = geometry.channels;
        let zero = simd.splat_f32s(0.0);
        output.fill(0.0);
        geometry.windows(#[inline(always)] |number, rows, across| {
            let gradient = &gradient[number * channels..][..channels];
            let places = &places[number * channels..][..channels];
            for range in columns(simd, channels) {
                let mut wide = [0; LANES];
                for (wide, place) in wide.iter_mut().zip(&places[range.clone()]) {
                    *wide = u32::from(*place);
                }
                let from = simd.partial_load_u32s(&wide[..S::U32_LANES]);
                let gradient = load(simd, &gradient[range.clone()]);
                geometry.pixels_of(rows, across, #[inline(always)] |place, start| {
                    let output = &mut output[start + range.start..start + range.end];
                    let here = simd.equal_u32s(from, simd.splat_u32s(place));
                    let part = simd.select_f32s(here, gradient, zero);
                    let sum = simd.add_f32s(load(simd, output), part);
                    store(simd, output, sum);
                });
            }
        });
    }
}
