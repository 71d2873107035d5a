//! Line charts, laid out for the template `chart.svg`.

use serde::Serialize;

use super::axis::{Axis, Scale, significant};

/// Size in the units of the drawing, and what stays free around the lines.
const SIZE: (f64, f64) = (480.0, 220.0);
const LEFT: f64 = 52.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 38.0;
/// A longer line is drawn through the means of neighbours.
const MOST_POINTS: usize = 300;
/// The points of a shorter line are marked.
const MOST_MARKS: usize = 40;

/// What a line goes through.
#[derive(Clone, Debug)]
pub struct Series {
    /// What it is called.
    pub name: String,
    /// From left to right.
    pub points: Vec<Point>,
}

/// A point of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Its horizontal position.
    pub x: f64,
    /// Its vertical position.
    pub y: f64,
    /// How low and how high it may be.
    pub range: Option<[f64; 2]>,
}

/// What a chart shows, and how.
#[derive(Clone, Debug)]
pub struct Frame {
    /// What goes up.
    pub title: String,
    /// What goes across.
    pub x_name: String,
    /// How `x_name` is placed.
    pub scale: Scale,
    /// True where lines join the points of a series.
    pub is_joined: bool,
    /// True where the chart names its series itself.
    pub has_legend: bool,
}

/// A chart.
#[derive(Clone, Debug, Serialize)]
pub struct Chart {
    title: String,
    x_name: String,
    width: f64,
    height: f64,
    /// Left, right, top and bottom of the area with the lines.
    area: [f64; 4],
    x_ticks: Vec<Tick>,
    y_ticks: Vec<Tick>,
    lines: Vec<Curve>,
    is_joined: bool,
    has_legend: bool,
    #[serde(skip)]
    rows: Vec<Vec<String>>,
}

#[derive(Clone, Debug, Serialize)]
struct Tick {
    at: String,
    text: String,
}

#[derive(Clone, Debug, Serialize)]
struct Curve {
    name: String,
    /// Place among all series, also those without points: it decides colour, dashes and mark.
    number: usize,
    points: Vec<Place>,
    /// Corners of the area between low and high.
    band: Vec<[String; 2]>,
    is_marked: bool,
}

#[derive(Clone, Debug, Serialize)]
struct Place {
    at: [String; 2],
    /// Upper and lower end of the range.
    range: Option<[String; 2]>,
    text: String,
}

impl From<(f64, f64)> for Point {
    fn from((x, y): (f64, f64)) -> Self {
        Self { x, y, range: None }
    }
}

impl Chart {
    /// A chart of lines over `x_name` from 0, of all series that have points; none where no series
    /// has.
    pub fn new(
        title: &str,
        x_name: &str,
        series: impl IntoIterator<Item = Series>,
    ) -> Option<Self> {
        let frame = Frame {
            title: title.to_string(),
            x_name: x_name.to_string(),
            scale: Scale::Linear,
            is_joined: true,
            has_legend: true,
        };
        Self::framed(frame, series)
    }

    /// A chart of all series that have points; none where no series has.
    pub fn framed(frame: Frame, series: impl IntoIterator<Item = Series>) -> Option<Self> {
        let numbered = series.into_iter().enumerate();
        let series: Vec<(usize, Series)> = numbered
            .map(|(number, series)| (number, finite(series)))
            .filter(|(_, series)| !series.points.is_empty())
            .collect();
        let rows = rows(&frame, series.iter().map(|(_, series)| series));
        let series: Vec<(usize, Series)> = series
            .into_iter()
            .map(|(number, series)| (number, Series { points: thinned(&series.points), ..series }))
            .collect();
        let points = || series.iter().flat_map(|(_, series)| &series.points);
        points().next()?;
        let origin = (frame.scale == Scale::Linear).then_some(0.0);
        let x = Axis::over(frame.scale, points().map(|point| point.x).chain(origin));
        let heights = points()
            .flat_map(|point| [point.y].into_iter().chain(point.range.into_iter().flatten()));
        let plane = Plane { x, y: Axis::over(Scale::Linear, heights) };
        Some(Self {
            lines: series
                .iter()
                .map(|(number, series)| plane.line(*number, series, &frame))
                .collect(),
            title: frame.title,
            x_name: frame.x_name,
            width: SIZE.0,
            height: SIZE.1,
            area: [LEFT, SIZE.0 - RIGHT, TOP, SIZE.1 - BOTTOM],
            x_ticks: ticks(&plane.x, |value| plane.across(value)),
            y_ticks: ticks(&plane.y, |value| plane.up(value)),
            is_joined: frame.is_joined,
            has_legend: frame.has_legend,
            rows,
        })
    }

    /// What is drawn, as a table.
    pub fn rows(&self) -> &[Vec<String>] {
        &self.rows
    }
}

/// Where values lie in the drawing.
struct Plane {
    x: Axis,
    y: Axis,
}

impl Plane {
    fn across(&self, value: f64) -> String {
        format!("{:.1}", LEFT + self.x.place(value) * (SIZE.0 - LEFT - RIGHT))
    }

    fn up(&self, value: f64) -> String {
        format!("{:.1}", SIZE.1 - BOTTOM - self.y.place(value) * (SIZE.1 - TOP - BOTTOM))
    }

