//! Line charts, laid out for the template `chart.svg`.

use serde::Serialize;

/// Size in the units of the drawing, and what stays free around the lines.
const SIZE: (f64, f64) = (480.0, 220.0);
const LEFT: f64 = 52.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 38.0;
/// About so many steps an axis.
const STEPS: f64 = 5.0;
/// The part of a step that is rounding alone: 0.3 / 0.1 is a little below 3.
const SLACK: f64 = 1e-9;
/// A longer line is drawn through the means of neighbours.
const MOST_POINTS: usize = 300;
/// The points of a shorter line are marked.
const MOST_MARKS: usize = 40;

/// What a line goes through.
pub struct Series {
    /// What it is called.
    pub name: &'static str,
    /// Points (x, y), from left to right.
    pub points: Vec<(f64, f64)>,
}

/// A chart of lines.
#[derive(Debug, Serialize)]
pub struct Chart {
    title: &'static str,
    x_name: &'static str,
    width: f64,
    height: f64,
    /// Left, right, top and bottom of the area with the lines.
    area: [f64; 4],
    x_ticks: Vec<Tick>,
    y_ticks: Vec<Tick>,
    lines: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Tick {
    at: String,
    text: String,
}

#[derive(Debug, Serialize)]
struct Line {
    name: &'static str,
    points: Vec<[String; 2]>,
    is_marked: bool,
}

impl Chart {
    /// A chart of all series that have points; none where no series has.
    pub fn new(
        title: &'static str,
        x_name: &'static str,
        series: impl IntoIterator<Item = Series>,
    ) -> Option<Self> {
        let series: Vec<Series> = series
            .into_iter()
            .map(|series| Series { points: thinned(&series.points), ..series })
            .filter(|series| !series.points.is_empty())
            .collect();
        let points = || series.iter().flat_map(|series| &series.points);
        points().next()?;
        let x = Axis::over(points().map(|point| point.0).chain([0.0]));
        let y = Axis::over(points().map(|point| point.1));
        let (width, height) = SIZE;
        let across = |value: f64| LEFT + x.place(value) * (width - LEFT - RIGHT);
        let up = |value: f64| height - BOTTOM - y.place(value) * (height - TOP - BOTTOM);
        let at = |place: f64| format!("{place:.1}");
        let tick = |axis: &Axis, place: &dyn Fn(f64) -> f64| -> Vec<Tick> {
            let ticks = axis.ticks().into_iter();
            ticks.map(|value| Tick { at: at(place(value)), text: axis.text(value) }).collect()
        };
        let line = |series: &Series| Line {
            name: series.name,
            points: series.points.iter().map(|&(x, y)| [at(across(x)), at(up(y))]).collect(),
            is_marked: series.points.len() <= MOST_MARKS,
        };
        Some(Self {
            title,
            x_name,
            width,
            height,
            area: [LEFT, width - RIGHT, TOP, height - BOTTOM],
            x_ticks: tick(&x, &across),
            y_ticks: tick(&y, &up),
            lines: series.iter().map(line).collect(),
        })
    }
}

/// At most [`MOST_POINTS`] points: the means of as many neighbours each.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let finite = |&&(x, y): &&(f64, f64)| x.is_finite() && y.is_finite();
    let points: Vec<(f64, f64)> = points.iter().filter(finite).copied().collect();
    let neighbours = points.len().div_ceil(MOST_POINTS).max(1);
    let mean = |part: &[(f64, f64)]| {
        let (x, y) = part.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
        (x / part.len() as f64, y / part.len() as f64)
    };
    points.chunks(neighbours).map(mean).collect()
}

/// An axis from and to a round number.
#[derive(Debug, PartialEq)]
struct Axis {
    low: f64,
    high: f64,
    step: f64,
}

impl Axis {
    /// An axis that holds all values, of which there must be one.
    fn over(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        let spread = match high - low {
            0.0 if low == 0.0 => 1.0,
            0.0 => low.abs(),
            spread => spread,
        };
        let rough = spread / STEPS;
        let power = 10_f64.powf(rough.log10().floor());
        let round =
            [1.0, 2.0, 5.0].into_iter().find(|round| round * power >= rough * (1.0 - SLACK));
        let step = round.unwrap_or(10.0) * power;
        let low = (low / step + SLACK).floor() * step;
        let high = (high / step - SLACK).ceil() * step;
        Self { low, high: if high > low { high } else { low + step }, step }
    }

    /// Where a value lies: 0 at the low end, 1 at the high one.
    fn place(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }

    fn ticks(&self) -> Vec<f64> {
        let steps = ((self.high - self.low) / self.step).round() as usize;
        (0..=steps).map(|number| self.low + number as f64 * self.step).collect()
    }

    fn text(&self, value: f64) -> String {
        let digits = (-self.step.log10().floor()).max(0.0) as usize;
        match digits {
            // Also keeps a rounded zero from being -0.0.
            _ if value.abs() < self.step / 2.0 => String::from("0"),
            0..=4 => format!("{value:.digits$}"),
            _ => format!("{value:.1e}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(values: &[f64]) -> Vec<String> {
        let axis = Axis::over(values.iter().copied());
        axis.ticks().into_iter().map(|value| axis.text(value)).collect()
    }

    #[test]
    fn axes_end_at_round_numbers() {
        assert_eq!(texts(&[0.0, 10.0]), ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(texts(&[0.31, 2.29]), ["0", "0.5", "1.0", "1.5", "2.0", "2.5"]);
        assert_eq!(texts(&[-1.0, 1.0]), ["-1.0", "-0.5", "0", "0.5", "1.0"]);
        assert_eq!(texts(&[0.0, 3e-5]), ["0", "1.0e-5", "2.0e-5", "3.0e-5"]);
        assert_eq!(texts(&[7.0]), ["6", "8"]);
        assert_eq!(texts(&[0.0]), ["0", "0.2"]);
    }

    #[test]
    fn lines_lie_within_their_area() {
        let series = |points: &[(f64, f64)]| Series { name: "train", points: points.to_vec() };
        let points = [(1.0, 2.0), (2.0, f64::NAN), (4.0, 4.0)];
        let chart = Chart::new("loss", "epoch", [series(&points)]).unwrap();
        let places = [["155.0", "182.0"], ["464.0", "30.0"]].map(|point| point.map(String::from));
        assert_eq!(chart.lines[0].points, places);
        assert!(Chart::new("loss", "epoch", [series(&[])]).is_none());
    }

    #[test]
    fn long_lines_are_thinned_to_means() {
        let long: Vec<(f64, f64)> = (0..600).map(|step| (f64::from(step), 1.0)).collect();
        let thin = thinned(&long);
        assert_eq!((thin.len(), thin[0], thin[299]), (300, (0.5, 1.0), (598.5, 1.0)));
    }
}
