//! How far two traces are apart.

use serde::Serialize;
use zoo_kernels::Precision;

use super::trace::{Named, Trace};

/// The largest differences that pass, each relative to the largest value of its kind; see
/// `docs/backends.md` for how they were chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerances {
    /// Of any layer's output, the logits among them.
    pub logits: f64,
    /// Of the loss of any step.
    pub loss: f64,
    /// Of any parameter's gradient.
    pub gradients: f64,
    /// Of any parameter after the last step; relative to the largest weight of the network, since
    /// one whose gradient is 0 but for rounding, such as an attention's key bias, goes wherever
    /// AdamW takes the rounding.
    pub weights: f64,
}

/// What passes as the same result in this precision. In bf16 an operand whose last bits differ may be
/// rounded to a neighbour.
pub fn tolerances(precision: Precision) -> Tolerances {
    match precision {
        Precision::F32 => Tolerances { logits: 1e-4, loss: 1e-4, gradients: 1e-3, weights: 1e-3 },
        Precision::Bf16 => Tolerances { logits: 2e-2, loss: 2e-2, gradients: 0.2, weights: 0.2 },
    }
}

/// The largest differences between two traces, relative like [`Tolerances`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Differences {
    /// Of the logits.
    pub logits: f64,
    /// Of the loss of any step.
    pub loss: f64,
    /// Of the gradient that differs most.
    pub gradients: f64,
    /// The parameter whose gradient differs most.
    pub worst_gradient: String,
    /// Of the parameter that differs most after the last step.
    pub weights: f64,
    /// That parameter.
    pub worst_weight: String,
    /// The first layer in the forward pass whose output is outside the tolerance.
    pub first_layer: Option<String>,
    /// Whether all of it is within the tolerances.
    pub pass: bool,
}

impl Differences {
    /// Of `other` from `reference`.
    pub fn between(reference: &Trace, other: &Trace, tolerances: Tolerances) -> Self {
        let layers: Vec<_> = pairs(&reference.layers, &other.layers).collect();
        let first_layer =
            layers.iter().find(|(_, difference)| !within(*difference, tolerances.logits));
        let (worst_gradient, gradients) = worst(&reference.gradients, &other.gradients);
        let (worst_weight, weights) = worst_of_all(&reference.weights, &other.weights);
        let mut differences = Self {
            logits: layers.last().map_or(0.0, |(_, difference)| *difference),
            loss: difference(&reference.losses, &other.losses),
            gradients,
            worst_gradient,
            weights,
            worst_weight,
            first_layer: first_layer.map(|(name, _)| name.to_string()),
            pass: false,
        };
        differences.pass = differences.first_layer.is_none()
            && within(differences.loss, tolerances.loss)
            && within(differences.gradients, tolerances.gradients)
            && within(differences.weights, tolerances.weights);
        differences
    }
}

/// False for a difference that is not a number, too.
fn within(difference: f64, tolerance: f64) -> bool {
    difference <= tolerance
}

/// The difference of each pair of the same name.
fn pairs<'a>(reference: &'a Named, other: &'a Named) -> impl Iterator<Item = (&'a str, f64)> + 'a {
    reference
        .iter()
        .zip(other)
        .map(|((name, reference), (_, other))| (name.as_str(), difference(reference, other)))
}

/// The name with the largest difference; one that is not a number is larger than all.
fn worst(reference: &Named, other: &Named) -> (String, f64) {
    pairs(reference, other)
        .max_by(|(_, a), (_, b)| a.total_cmp(b))
        .map_or_else(Default::default, |(name, difference)| (name.to_string(), difference))
}

/// [`worst`], relative to the largest value of all.
fn worst_of_all(reference: &Named, other: &Named) -> (String, f64) {
    let scale = largest(reference.iter().map(|(_, values)| size(values)));
    reference
        .iter()
        .zip(other)
        .map(|((name, reference), (_, other))| (name, relative(apart(reference, other), scale)))
        .max_by(|(_, a), (_, b)| a.total_cmp(b))
        .map_or_else(Default::default, |(name, difference)| (name.clone(), difference))
}

/// The largest difference of two values, relative to the largest value of `reference`.
fn difference(reference: &[f32], other: &[f32]) -> f64 {
    relative(apart(reference, other), size(reference))
}

fn relative(apart: f64, scale: f64) -> f64 {
    if apart == 0.0 { 0.0 } else { apart / scale }
}

fn size(values: &[f32]) -> f64 {
    largest(values.iter().map(|value| f64::from(value.abs())))
}

fn apart(reference: &[f32], other: &[f32]) -> f64 {
    if reference.len() != other.len() {
        return f64::INFINITY;
    }
    largest(reference.iter().zip(other).map(|(a, b)| (f64::from(*a) - f64::from(*b)).abs()))
}

/// The largest of some values; not a number if one of them is none, which `f64::max` would pass over.
fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |a: f64, b| if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLERANCES: Precision = Precision::F32;

    fn trace(logits: f32, gradient: f32) -> Trace {
        let named = |name: &str, values: &[f32]| vec![(name.to_string(), values.to_vec())];
        let mut layers = named("stem", &[1.0, 2.0]);
        layers.extend(named("head", &[4.0, logits]));
        Trace {
            layers,
            losses: vec![2.0],
            gradients: named("head.bias", &[0.5, gradient]),
            weights: named("head.bias", &[1.0]),
        }
    }

    #[test]
    fn differences_are_relative_to_the_largest_value() {
        let (reference, other) = (trace(2.0, 0.25), trace(2.0002, 0.25));
        let found = Differences::between(&reference, &other, tolerances(TOLERANCES));
        assert!((found.logits - 5e-5).abs() < 1e-6, "{found:?}");
        assert!(found.pass, "{found:?}");
        assert_eq!(
            Differences::between(&reference, &reference, tolerances(TOLERANCES)).logits,
            0.0
        );
    }

    #[test]
    fn the_first_layer_and_the_worst_parameter_are_named() {
        let found =
            Differences::between(&trace(2.0, 0.25), &trace(2.1, 0.5), tolerances(TOLERANCES));
        assert_eq!(found.first_layer.as_deref(), Some("head"));
        assert_eq!((found.worst_gradient.as_str(), found.gradients), ("head.bias", 0.5));
        assert!(!found.pass);
    }

    #[test]
    fn what_is_not_a_number_never_passes() {
        let found =
            Differences::between(&trace(2.0, 0.25), &trace(2.0, f32::NAN), tolerances(TOLERANCES));
        assert!(found.gradients.is_nan() && !found.pass, "{found:?}");
    }
}
