//! Normalisation by given statistics.

use rayon::prelude::*;

use super::{Statistics, chunk, coefficients, into_rows, rows::apply, scaled};
use crate::flex::tensor::{Flat, into_row_major, values, values_mut};

/// Factor and addend of each channel by which given statistics normalise.
pub(crate) fn given([gamma, beta, mean, variance]: [Flat; 4], epsilon: f64) -> Vec<f32> {
    let statistics = Statistics {
        mean: values(&into_row_major(mean)).to_vec(),
        variance: values(&into_row_major(variance)).to_vec(),
    };
    coefficients(&statistics, &gamma, &beta, epsilon)
}

/// Normalises by given statistics.
pub(crate) fn infer(input: Flat, parameters: [Flat; 4], epsilon: f64, relu: bool) -> Flat {
    let coefficients = given(parameters, epsilon);
    let mut input = into_rows(input);
    let chunk = chunk(coefficients.len() / 2);
    if let Some(values) = values_mut(&mut input) {
        values.par_chunks_mut(chunk).for_each(|rows| apply(rows, &coefficients, relu));
        return input;
    }
    scaled(&input, &coefficients, chunk, relu)
}