    fn line(&self, number: usize, series: &Series, frame: &Frame) -> Curve {
        let ends = |end: usize| {
            let known =
                series.points.iter().filter_map(move |point| Some((point.x, point.range?[end])));
            known.map(|(x, y)| [self.across(x), self.up(y)]).collect::<Vec<_>>()
        };
        let (low, mut high) = (ends(0), ends(1));
        high.reverse();
        Curve {
            name: series.name.clone(),
            number,
            points: series.points.iter().map(|point| self.point(point, series, frame)).collect(),
            band: if frame.is_joined && low.len() > 1 { [low, high].concat() } else { Vec::new() },
            is_marked: series.points.len() <= MOST_MARKS,
        }
    }

    fn point(&self, point: &Point, series: &Series, frame: &Frame) -> Place {
        let range = point.range.map_or_else(String::new, |[low, high]| {
            format!(" ({} to {})", significant(low), significant(high))
        });
        Place {
            at: [self.across(point.x), self.up(point.y)],
            range: point.range.map(|[low, high]| [self.up(high), self.up(low)]),
            text: format!(
                "{}: {} {}{range}; {} {}",
                series.name,
                frame.title,
                significant(point.y),
                frame.x_name,
                significant(point.x)
            ),
        }
    }
}

fn ticks(axis: &Axis, place: impl Fn(f64) -> String) -> Vec<Tick> {
    let ticks = axis.ticks().into_iter();
    ticks.map(|value| Tick { at: place(value), text: axis.text(value) }).collect()
}

fn rows<'a>(frame: &Frame, series: impl Iterator<Item = &'a Series>) -> Vec<Vec<String>> {
    let head = ["series", &frame.x_name, &frame.title, "low", "high"].map(String::from).to_vec();
    let rows = series.flat_map(|series| {
        series.points.iter().map(|point| {
            let ends = [0, 1]
                .map(|end| point.range.map_or_else(String::new, |range| range[end].to_string()));
            let [low, high] = ends;
            vec![series.name.clone(), point.x.to_string(), point.y.to_string(), low, high]
        })
    });
    std::iter::once(head).chain(rows).collect()
}

fn finite(mut series: Series) -> Series {
    series.points.retain(|point| point.x.is_finite() && point.y.is_finite());
    series
}

/// At most [`MOST_POINTS`] points: the means of as many neighbours each.
fn thinned(points: &[Point]) -> Vec<Point> {
    let neighbours = points.len().div_ceil(MOST_POINTS).max(1);
    if neighbours == 1 {
        return points.to_vec();
    }
    let mean = |part: &[Point], value: &dyn Fn(&Point) -> f64| {
        part.iter().map(value).sum::<f64>() / part.len() as f64
    };
    let joined = |part: &[Point]| Point {
        x: mean(part, &|point| point.x),
        y: mean(part, &|point| point.y),
        range: part.iter().all(|point| point.range.is_some()).then(|| {
            [0, 1].map(|end| mean(part, &|point| point.range.map_or(point.y, |range| range[end])))
        }),
    };
    points.chunks(neighbours).map(joined).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(points: &[(f64, f64)]) -> Series {
        let points = points.iter().map(|&point| Point::from(point)).collect();
        Series { name: String::from("train"), points }
    }

    #[test]
    fn lines_lie_within_their_area() {
        let points = [(1.0, 2.0), (2.0, f64::NAN), (4.0, 4.0)];
        let chart = Chart::new("loss", "epoch", [series(&points)]).unwrap();
        let places: Vec<_> = chart.lines[0].points.iter().map(|point| point.at.clone()).collect();
        assert_eq!(places, [["155.0", "182.0"], ["464.0", "30.0"]].map(|at| at.map(String::from)));
        assert_eq!(chart.lines[0].points[1].text, "train: loss 4; epoch 4");
        assert_eq!(chart.rows()[1], ["train", "1", "2", "", ""]);
        assert!(Chart::new("loss", "epoch", [series(&[])]).is_none());
    }

    #[test]
    fn a_range_makes_a_band_and_is_told() {
        let point = |x, y| Point { x, y, range: Some([y - 1.0, y + 1.0]) };
        let series = [
            Series { name: String::from("a"), points: Vec::new() },
            Series { name: String::from("b"), points: vec![point(1.0, 1.0), point(2.0, 3.0)] },
        ];
        let chart = Chart::new("y", "x", series).unwrap();
        let line = &chart.lines[0];
        assert_eq!(line.number, 1);
        let corners =
            [["258.0", "182.0"], ["464.0", "106.0"], ["464.0", "30.0"], ["258.0", "106.0"]];
        assert_eq!(line.band, corners.map(|corner| corner.map(String::from)));
        assert_eq!(line.points[1].text, "b: y 3 (2 to 4); x 2");
        assert_eq!(line.points[1].range, Some(["30.0", "106.0"].map(String::from)));
    }

    #[test]
    fn long_lines_are_thinned_to_means() {
        let long: Vec<(f64, f64)> = (0..600).map(|step| (f64::from(step), 1.0)).collect();
        let thin = thinned(&series(&long).points);
        let ends = [thin[0], thin[299]].map(|point| (point.x, point.y));
        assert_eq!((thin.len(), ends), (300, [(0.5, 1.0), (598.5, 1.0)]));
    }
}
