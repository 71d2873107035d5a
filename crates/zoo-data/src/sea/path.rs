//! Outlines as Bezier paths: smooth shapes through points, and tapered limbs along a spine.

use std::f32::consts::TAU;

use tiny_skia::{Path, PathBuilder, PathSegment, Point};

/// A point `(x, y)`; y points down, so angles turn clockwise on the picture.
pub(super) type P = (f32, f32);

/// A smooth closed curve through at least three points; a point given twice in a row is a corner.
///
/// # Panics
/// If the points span no area, or are not finite.
pub(super) fn smooth(points: &[P]) -> Path {
    let n = points.len();
    let mut path = PathBuilder::new();
    path.move_to(points[0].0, points[0].1);
    for i in 0..n {
        // A Catmull-Rom segment from b to c, with its neighbours a and d, as a cubic Bezier.
        let (a, b) = (points[(i + n - 1) % n], points[i]);
        let (c, d) = (points[(i + 1) % n], points[(i + 2) % n]);
        if b == c {
            continue;
        }
        let (x1, y1) = (b.0 + (c.0 - a.0) / 6.0, b.1 + (c.1 - a.1) / 6.0);
        let (x2, y2) = (c.0 - (d.0 - b.0) / 6.0, c.1 - (d.1 - b.1) / 6.0);
        path.cubic_to(x1, y1, x2, y2, c.0, c.1);
    }
    path.close();
    path.finish().expect("an outline through finite points")
}

/// The points of `half`, listed down the right side, then their mirror images, back up the left
/// side (x becomes -x).
pub(super) fn mirrored(half: &[P]) -> Vec<P> {
    let left = half.iter().rev().map(|&(x, y)| (-x, y));
    half.iter().copied().chain(left).collect()
}

/// `points` with the ends bent: y grows by `head` x² where x > 0 and by `tail` x² elsewhere.
pub(super) fn bent(points: &[P], head: f32, tail: f32) -> Vec<P> {
    let bend = |x: f32| x * x * if x > 0.0 { head } else { tail };
    points.iter().map(|&(x, y)| (x, y + bend(x))).collect()
}

/// An ellipse around `centre` with half axes `rx` and `ry`.
pub(super) fn ellipse(centre: P, rx: f32, ry: f32) -> Path {
    ring(centre, rx, ry, 8, |_| 1.0)
}

/// A closed curve through `n` points around `centre`, the i-th at `radius(i)` of the half axes `rx`
/// and `ry`.
pub(super) fn ring(
    centre: P,
    rx: f32,
    ry: f32,
    n: usize,
    mut radius: impl FnMut(usize) -> f32,
) -> Path {
    let point = |i: usize| {
        let (sin, cos) = (i as f32 / n as f32 * TAU).sin_cos();
        let r = radius(i);
        (centre.0 + rx * r * cos, centre.1 + ry * r * sin)
    };
    smooth(&(0..n).map(point).collect::<Vec<_>>())
}

/// A spine of `n + 1` points from `start` of the given length; at the fraction t of it, it heads
/// `heading(t)` radians.
pub(super) fn spine(start: P, length: f32, n: usize, heading: impl Fn(f32) -> f32) -> Vec<P> {
    let step = length / n as f32;
    let mut points = vec![start];
    let (mut x, mut y) = start;
    for i in 0..n {
        let (sin, cos) = heading((i as f32 + 0.5) / n as f32).sin_cos();
        (x, y) = (x + step * cos, y + step * sin);
        points.push((x, y));
    }
    points
}

/// A limb along `spine` whose half width goes evenly from `root` to `tip`.
pub(super) fn limb(spine: &[P], root: f32, tip: f32) -> Path {
    let last = (spine.len() - 1) as f32;
    tube(spine, |i| root + (tip - root) * i as f32 / last)
}

/// A limb along `spine` with the half width `width(i)` at its i-th point.
pub(super) fn tube(spine: &[P], width: impl Fn(usize) -> f32) -> Path {
    let last = spine.len() - 1;
    let side = |i: usize, sign: f32| {
        let (from, to) = (spine[i.saturating_sub(1)], spine[(i + 1).min(last)]);
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let offset = sign * width(i) / dx.hypot(dy).max(1e-6);
        (spine[i].0 - dy * offset, spine[i].1 + dx * offset)
    };
    let there = (0..=last).map(|i| side(i, 1.0));
    let back = (0..=last).rev().map(|i| side(i, -1.0));
    smooth(&there.chain(back).collect::<Vec<_>>())
}

/// All of `paths` (at least one) as one path, which is filled at once.
///
/// # Panics
/// If there are none.
pub(super) fn joined(paths: impl IntoIterator<Item = Path>) -> Path {
    let mut all = PathBuilder::new();
    for path in paths {
        all.push_path(&path);
    }
    all.finish().expect("at least one path")
}

/// The area that a closed path encloses; for one that does not cross itself, what filling it
/// covers.
pub(super) fn area(path: &Path) -> f32 {
    // Half the integral of x dy - y dx along the curve; quadratics, which nothing here makes, count
    // as their chords.
    let cross = |a: Point, b: Point| a.x * b.y - b.x * a.y;
    let (mut at, mut twice) = (Point::zero(), 0.0);
    for segment in path.segments() {
        match segment {
            PathSegment::MoveTo(p) => at = p,
            PathSegment::CubicTo(b, c, d) => {
                twice += 0.6 * (cross(at, b) + cross(c, d))
                    + 0.3 * (cross(at, c) + cross(b, c) + cross(b, d))
                    + 0.1 * cross(at, d);
                at = d;
            }
            PathSegment::LineTo(p) | PathSegment::QuadTo(_, p) => {
                twice += cross(at, p);
                at = p;
            }
            PathSegment::Close => {}
        }
    }
    (twice / 2.0).abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn area_of_a_square_and_of_a_disc() {
        // Corners given twice make straight sides.
        let corners = [(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)];
        let twice: Vec<P> = corners.iter().flat_map(|&p| [p, p]).collect();
        assert!((area(&smooth(&twice)) - 4.0).abs() < 1e-5);
        let disc = area(&ellipse((3.0, -1.0), 1.0, 1.0));
        assert!((disc / std::f32::consts::PI - 1.0).abs() < 0.01, "{disc}");
    }

    #[test]
    fn spine_has_the_length_and_heading_asked_for() {
        assert_eq!(spine((1.0, 2.0), 4.0, 2, |_| 0.0), [(1.0, 2.0), (3.0, 2.0), (5.0, 2.0)]);
    }
}
