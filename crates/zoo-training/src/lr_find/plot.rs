//! The picture of a range test: loss over learning rate, as SVG.

use std::{fmt::Write, path::Path};

use super::{RangePoint, Suggestion};

/// Size in pixels, and what is left free around the curve.
const SIZE: [f64; 2] = [640.0, 400.0];
const LEFT: f64 = 56.0;
const BOTTOM: f64 = 48.0;
const TOP: f64 = 16.0;

/// What a picture says of itself.
const TITLE: &str = "<title>zoo lr-find: loss over learning rate</title>";

/// Whether the file at `path` is such a picture.
pub fn is_plot(path: &Path) -> bool {
    std::fs::read_to_string(path).is_ok_and(|svg| svg.contains(TITLE))
}

/// An SVG picture of `points`, of which there must be some, with the suggestions marked.
pub fn plot(points: &[RangePoint], suggestion: Option<Suggestion>) -> String {
    let axes = Axes::of(points);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n{TITLE}\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
        w = SIZE[0],
        h = SIZE[1],
    );
    let mut line = |text: String| {
        svg.push_str(&text);
        svg.push('\n');
    };
    let (floor, middle) = (SIZE[1] - BOTTOM, (LEFT + SIZE[0]) / 2.0);
    for power in axes.decades() {
        let x = axes.x(10_f64.powi(power));
        line(format!("<path d=\"M{x:.1} {TOP}V{floor}\" stroke=\"#ddd\"/>"));
        line(format!(
            "<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">1e{power}</text>",
            floor + 16.0
        ));
    }
    for loss in axes.losses {
        let y = axes.y(loss);
        line(format!("<path d=\"M{LEFT} {y:.1}H{}\" stroke=\"#ddd\"/>", SIZE[0]));
        line(format!(
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{loss:.3}</text>",
            LEFT - 6.0,
            y + 4.0
        ));
    }
    line(axes.curve(points, |point| point.loss, "#b8c7d9"));
    line(axes.curve(points, |point| point.smoothed, "#1f5fa8"));
    let marks = suggestion.map_or(Vec::new(), |found| {
        vec![("valley", found.valley, "#c0392b"), ("steepest", found.steepest, "#2e8b57")]
    });
    for (row, (name, rate, color)) in marks.into_iter().enumerate() {
        let (x, y) = (axes.x(rate), TOP + 14.0 * (row + 1) as f64);
        line(format!(
            "<path d=\"M{x:.1} {TOP}V{floor}\" stroke=\"{color}\" stroke-dasharray=\"4 3\"/>"
        ));
        line(format!(
            "<text x=\"{:.1}\" y=\"{y}\" fill=\"{color}\">{name} {rate:.2e}</text>",
            x + 4.0
        ));
    }
    let bottom = SIZE[1] - 8.0;
    line(format!(
        "<text x=\"{middle}\" y=\"{bottom}\" text-anchor=\"middle\">learning rate (light: loss, \
         dark: smoothed)</text>"
    ));
    svg.push_str("</svg>\n");
    svg
}

/// From figures to places.
struct Axes {
    /// Powers of ten of the first and the last learning rate.
    powers: [f64; 2],
    /// The lowest and the highest smoothed loss.
    losses: [f64; 2],
}

impl Axes {
    fn of(points: &[RangePoint]) -> Self {
        let power = |point: &RangePoint| point.learning_rate.log10();
        let powers = [points.first().map_or(0.0, power), points.last().map_or(1.0, power)];
        let smoothed = || points.iter().map(|point| point.smoothed);
        let losses = [smoothed().fold(f64::INFINITY, f64::min), smoothed().fold(0.0, f64::max)];
        Self { powers, losses }
    }

    fn decades(&self) -> std::ops::RangeInclusive<i32> {
        self.powers[0].ceil() as i32..=self.powers[1].floor() as i32
    }

    fn x(&self, rate: f64) -> f64 {
        let [from, to] = self.powers;
        LEFT + (SIZE[0] - LEFT) * (rate.log10() - from) / (to - from).max(f64::MIN_POSITIVE)
    }

    fn y(&self, loss: f64) -> f64 {
        let [low, high] = self.losses;
        // A single loss may lie far above the smoothed ones; it is cut off at the rim.
        let up = ((loss - low) / (high - low).max(f64::MIN_POSITIVE)).clamp(-0.02, 1.02);
        SIZE[1] - BOTTOM - 8.0 - (SIZE[1] - BOTTOM - TOP - 16.0) * up
    }

    fn curve(&self, points: &[RangePoint], of: fn(&RangePoint) -> f64, color: &str) -> String {
        let mut places = String::new();
        for point in points {
            // Writing to a string does not fail.
            let _ = write!(places, "{:.1},{:.1} ", self.x(point.learning_rate), self.y(of(point)));
        }
        format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"1.5\"/>",
            places.trim_end()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_goes_from_rim_to_rim() {
        let point = |learning_rate, loss| RangePoint { learning_rate, loss, smoothed: loss };
        let points = [point(1e-3, 2.0), point(1e-2, 1.0), point(1e-1, 3.0)];
        let svg = plot(&points, Some(Suggestion { valley: 1e-2, steepest: 1e-2 }));
        assert!(svg.contains("points=\"56.0,184.0 348.0,344.0 640.0,24.0\""), "{svg}");
        assert!(svg.contains(">1e-2</text>"), "{svg}");
        assert!(svg.contains(">valley 1.00e-2</text>"), "{svg}");
    }
}
