//! Learning rates that a range test speaks for.

use serde::{Deserialize, Serialize};

use super::RangePoint;

/// The fewest points that say anything.
const LEAST: usize = 20;
/// Points at the end that are left out, where the loss runs away.
const LAST: usize = 5;

/// Learning rates that a range test speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Suggestion {
    /// In the middle of the longest fall of the loss: fastai's `valley`, its default.
    pub valley: f64,
    /// Where the loss falls most steeply: fastai's `steep`.
    pub steepest: f64,
}

/// The learning rates to choose from; `None` if there are too few points.
pub fn suggest(points: &[RangePoint]) -> Option<Suggestion> {
    if points.len() < LEAST {
        return None;
    }
    let points = &points[points.len() / 10..points.len() - LAST];
    Some(Suggestion {
        valley: points[valley(points)].learning_rate,
        steepest: points[steepest(points)].learning_rate,
    })
}

/// The middle of the longest chain of ever lower losses, not necessarily next to each other.
fn valley(points: &[RangePoint]) -> usize {
    let mut lengths = vec![1; points.len()];
    for later in 1..points.len() {
        let before =
            (0..later).filter(|&earlier| points[earlier].smoothed > points[later].smoothed);
        lengths[later] = 1 + before.map(|earlier| lengths[earlier]).max().unwrap_or(0);
    }
    let longest = lengths.iter().copied().max().unwrap_or(1);
    let end = lengths.iter().position(|&length| length == longest).unwrap_or(0);
    // Half of it on from where it would start if its points were next to each other.
    let third = longest as f64 / 3.0;
    (end + third as usize + (third / 2.0) as usize).saturating_sub(longest)
}

fn steepest(points: &[RangePoint]) -> usize {
    let slope = |pair: &[RangePoint]| {
        let [a, b] = [pair[0], pair[1]];
        (b.smoothed - a.smoothed) / (b.learning_rate / a.learning_rate).ln()
    };
    let slopes: Vec<f64> = points.windows(2).map(slope).collect();
    (0..slopes.len()).min_by(|&a, &b| slopes[a].total_cmp(&slopes[b])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Flat, then down to a valley, then up: what a range test looks like.
    fn points() -> Vec<RangePoint> {
        let loss = |step: usize| match step {
            0..30 => 2.0 + 0.001 * (step % 3) as f64,
            30..60 => 2.0 - 0.05 * (step - 29) as f64,
            _ => 0.5 + 0.2 * (step - 59) as f64,
        };
        let point = |step| {
            let (learning_rate, loss) = (1e-5 * 1.2_f64.powi(step as i32), loss(step));
            RangePoint { learning_rate, loss, smoothed: loss }
        };
        (0..80).map(point).collect()
    }

    /// `valley` and `steep` of fastai 2.8 on the same numbers.
    #[test]
    fn suggestions_are_fastais() {
        let suggestion = suggest(&points()).unwrap();
        let step = |rate: f64| ((rate / 1e-5).ln() / 1.2_f64.ln()).round() as usize;
        assert_eq!((step(suggestion.valley), step(suggestion.steepest)), (42, 29));
        assert_eq!(suggest(&points()[..19]), None);
    }
}
